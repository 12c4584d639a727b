package runner

import "math"

// bracket closes in on the highest rate that holds. It doubles the rate until one does not hold, or halves
// it until one does, and then bisects on the log scale.
type bracket struct {
	low, high  float64 // highest that held, lowest that did not; 0 if there is none
	next       float64 // to be tried
	step       float64
	resolution float64 // high/low - 1 at which the search ends
}

// newBracket starts at a rate that may be far from the capacity.
func newBracket(start, resolution float64) *bracket {
	return &bracket{next: start, step: 2, resolution: resolution}
}

// newNearBracket starts at a rate that is likely near the capacity, with small steps.
func newNearBracket(start, resolution float64) *bracket {
	return &bracket{next: start, step: 1 + 1.5*resolution, resolution: resolution}
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
