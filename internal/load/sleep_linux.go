package load

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// newSleeper returns a function that sleeps until a time, to within some tens
// of microseconds. The goroutine that first calls it keeps its thread, whose
// timer slack is set to the least.
func newSleeper() func(until time.Time) {
	locked := false
	return func(until time.Time) {
		if !locked {
			locked = true
			runtime.LockOSThread()
			unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
		}
		wait := time.Until(until)
		if wait <= 0 {
			return
		}
		ts := unix.NsecToTimespec(int64(wait))
		for unix.Nanosleep(&ts, &ts) == unix.EINTR {
		}
	}
}
