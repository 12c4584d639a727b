package load

import (
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// outcome is when a delivery came, and what was wrong with it; 0 where it has not
// come. A drive has millions, so it is one word: in the upper eight bits what was
// wrong, in the rest the nanoseconds since the start of the drive, plus one.
type outcome uint64

const outcomeTime = 1<<56 - 1

// What may be wrong with a delivery that came.
const (
	fine outcome = iota << 56
	late
	disordered
	corrupt
)

// came is the outcome of what came at a time after the start.
func came(at time.Duration, fault outcome) outcome {
	return fault | outcome(max(at, 0)+1)
}

func (o outcome) at() time.Duration { return time.Duration(o&outcomeTime) - 1 }

// with is the outcome with another fault, if it has none.
func (o outcome) with(fault outcome) outcome {
	if o&^outcomeTime != fine {
		return o
	}
	return o | fault
}

// err is the kind of error.
func (o outcome) err() string {
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
