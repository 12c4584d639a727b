package load

import (
	"context"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/claimbench/claimbench/internal/bench"
)

// dueRing holds the due times of the latest requests by sequence number. A
// request reads its own as soon as a worker has taken it up, so the ring needs
// to be no longer than the number of requests that can be under way.
type dueRing []atomic.Int64

func (r dueRing) set(seq uint64, due time.Duration) { r[seq%uint64(len(r))].Store(int64(due)) }
func (r dueRing) get(seq uint64) time.Duration {
	return time.Duration(r[seq%uint64(len(r))].Load())
}

// openPacer is a vegeta.Pacer that sleeps until each request is due. vegeta
// would sleep with a Go timer, which is late by up to a millisecond; this one
// sleeps in the kernel. It gives up late requests only when the schedule is over
// by the grace period: they are censored, and the drive's statistics say how many.
type openPacer struct {
	ctx   context.Context
	start time.Time
	s     bench.Schedule
	next  func() (time.Duration, bool)
	dues  dueRing
	grace time.Duration
	sleep sleeper
}

// Pace implements vegeta.Pacer: it returns when the next request is due.
func (p *openPacer) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	stop := !p.pace(hits)
	if stop {
		p.sleep.end()
	}
	return 0, stop
}

func (p *openPacer) pace(hits uint64) (more bool) {
	due, ok := p.next()
	now := time.Now()
	if !ok || now.Sub(p.start) > p.s.Duration.Duration+p.grace {
		return false
	}
	p.dues.set(hits, due)
	for wait := p.start.Add(due).Sub(now); wait > 0; wait = time.Until(p.start.Add(due)) {
		if p.ctx.Err() != nil {
			return false
		}
		p.sleep.sleep(min(wait, 100*time.Millisecond)) // so that a slow schedule can be cancelled
	}
	return p.ctx.Err() == nil
}

// Rate implements vegeta.Pacer.

func (p *openPacer) Rate(time.Duration) float64 { return float64(p.s.Rate) }

// closedPacer lets vegeta's workers send as fast as they are answered.
type closedPacer struct {
	ctx   context.Context
	start time.Time
	s     bench.Schedule
}

// Pace implements vegeta.Pacer: it never waits.
func (p *closedPacer) Pace(time.Duration, uint64) (time.Duration, bool) {
	return 0, p.ctx.Err() != nil || time.Since(p.start) >= p.s.Duration.Duration
}

// Rate implements vegeta.Pacer.
func (p *closedPacer) Rate(time.Duration) float64 { return 0 }

var _, _ vegeta.Pacer = (*openPacer)(nil), (*closedPacer)(nil)
