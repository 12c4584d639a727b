// Package cgroup reads the control groups of processes, of version 1 or 2.
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

const root = "/sys/fs/cgroup"

// Holds reports whether the process of that id, as this machine sees it, is in
// the control group of the container: an engine elsewhere has ids of its own.
func Holds(container string, pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	return err == nil && strings.Contains(string(data), container)
}

// MemoryLimit is the memory limit of the process's control group in bytes; 0
// where there is none or it cannot be read.
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

// Throttled is how long the process's control group has been kept from running by
// its CPU quota so far. It reports false where that cannot be read.
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

// folder is where the controller's files for the process are.
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
