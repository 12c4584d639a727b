// Package timer waits to within some tens of microseconds, where a Go timer may be
// late by a millisecond: Go rounds the wait of an idle program up to that.
//
// It waits for a timerfd(2) in Go's poller. Such a timer knows no slack, and the
// goroutine that waits holds neither thread nor processor, so that on a single
// core nothing else is kept waiting.
package timer

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Timer is a timer for one goroutine. It must be closed.
type Timer struct {
	file *os.File
	raw  syscall.RawConn
	fd   int
	// armed is attempt, and sleep what it is to arm the timer with.
	armed func(fd uintptr) bool
	sleep time.Duration
}

// New returns a timer. An error means that the process has no file descriptor left.
func New() (*Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	t := &Timer{file: os.NewFile(uintptr(fd), "timer"), fd: fd}
	t.armed = t.attempt
	if t.raw, err = t.file.SyscallConn(); err != nil {
		t.file.Close()
		return nil, err
	}
	return t, nil
}

// Sleep waits for the duration, or until the timer is closed.
func (t *Timer) Sleep(d time.Duration) {
	if d > 0 {
		t.sleep = d
		t.raw.Read(t.armed)
	}
}

// attempt arms the timer when it is first called, within the poller's wait, and is
// called again when the timer has expired. That need not be read: to arm the
// timer again forgets it.
func (t *Timer) attempt(uintptr) (expired bool) {
	if t.sleep == 0 {
		return true
	}
	t.arm(t.sleep)
	t.sleep = 0
	return false
}

// arm makes the timer expire after the duration, in place of what it was armed
// for before. Any goroutine may call it while the timer is open.
func (t *Timer) arm(d time.Duration) {
	unix.TimerfdSettime(t.fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))}, nil)
}

// wait returns once the timer has expired or is closed.
func (t *Timer) wait() { t.raw.Read(expired) }

// expired reads how often the timer expired; it is called again when there may be something to read.
func expired(fd uintptr) bool {
	var count [8]byte
	_, err := unix.Read(int(fd), count[:])
	return err != unix.EAGAIN
}

// Close ends a wait.
func (t *Timer) Close() { t.file.Close() }
