package slo

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
)

// Late is the share of late or failed answers that a rate must stay under to hold:
// what is promised of the 99th percentile.
const Late = .01

// Tally counts what a rate brought, to tell whether it holds the SLO.
type Tally struct {
	SLO                bench.SLO
	Good, Late, Failed int // late ones are good, too
}

// Add counts a hit. One that was cut off because the probe ended counts only if it was
// late by then.
func (t *Tally) Add(h bench.Hit) {
	late := h.ResponseTime() > t.SLO.P99.Duration
	switch {
	case h.Err == bench.ErrStopped && late:
		t.Late++
		t.Good++
	case h.Err == bench.ErrStopped:
	case !h.Good():
		t.Failed++
	default:
		t.Good++
		if late {
			t.Late++
		}
	}
}

// Requests are all that count.
func (t *Tally) Requests() int { return t.Good + t.Failed }

// Held reports whether late and failed requests stayed under Late, and failed
// ones under what the SLO allows.
func (t *Tally) Held() bool {
	n := float64(t.Requests())
	return n > 0 && float64(t.Late+t.Failed) < Late*n && float64(t.Failed) <= float64(t.SLO.Errors)*n
}

// Hopeless reports whether there is no doubt any more that the rate does not hold:
// the share of late or failed ones is above twice the limit by more than four standard
// errors (Wilson 1927), of 50 requests or more.
func (t *Tally) Hopeless() bool {
	n := float64(t.Requests())
	if n < 50 {
		return false
	}
	const z = 4.
	p := float64(t.Late+t.Failed) / n
	low := (p + z*z/(2*n) - z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
	return low > 2*Late
}
