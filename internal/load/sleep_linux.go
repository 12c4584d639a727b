package load

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sleeper sleeps to within some tens of microseconds, where a Go timer may be
// late by a millisecond. It waits for a timerfd(2) in Go's poller: such a timer
// knows no slack, and the goroutine that waits holds neither thread nor processor,
// so that on a single core what it has just sent is not kept waiting. All its
// calls are from one goroutine.
type sleeper struct {
	file *os.File
	raw  syscall.RawConn
	d    time.Duration // to be armed; 0 once it is
}

func newSleeper() (*sleeper, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	s := &sleeper{file: os.NewFile(uintptr(fd), "timer")}
	if s.raw, err = s.file.SyscallConn(); err != nil {
		s.file.Close()
		return nil, err
	}
	return s, nil
}

func (s *sleeper) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	s.d = d
	s.raw.Read(s.attempt)
}

// attempt arms the timer when it is first called, and is called again when it has
// expired. Reading is not needed: to arm the timer again forgets that it expired.
func (s *sleeper) attempt(fd uintptr) (expired bool) {
	if s.d == 0 {
		return true
	}
	err := unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(s.d))}, nil)
	s.d = 0
	return err != nil
}

func (s *sleeper) end() { s.file.Close() }
