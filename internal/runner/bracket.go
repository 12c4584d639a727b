package runner

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
)

// mostProbes ends a search that finds no bracket; leastRate, in requests per second, ends one whose probes
// would have no requests.
const (
	mostProbes = 24
	leastRate  = 5
)

// bracket closes in on the highest rate that holds. It doubles the rate until one does not hold, or halves
// it until one does, and then bisects on the log scale.
type bracket struct {
	low, high  float64 // highest that held, lowest that did not; 0 if there is none
	limit      float64 // high, if only the load generator kept that rate from holding
	next       float64 // to be tried
	step       float64 // between rates while one end is missing; it grows to 2
	resolution float64 // high/low - 1 at which the search ends
}

// newBracket starts at a rate.
func newBracket(start, resolution float64) *bracket {
	return &bracket{next: start, step: 2, resolution: resolution}
}

// outcome says what a probe showed.
type outcome int

// Outcomes of a probe.
const (
	shownNothing     outcome = iota // it is void
	rateHeld                        // within the SLO
	rateFailed                      // the server did not hold the SLO
	generatorLimited                // the rate did not hold, by the load generator's own limit
)

// closeIn tries one rate after another until the bracket is closed; n counts the probes from 1. A probe that
// the load generator limited is made once more. If it is limited again, the search goes on below that rate
// until one holds, so that the capacity is known from below. A second void probe ends the search.
func (b *bracket) closeIn(try func(n int, rate bench.Rate) (outcome, error)) error {
	isRetry, void := false, 0
	for n := 1; n <= mostProbes && !b.isClosed() && b.next >= leastRate; n++ {
		if b.low > 0 && b.high > 0 && b.high == b.limit { // no higher rate can show more
			return nil
		}
		shown, err := try(n, bench.Rate(math.Round(b.next*100)/100))
		switch {
		case err != nil:
			return err
		case shown == shownNothing:
			if void++; void > 1 {
				return nil
			}
			continue
		case shown == generatorLimited && !isRetry:
			isRetry = true
			continue
		case shown == rateHeld:
			b.held()
		case shown == generatorLimited:
			b.limit = b.next
			b.failed()
		default:
			b.failed()
		}
		isRetry = false
	}
	return nil
}

// held records that the rate that was asked for held.
func (b *bracket) held() {
	b.low = b.next
	b.narrow(b.next * b.step)
}

// failed records that the rate that was asked for did not hold.
func (b *bracket) failed() {
	b.high = b.next
	b.narrow(b.next / b.step)
}

// narrow chooses the next rate: the middle of the bracket, or outside if one end is still missing.
func (b *bracket) narrow(outside float64) {
	b.next = outside
	if b.low > 0 && b.high > 0 {
		b.next = math.Sqrt(b.low * b.high)
	}
	b.step = min(b.step*b.step, 2)
}

// isClosed reports whether the two rates are as close as the resolution asks.
func (b *bracket) isClosed() bool {
	return b.low > 0 && b.high > 0 && b.high <= b.low*(1+b.resolution)
}
