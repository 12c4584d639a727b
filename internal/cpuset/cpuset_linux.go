package cpuset

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Allowed returns the CPUs that this process may use.
func Allowed() Set {
	return Of(os.Getpid())
}

// Cores returns the physical cores of the set, each with its hardware threads.
func (s Set) Cores() []Set {
	return s.group(func(cpu int) Set {
		data, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu))
		if err != nil {
			return nil
		}
		set, _ := Parse(string(data))
		return set
	})
}

// maskSize is how many CPUs unix.CPUSet has bits for.
const maskSize = 1024

// Of returns the CPUs that a process may use, nil if they cannot be read.
func Of(pid int) Set {
	var mask unix.CPUSet
	if unix.SchedGetaffinity(pid, &mask) != nil {
		return nil
	}
	var set Set
	for cpu := range maskSize {
		if mask.IsSet(cpu) {
			set = append(set, cpu)
		}
	}
	return set
}

func (s Set) mask() *unix.CPUSet {
	var mask unix.CPUSet
	for _, cpu := range s {
		mask.Set(cpu)
	}
	return &mask
}

// PinSelf pins all threads of this process, and those that it starts later, to the set. The
// function restore undoes that.
func PinSelf(s Set) (restore func(), err error) {
	before := Allowed()
	if err := pinThreads(s); err != nil {
		_ = pinThreads(before)
		return nil, err
	}
	return func() { _ = pinThreads(before) }, nil
}

func pinThreads(s Set) error {
	if err := eachThread(func(tid int) error { return unix.SchedSetaffinity(tid, s.mask()) }); err != nil {
		return fmt.Errorf("pin this process to CPUs %s: %w", s, err)
	}
	return nil
}

// eachThread calls do for every thread of this process. A thread that starts during the first pass
// inherits the old state of the thread that started it; the second pass finds it.
func eachThread(do func(tid int) error) error {
	for range 2 {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(task.Name())
			if err != nil {
				continue
			}
			if err := do(tid); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
	return nil
}

// Idle gives this process the scheduling policy SCHED_IDLE: it runs only on CPUs that no other
// thread wants, and any other thread replaces it at once. See sched(7).
func Idle() error {
	return eachThread(func(tid int) error {
		return unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0)
	})
}

// StartOn calls start, which must start a process from the calling goroutine. The process runs on
// the set from its start. An empty set changes nothing.
func StartOn(s Set, start func() error) error {
	if len(s) == 0 {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("read CPU affinity: %w", err)
	}
	if err := unix.SchedSetaffinity(0, s.mask()); err != nil {
		return fmt.Errorf("pin to CPUs %s: %w", s, err)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	return start()
}

// Stolen returns how long threads waited to run on the CPUs of the set while a hypervisor gave the
// time to others. It counts from the start of the machine, in steps of 10 ms, summed over the CPUs.
// It reports false if the kernel does not report that.
func (s Set) Stolen() (time.Duration, bool) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	var ticks int64
	seen := false
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line) // cpuN user nice system idle iowait irq softirq steal ...
		if len(fields) <= 8 {
			continue
		}
		number, ok := strings.CutPrefix(fields[0], "cpu")
		if cpu, err := strconv.Atoi(number); ok && err == nil && slices.Contains(s, cpu) {
			n, _ := strconv.ParseInt(fields[8], 10, 64)
			ticks += n
			seen = true
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond, seen
}
