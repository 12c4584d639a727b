//go:build !linux

package load

import "time"

// sleeper sleeps as precisely as Go's timers do on this system.
type sleeper struct{}

func newSleeper() (*sleeper, error) { return &sleeper{}, nil }

func (*sleeper) sleep(d time.Duration) { time.Sleep(d) }
func (*sleeper) end()                  {}
