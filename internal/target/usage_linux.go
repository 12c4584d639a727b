package target

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/claimbench/claimbench/internal/bench"
)

// treeUsage returns what the process and all its descendants have used. It reads CPU time from
// the CPU clock of each process, which is exact to the nanosecond; /proc counts in ticks of 10 ms.
// Memory is the proportional set size, so that a page that the processes share counts once.
func treeUsage(root int) (bench.Usage, error) {
	var u bench.Usage
	cpu, err := cpuClock(root)
	if err != nil {
		return u, fmt.Errorf("read the CPU clock of process %d: %w", root, err)
	}
	u.CPU = cpu + reapedCPU(root)
	u.Memory = memory(root)
	if _, err := os.Stat("/proc/thread-self/children"); err != nil {
		return u, fmt.Errorf("list the children of a process: this kernel lacks CONFIG_PROC_CHILDREN: %w", err)
	}
	for _, child := range children(root) {
		if c, err := treeUsage(child); err == nil { // otherwise the child has just exited
			u.CPU += c.CPU
			u.Memory += c.Memory
		}
	}
	return u, nil
}

// cpuClock reads the clock that clock_getcpuclockid(3) names for a process. It counts the user
// and system time of all its threads, also those that exited.
func cpuClock(pid int) (time.Duration, error) {
	const schedClock = 2 // CPUCLOCK_SCHED of the kernel
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}

// reapedCPU returns the CPU time of the children that the process has waited for. These are the
// fields cutime and cstime of proc_pid_stat(5), in ticks of 10 ms. It returns 0 if they cannot be
// read.
func reapedCPU(pid int) time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]) // fields 3 and later
	if len(fields) < 15 {
		return 0
	}
	user, _ := strconv.ParseInt(string(fields[13]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[14]), 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// children returns the ids of the living children of all threads of the process.
func children(pid int) []int {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, task := range tasks {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue
		}
		for field := range strings.FieldsSeq(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// memoryCaveat returns a warning if memory reports other than the proportional set size.
func memoryCaveat(pid int) []string {
	if _, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err != nil {
		return []string{"this user may not read the servers' proportional set sizes: " + residentCaveat}
	}
	return nil
}

// memory returns the proportional set size of a process in bytes, or the size of its resident set
// if this user may not read the former. It returns 0 if it can read neither.
func memory(pid int) int64 {
	if data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err == nil {
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				return kb << 10
			}
		}
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if fields := strings.Fields(string(data)); err == nil && len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64)
		return pages * int64(os.Getpagesize())
	}
	return 0
}
