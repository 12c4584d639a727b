//go:build !linux

package cgroup

import "time"

// Holds returns false: this system has no control groups.
func Holds(string, int) bool { return false }

// MemoryLimit returns 0: this system has no control groups.
func MemoryLimit(int) int64 { return 0 }

// Throttled reports false: this system has no control groups.
func Throttled(int) (time.Duration, bool) { return 0, false }
