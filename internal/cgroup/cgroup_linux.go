package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// root is the folder in which control groups are mounted.
const root = "/sys/fs/cgroup"

// Holds reports whether the process is in the control group of the container. It does not hold if
// the id of the process is that of another machine, on which the engine runs.
func Holds(container string, pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	return err == nil && strings.Contains(string(data), container)
}

// MemoryLimit returns the memory limit of the process's control group in bytes. It is 0 if there is
// none or it cannot be read.
func MemoryLimit(pid int) int64 {
	for _, name := range []string{"memory.limit_in_bytes", "memory.max"} {
		text, err := os.ReadFile(filepath.Join(folder(pid, "memory"), name))
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			return limit
		}
	}
	return 0
}

// Throttled returns how long the CPU quota of the process's control group has kept it from running
// so far. It reports false if that cannot be read.
func Throttled(pid int) (time.Duration, bool) {
	data, err := os.ReadFile(filepath.Join(folder(pid, "cpu"), "cpu.stat"))
	if err != nil {
		return 0, false
	}
	units := map[string]time.Duration{"throttled_time": time.Nanosecond, "throttled_usec": time.Microsecond}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if unit, ok := units[name]; ok {
			n, _ := strconv.ParseInt(value, 10, 64)
			return time.Duration(n) * unit, true
		}
	}
	return 0, false
}

// folder returns the folder with the controller's files for the process: of version 1 if that has
// the controller, otherwise of version 2. It is "" if there is neither.
func folder(pid int, controller string) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return ""
	}
	unified := ""
	for line := range strings.Lines(string(data)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, path
		if len(fields) != 3 {
			continue
		}
		if slices.Contains(strings.Split(fields[1], ","), controller) {
			return filepath.Join(root, fields[1], fields[2])
		}
		if fields[0] == "0" {
			unified = filepath.Join(root, fields[2])
		}
	}
	return unified
}
