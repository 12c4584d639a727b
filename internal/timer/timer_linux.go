package timer

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Timer waits for one goroutine. New makes one; it must be closed.
type Timer struct {
	file *os.File
	raw  syscall.RawConn
	fd   int
	// attempt is tryExpire, bound once; sleep is what it is to arm the timer with.
	attempt func(fd uintptr) bool
	sleep   time.Duration
}

// New returns a timer. An error means that the process has no file descriptor left.
func New() (*Timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	t := &Timer{file: os.NewFile(uintptr(fd), "timer"), fd: fd}
	t.attempt = t.tryExpire
	if t.raw, err = t.file.SyscallConn(); err != nil {
		_ = t.file.Close() // err says more
		return nil, err
	}
	return t, nil
}

// Sleep waits for the duration, or until the timer is closed.
func (t *Timer) Sleep(d time.Duration) {
	if d > 0 {
		t.sleep = d
		_ = t.raw.Read(t.attempt) // it fails once the timer is closed
	}
}

// tryExpire arms the timer in its first call, within the poller's wait. The poller
// calls it again when the timer has expired. The expiration need not be read: arming
// the timer again clears it.
func (t *Timer) tryExpire(uintptr) (expired bool) {
	if t.sleep == 0 {
		return true
	}
	t.arm(t.sleep)
	t.sleep = 0
	return false
}

// arm makes the timer expire after the duration, in place of the time that it was
// armed for before. Any goroutine may call it while the timer is open.
func (t *Timer) arm(d time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))}
	_ = unix.TimerfdSettime(t.fd, 0, &spec, nil) // it cannot fail: the timer is open and the value valid
}

// wait returns once the timer has expired or is closed.
func (t *Timer) wait() { _ = t.raw.Read(readExpirations) }

// readExpirations reads how often the timer expired, and reports whether it did. The
// poller calls it when there may be something to read.
func readExpirations(fd uintptr) bool {
	var count [8]byte
	_, err := unix.Read(int(fd), count[:])
	return err != unix.EAGAIN
}

// Close frees the timer, and ends a wait.
func (t *Timer) Close() { _ = t.file.Close() } // nothing was written
