package drive

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/timer"
)

// Drive is the state that the goroutines of one drive share. New makes one. A test
// of the counters alone may use the zero value.
type Drive struct {
	Clock
	Counters
	InFlight Gauge

	ctx        context.Context
	schedule   bench.Schedule
	canceledAt atomic.Int64 // since the start; 0 while the context lasts
	unwatch    func() bool  // ends the watch for that

	timers  []*timer.Timer // all timers; Abandon closes them
	sampler *timer.Timer
	stop    chan struct{}
	seen    chan Observation
}

// New returns a drive that has not started. Call Start and Stop, or Abandon. An
// error means that the process has no file descriptor left for a timer.
func New(ctx context.Context, s bench.Schedule) (*Drive, error) {
	d := &Drive{ctx: ctx, schedule: s}
	var err error
	if d.sampler, err = d.newTimer(); err != nil {
		return nil, err
	}
	return d, nil
}

// newTimer returns a timer, which its user closes.
func (d *Drive) newTimer() (*timer.Timer, error) {
	t, err := timer.New()
	if err == nil {
		d.timers = append(d.timers, t)
	}
	return t, err
}

// Context returns the context whose end cancels the drive.
func (d *Drive) Context() context.Context { return d.ctx }

// Canceled reports whether the drive was canceled.
func (d *Drive) Canceled() bool { return d.ctx.Err() != nil }

// CanceledAt returns when the drive was canceled, counted from its start, and 0 if
// it was not.
func (d *Drive) CanceledAt() time.Duration { return time.Duration(d.canceledAt.Load()) }

// Schedule returns the drive's schedule.
func (d *Drive) Schedule() bench.Schedule { return d.schedule }

// Abandon frees the timers of a drive that does not start.
func (d *Drive) Abandon() {
	for _, t := range d.timers {
		t.Close()
	}
}

// Start starts the clock and the sampler.
func (d *Drive) Start() {
	d.Clock = newClock()
	d.unwatch = context.AfterFunc(d.ctx, func() { d.canceledAt.CompareAndSwap(0, int64(d.Elapsed())) })
	d.stop, d.seen = make(chan struct{}), make(chan Observation)
	go d.sample()
}

// Stop stops the sampler, and returns what it saw.
func (d *Drive) Stop() Observation {
	ran := d.Elapsed()
	close(d.stop)
	d.unwatch()
	seen := <-d.seen
	seen.Ran = ran
	return seen
}

// Report fills in the statistics that the counters hold. Call it when all hits of
// the drive are in.
func (d *Drive) Report(stats *bench.DriveStats) {
	stats.MaxFlight = d.InFlight.Peak()
	d.Counters.report(stats)
}
