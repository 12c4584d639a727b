//go:build unix

package process

import (
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the user and system time that this process has used, or 0 if the
// kernel does not report it.
func CPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// PeakRSS returns the largest resident memory of this process so far, in bytes. It
// returns 0 if the kernel does not report it.
func PeakRSS() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return int64(u.Maxrss) * maxrssUnit
}
