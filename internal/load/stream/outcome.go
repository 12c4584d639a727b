package stream

import (
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// outcome is the time and the fault of a delivery; 0 if it has not arrived. A drive
// has millions, so an outcome is one word. The upper eight bits hold the fault, the
// rest the nanoseconds since the start of the drive, plus one.
type outcome uint64

const outcomeTime = 1<<56 - 1

// Faults of a delivery that arrived.
const (
	fine outcome = iota << 56
	late
	disordered
	corrupt
)

// newOutcome returns the outcome of a delivery that arrived at a time after the start.
func newOutcome(at time.Duration, fault outcome) outcome {
	return fault | outcome(max(at, 0)+1)
}

// at returns when the delivery arrived.
func (o outcome) at() time.Duration { return time.Duration(o&outcomeTime) - 1 }

// with returns the outcome with a fault, if it has none yet.
func (o outcome) with(fault outcome) outcome {
	if o&^outcomeTime != fine {
		return o
	}
	return o | fault
}

// errorKind returns the kind of error of the fault, one of bench's constants.
func (o outcome) errorKind() string {
	switch o &^ outcomeTime {
	case late:
		return bench.ErrLost
	case disordered:
		return bench.ErrOrder
	case corrupt:
		return bench.ErrBody
	}
	return ""
}
