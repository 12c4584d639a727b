package load

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// sleeper sleeps in the kernel, to within some tens of microseconds, where a Go
// timer may be late by a millisecond. All its calls are from one goroutine.
type sleeper struct{ locked bool }

// sleep keeps the goroutine's thread from its first call on, since the timer
// slack, which is set to the least, belongs to the thread.
func (s *sleeper) sleep(d time.Duration) {
	if !s.locked {
		s.locked = true
		runtime.LockOSThread()
		unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // nanoseconds
	}
	ts := unix.NsecToTimespec(int64(d))
	for unix.Nanosleep(&ts, &ts) == unix.EINTR {
	}
}

// end gives the thread back. A goroutine that ended with its thread locked would
// end the thread, and with it the servers whose parent it is (see target's
// ownGroup).
func (s *sleeper) end() {
	if s.locked {
		s.locked = false
		unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // the default
		runtime.UnlockOSThread()
	}
}
