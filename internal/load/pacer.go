package load

import (
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/claimbench/claimbench/internal/timer"
)

// dueRing holds the due times of the latest requests by sequence number. A
// request reads its own as soon as a worker has taken it up, so the ring needs to
// be no longer than the number of workers.
type dueRing []atomic.Int64

func (r dueRing) set(seq uint64, due time.Duration) { r[seq%uint64(len(r))].Store(int64(due)) }
func (r dueRing) get(seq uint64) time.Duration {
	return time.Duration(r[seq%uint64(len(r))].Load())
}

// openPacer is a vegeta.Pacer that sleeps until each request is due. vegeta
// would sleep with a Go timer, which is late by up to a millisecond. It gives up
// late requests only when the schedule is over by the grace period: they are
// censored, and the drive's statistics say how many.
type openPacer struct {
	*drive
	next  func() (time.Duration, bool)
	dues  dueRing
	timer *timer.Timer
	lead  time.Duration
	// mostLead is small beside the interval between requests: who waits awake for a
	// large part of the time takes it from those that were answered.
	mostLead time.Duration
}

// Pace implements vegeta.Pacer: it returns when the next request is due.
func (p *openPacer) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	stop := !p.pace(hits)
	if stop {
		p.timer.Close()
	}
	return 0, stop
}

func (p *openPacer) pace(hits uint64) (more bool) {
	due, ok := p.next()
	now := time.Since(p.start)
	if !ok || now > p.s.Duration.Duration+grace {
		return false
	}
	p.dues.set(hits, due)
	for wait := due - now; wait > 0; wait = due - time.Since(p.start) {
		switch {
		case p.ctx.Err() != nil:
			return false
		case wait > patience: // so that a slow schedule can be cancelled
			p.timer.Sleep(patience)
		case wait > p.lead:
			p.timer.Sleep(wait - p.lead)
			p.learn(time.Since(p.start) - (due - p.lead))
		} // and what is shorter than the lead is waited for awake
	}
	return p.ctx.Err() == nil
}

const patience = 100 * time.Millisecond

// The pacer sets its timer ahead of what is due by the time that it mostly takes
// to wake (a third of the wakes are quicker), since a CPU that sleeps takes some
// tens of microseconds to get going, and waits awake for the rest.
const (
	leadStep  = 500 * time.Nanosecond
	leadShare = 3
)

// mostLead is the largest lead at a rate of requests a second.
func mostLead(rate float64) time.Duration {
	return min(60*time.Microsecond, time.Duration(float64(time.Second)/rate/4))
}

// learn moves the lead towards what a third of the wakes take.
func (p *openPacer) learn(late time.Duration) {
	if late < p.lead {
		p.lead -= leadStep * (leadShare - 1)
	} else {
		p.lead += leadStep
	}
	p.lead = min(max(p.lead, 0), p.mostLead)
}

// Rate implements vegeta.Pacer.
func (p *openPacer) Rate(time.Duration) float64 { return float64(p.s.Rate) }

// closedPacer lets vegeta's workers send as fast as they are answered.
type closedPacer struct{ *drive }

// Pace implements vegeta.Pacer: it never waits.
func (p *closedPacer) Pace(elapsed time.Duration, _ uint64) (time.Duration, bool) {
	return 0, p.ctx.Err() != nil || elapsed >= p.s.Duration.Duration
}

// Rate implements vegeta.Pacer.
func (p *closedPacer) Rate(time.Duration) float64 { return 0 }

var _, _ vegeta.Pacer = (*openPacer)(nil), (*closedPacer)(nil)
