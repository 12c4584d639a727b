package drive

import (
	"time"

	"github.com/claimbench/claimbench/internal/timer"
)

// Grace is how long after the end of a schedule its late requests are still sent.
const Grace = 2 * time.Second

// patience is the longest wait in one piece, so that a slow schedule can be canceled.
const patience = 100 * time.Millisecond

// Pacer waits until each request of a share is due. A Go timer would be late by up to
// a millisecond. A pacer skips no late request until the schedule is over by Grace. The
// requests left then are censored, and the statistics of the drive say how many.
//
// One goroutine may use it. Close frees its timer.
type Pacer struct {
	drive *Drive
	next  func() (time.Duration, bool)
	timer *timer.Timer

	lead    time.Duration
	maxLead time.Duration
}

// NewPacer returns a pacer of a share of the drive's schedule. An error means that
// the process has no file descriptor left.
func (d *Drive) NewPacer(s Share) (*Pacer, error) {
	t, err := d.newTimer()
	if err != nil {
		return nil, err
	}
	return &Pacer{
		drive:   d,
		next:    s.of(Arrivals(d.schedule)),
		timer:   t,
		maxLead: maxLead(float64(d.schedule.Rate) / float64(s.N)),
	}, nil
}

// Close frees the pacer's timer.
func (p *Pacer) Close() { p.timer.Close() }

// Wait waits until the next request is due and returns its due time. It returns false
// if there is none, if the schedule is over by Grace, or if the drive is canceled.
func (p *Pacer) Wait() (due time.Duration, ok bool) {
	due, ok = p.next()
	now := p.drive.Elapsed()
	if !ok || now > p.drive.schedule.Duration.Duration+Grace {
		return 0, false
	}
	for wait := due - now; wait > 0; wait = due - p.drive.Elapsed() {
		switch {
		case p.drive.Canceled():
			return 0, false
		case wait > patience:
			p.timer.Sleep(patience)
		case wait > p.lead:
			p.timer.Sleep(wait - p.lead)
			p.learn(p.drive.Elapsed() - (due - p.lead))
		default: // less than the lead is spent awake
		}
	}
	return due, !p.drive.Canceled()
}

// The pacer sets its timer ahead of the due time by the lead, and spends the rest
// awake: a CPU that sleeps takes tens of microseconds to get going. The lead follows
// the time that waking takes, so that one wake in leadShare is quicker.
const (
	leadStep  = 500 * time.Nanosecond
	leadShare = 3
)

// maxLead returns the largest lead at a rate in requests per second. It is at most a
// quarter of the interval: waiting awake takes the CPU from the requests in flight.
func maxLead(rate float64) time.Duration {
	return min(60*time.Microsecond, time.Duration(float64(time.Second)/rate/4))
}

// learn moves the lead towards the time that a third of the wakes take.
func (p *Pacer) learn(late time.Duration) {
	if late < p.lead {
		p.lead -= leadStep * (leadShare - 1)
	} else {
		p.lead += leadStep
	}
	p.lead = min(max(p.lead, 0), p.maxLead)
}
