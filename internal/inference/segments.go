package inference

import "math"

// Segments are the begins of the segments of x, the first of which is 0, within which mean
// and variance stay the same: those that make least the sum of their costs, -2 ln of the
// normal likelihood at the best mean and variance, and of the penalty for each change. No segment is shorter
// than least, and no variance counts as less than that of floor. They are found by PELT
// [Killick, Fearnhead & Eckley 2012], which is exact.
func Segments(x []float64, penalty float64, least int, floor float64) []int {
	n := len(x)
	if n < 2*least {
		return []int{0}
	}
	sum, squares := make([]float64, n+1), make([]float64, n+1)
	shift := x[0] // against cancellation
	for i, v := range x {
		sum[i+1], squares[i+1] = sum[i]+v-shift, squares[i]+(v-shift)*(v-shift)
	}
	cost := func(from, to int) float64 {
		m := float64(to - from)
		mean := (sum[to] - sum[from]) / m
		variance := max((squares[to]-squares[from])/m-mean*mean, 0)
		least := max(variance, floor*floor)
		return m * (math.Log(2*math.Pi*least) + variance/least)
	}
	best, last := make([]float64, n+1), make([]int, n+1) // least cost of x[:i], and where its last segment begins
	best[0] = -penalty
	candidates := []int{0}
	worse := make([]int, n) // the end from which on a candidate is beaten by a change there; 0 for none yet
	for end := least; end <= n; end++ {
		best[end] = math.Inf(1)
		kept := candidates[:0]
		for _, from := range candidates {
			if worse[from] > 0 && end >= worse[from]+least { // a segment from there on is long enough by now
				continue
			}
			kept = append(kept, from)
			if c := best[from] + cost(from, end) + penalty; c < best[end] {
				best[end], last[end] = c, from
			}
		}
		candidates = kept
		for _, from := range candidates {
			if worse[from] == 0 && best[from]+cost(from, end) > best[end] {
				worse[from] = end
			}
		}
		if from := end + 1 - least; from >= least {
			candidates = append(candidates, from)
		}
	}
	var begins []int
	for at := n; at > 0; at = last[at] {
		begins = append([]int{last[at]}, begins...)
	}
	return begins
}
