//go:build !linux

// Package cgroup reads the control groups of processes, which Linux alone has.
package cgroup

import "time"

// Holds is false: there are no control groups here.
func Holds(string, int) bool { return false }

// MemoryLimit is 0: there are no control groups here.
func MemoryLimit(int) int64 { return 0 }

// Throttled is not known: there are no control groups here.
func Throttled(int) (time.Duration, bool) { return 0, false }
