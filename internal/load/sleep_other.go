//go:build !linux

package load

import "time"

// newSleeper returns a function that sleeps until a time, as precisely as Go's
// timers do on this system.
func newSleeper() func(until time.Time) {
	return func(until time.Time) { time.Sleep(time.Until(until)) }
}
