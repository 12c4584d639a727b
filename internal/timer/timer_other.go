//go:build !linux

package timer

import (
	"sync"
	"time"
)

// Timer waits for one goroutine. New makes one; it must be closed.
type Timer struct {
	timer  *time.Timer
	closed chan struct{}
	once   sync.Once
}

// New returns a timer. On this system the error is always nil.
func New() (*Timer, error) {
	return &Timer{timer: time.NewTimer(time.Hour), closed: make(chan struct{})}, nil
}

// Sleep waits for the duration, or until the timer is closed.
func (t *Timer) Sleep(d time.Duration) {
	if d > 0 {
		t.arm(d)
		t.wait()
	}
}

func (t *Timer) arm(d time.Duration) { t.timer.Reset(d) }

func (t *Timer) wait() {
	select {
	case <-t.timer.C:
	case <-t.closed:
	}
}

// Close frees the timer, and ends a wait.
func (t *Timer) Close() {
	t.once.Do(func() {
		t.timer.Stop()
		close(t.closed)
	})
}
