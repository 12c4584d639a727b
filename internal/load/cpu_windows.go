package load

import (
	"time"

	"golang.org/x/sys/windows"
)

// ProcessCPU is the user and system time that this process has used.
func ProcessCPU() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	ticks := func(t windows.Filetime) int64 { return int64(t.HighDateTime)<<32 | int64(t.LowDateTime) }
	return time.Duration((ticks(kernel) + ticks(user)) * 100)
}

// PeakRSS is not known on this system.
func PeakRSS() int64 { return 0 }
