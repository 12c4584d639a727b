package slo

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
)

// Late is the share of requests that may be late or failed at a rate that meets the SLO. It is 1%,
// since the SLO promises the 99th percentile.
const Late = .01

const (
	// leastRequests is how many requests Hopeless needs.
	leastRequests = 50
	// standardErrors is by how many standard errors Hopeless must be sure.
	standardErrors = 4.
	// hopelessFactor is how many times Late the share must exceed to be hopeless.
	hopelessFactor = 2
)

// Tally counts the outcomes of the requests at one rate and holds them against the SLO. Its zero
// value, with SLO set, has counted nothing.
type Tally struct {
	SLO    bench.SLO
	Good   int // good answers, with the late ones
	Late   int // good answers after more than the response time of the SLO
	Failed int
}

// Add counts a hit. A hit that was cut off at the end of the probe counts only if it was late by
// then.
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

// Requests returns how many requests count.
func (t *Tally) Requests() int { return t.Good + t.Failed }

// Held reports whether the rate met the SLO: the share of late and failed requests was less than
// Late, and the share of failed requests was at most the SLO's Errors. No requests do not meet it.
func (t *Tally) Held() bool {
	n := float64(t.Requests())
	return n > 0 && float64(t.Late+t.Failed) < Late*n && float64(t.Failed) <= float64(t.SLO.Errors)*n
}

// Hopeless reports whether the rate certainly does not meet the SLO. It does so after at least 50
// requests, if the share of late and failed ones is above twice Late by more than four standard
// errors: if the lower bound of its score interval is above 2% (Wilson 1927).
func (t *Tally) Hopeless() bool {
	n := t.Requests()
	return n >= leastRequests && wilsonLow(t.Late+t.Failed, n, standardErrors) > hopelessFactor*Late
}

// wilsonLow returns the lower bound of the score interval of a share: k among all, at z standard
// errors. Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
// inference", Journal of the American Statistical Association 22 (1927).
func wilsonLow(k, all int, z float64) float64 {
	n := float64(all)
	p := float64(k) / n
	return (p + z*z/(2*n) - z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
}
