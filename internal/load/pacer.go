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
	sleep func(time.Time)
}

func (p *openPacer) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	due, ok := p.next()
	if !ok || p.ctx.Err() != nil {
		return 0, true
	}
	now := time.Now()
	if now.Sub(p.start) > p.s.Duration.Duration+p.grace {
		return 0, true
	}
	p.dues.set(hits, due)
	for wait := p.start.Add(due).Sub(now); wait > 0; wait = time.Until(p.start.Add(due)) {
		if p.ctx.Err() != nil {
			return 0, true
		}
		p.sleep(time.Now().Add(min(wait, 100*time.Millisecond))) // so that a slow schedule can be cancelled
	}
	return 0, false
}

func (p *openPacer) Rate(time.Duration) float64 { return float64(p.s.Rate) }

// closedPacer lets vegeta's workers send as fast as they are answered.
type closedPacer struct {
	ctx   context.Context
	start time.Time
	s     bench.Schedule
}

func (p *closedPacer) Pace(time.Duration, uint64) (time.Duration, bool) {
	return 0, p.ctx.Err() != nil || time.Since(p.start) >= p.s.Duration.Duration
}

func (p *closedPacer) Rate(time.Duration) float64 { return 0 }

var _, _ vegeta.Pacer = (*openPacer)(nil), (*closedPacer)(nil)
