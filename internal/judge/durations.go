package judge

import (
	"math"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/inference"
)

// durations holds many durations, exact to the nanosecond. Most are shorter than the four seconds that 32 bits
// hold, so they take half the memory.
type durations struct {
	short []uint32
	long  []time.Duration // those that are negative or too long for short
}

// grow allocates space for n durations.
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

// quantile returns the nearest-rank quantile of all durations, which must be sorted.
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
