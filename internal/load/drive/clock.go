package drive

import "time"

// Clock relates the wall clock to the start of a drive. The kernel stamps arrivals
// with the wall clock, so times of hits come from it.
type Clock struct {
	start time.Time
	epoch int64 // start by the wall clock, in nanoseconds since 1970
}

// newClock returns a clock that starts now.
func newClock() Clock {
	start := readClocks()
	return Clock{start: start, epoch: start.UnixNano()}
}

// StartTime returns the start of the drive.
func (c *Clock) StartTime() time.Time { return c.start }

// Elapsed returns the time since the start by the monotonic clock.
func (c *Clock) Elapsed() time.Duration { return time.Since(c.start) }

// SinceStart converts a reading of the wall clock, in nanoseconds since 1970.
func (c *Clock) SinceStart(unixNano int64) time.Duration { return time.Duration(unixNano - c.epoch) }

// step returns how far the wall clock has moved against the monotonic one since the start.
func (c *Clock) step() time.Duration {
	now := readClocks()
	return c.SinceStart(now.UnixNano()) - now.Sub(c.start)
}

// readClocks reads the wall clock and the monotonic one as close together as it can.
// Go reads them one after the other, so of five readings it keeps the one with the
// least time between the two.
func readClocks() time.Time {
	best := time.Now()
	for range 4 {
		now := time.Now()
		if time.Duration(now.UnixNano()-best.UnixNano()) > now.Sub(best) { // less time between the two
			best = now
		}
	}
	return best
}
