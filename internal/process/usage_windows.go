package process

import (
	"time"

	"golang.org/x/sys/windows"
)

// CPU returns the user and system time that this process has used, or 0 if the
// kernel does not report it.
func CPU() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	ticks := func(t windows.Filetime) int64 { return int64(t.HighDateTime)<<32 | int64(t.LowDateTime) }
	return time.Duration((ticks(kernel) + ticks(user)) * 100) // a tick is 100 ns
}

// PeakRSS returns 0: this package does not read it on Windows.
func PeakRSS() int64 { return 0 }
