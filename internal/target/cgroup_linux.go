package target

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ownsContainer reports whether the process of that id, as this machine sees it,
// is the first one of the container: an engine elsewhere has ids of its own.
func ownsContainer(pid int, container string) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	return err == nil && strings.Contains(string(data), container)
}

// cgroupMemoryLimit is the memory limit, in bytes, of the process's control
// group, version 1 or 2; 0 where there is none or it cannot be read.
func cgroupMemoryLimit(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, path
		if len(fields) != 3 {
			continue
		}
		file := ""
		switch {
		case fields[1] == "memory":
			file = filepath.Join("/sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes")
		case fields[0] == "0" && fields[1] == "":
			file = filepath.Join("/sys/fs/cgroup", fields[2], "memory.max")
		default:
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			return limit
		}
	}
	return 0
}
