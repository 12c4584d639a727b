package judge

import (
	"math"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/inference"
)

// durations are many durations, exact to the nanosecond. Most are shorter than
// the four seconds that 32 bits hold, and take half the memory for it.
type durations struct {
	short []uint32
	long  []time.Duration // all that are negative or too long for short
}

// grow makes room for n durations.
func (d *durations) grow(n int) { d.short = slices.Grow(d.short, n) }

func (d *durations) add(x time.Duration) {
	if x >= 0 && x <= math.MaxUint32 {
		d.short = append(d.short, uint32(x))
	} else {
		d.long = append(d.long, x)
	}
}

func (d *durations) len() int { return len(d.short) + len(d.long) }

func (d *durations) sort() {
	slices.Sort(d.short)
	slices.Sort(d.long)
}

// quantile is inference.Quantile of all, which must be sorted.
func (d *durations) quantile(q float64) time.Duration {
	negative, _ := slices.BinarySearch(d.long, 0)
	rank := inference.Rank(d.len(), q)
	switch {
	case rank < negative:
		return d.long[rank]
	case rank < negative+len(d.short):
		return time.Duration(d.short[rank-negative])
	}
	return d.long[rank-len(d.short)]
}
