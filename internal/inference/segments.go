package inference

import (
	"math"
	"slices"
)

// prefix holds the results of Segments for the first values of a series.
type prefix struct {
	sum, squares float64 // of these values
	cost         float64 // the least cost of their segments
	last         int     // where the last of these segments starts
	// beaten is the end from which on a segment that starts after these values is worse than one
	// that starts at that end; 0 if none is known.
	beaten int
}

// Segments returns the starts of the segments of x, the first of which is 0, within which mean and
// variance stay the same. It minimizes the sum of the segments' costs and of the penalty for each
// change. The cost is -2 ln of the normal likelihood at the best mean and variance. Each segment has
// at least least values, and each variance counts as at least leastSD². The method is PELT, which is
// exact [Killick, Fearnhead & Eckley 2012]. Fewer than 2·least values are one segment.
func Segments(x []float64, penalty float64, least int, leastSD float64) []int {
	n := len(x)
	if n < 2*least {
		return []int{0}
	}
	prefixes := make([]prefix, n+1)
	shift := x[0] // against cancellation
	for i, v := range x {
		prefixes[i+1].sum = prefixes[i].sum + v - shift
		prefixes[i+1].squares = prefixes[i].squares + (v-shift)*(v-shift)
	}
	cost := func(from, to int) float64 {
		m := float64(to - from)
		mean := (prefixes[to].sum - prefixes[from].sum) / m
		variance := max((prefixes[to].squares-prefixes[from].squares)/m-mean*mean, 0)
		counted := max(variance, leastSD*leastSD)
		return m * (math.Log(2*math.Pi*counted) + variance/counted)
	}
	prefixes[0].cost = -penalty
	candidates := []int{0} // starts of the last segment
	for end := least; end <= n; end++ {
		last := &prefixes[end]
		last.cost = math.Inf(1)
		candidates = slices.DeleteFunc(candidates, func(from int) bool {
			beaten := prefixes[from].beaten
			return beaten > 0 && end >= beaten+least // a segment from there on is long enough by now
		})
		for _, from := range candidates {
			if c := prefixes[from].cost + cost(from, end) + penalty; c < last.cost {
				last.cost, last.last = c, from
			}
		}
		for _, from := range candidates {
			if prefixes[from].beaten == 0 && prefixes[from].cost+cost(from, end) > last.cost {
				prefixes[from].beaten = end
			}
		}
		if from := end + 1 - least; from >= least {
			candidates = append(candidates, from)
		}
	}
	var starts []int
	for at := n; at > 0; at = prefixes[at].last {
		starts = append(starts, prefixes[at].last)
	}
	slices.Reverse(starts)
	return starts
}
