package inference

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
)

// mostFlips is how many values SignFlip takes. Its time and memory double with every second value.
const mostFlips = 40

// SignFlip returns the exact two-sided p-value of a region for the mean of d, given the margin m.
// It is that of the test that flips signs [Fisher 1935; Pitman 1937].
//
// The null hypothesis of the region says that d, shifted by the margin, is as likely positive as
// negative. It holds for any symmetric distribution. The p-value is twice the share of the 2^n
// choices of signs whose sum is at least the observed one. For practically equal it is the larger
// p-value of the two one-sided tests. SignFlip reports false for fewer than 2 values, for more than
// 40, and for any region that is not a decision.
func SignFlip(d []float64, m float64, region bench.Verdict) (p float64, ok bool) {
	if len(d) < 2 || len(d) > mostFlips {
		return 1, false
	}
	switch region {
	case bench.Supported:
		p = atLeast(d, 1, -m)
	case bench.Contradicted:
		p = atLeast(d, -1, -m)
	case bench.PracticallyEqual:
		p = max(atLeast(d, 1, m), atLeast(d, -1, m))
	default:
		return 1, false
	}
	return min(2*p, 1), true
}

// LeastSignFlip returns the smallest p-value that SignFlip can return for n values: 2^(1-n).
func LeastSignFlip(n int) float64 { return math.Ldexp(1, 1-n) }

// atLeast returns the share of choices of signs for which the sum of e = sign·d + shift is at least
// the sum with all signs unchanged. In these choices, the values that are flipped sum to 0 or less.
// It counts such subsets in two halves of the values, by their sorted sums.
func atLeast(d []float64, sign, shift float64) float64 {
	e := make([]float64, len(d))
	size := 0.0
	for i, x := range d {
		e[i] = sign*x + shift
		size += math.Abs(e[i])
	}
	low, high := subsets(e[:len(e)/2]), subsets(e[len(e)/2:])
	tie := 1e-12 * size // sums that differ by rounding only count as equal
	count, j := 0, len(high)
	for _, x := range low {
		for j > 0 && x+high[j-1] > tie {
			j--
		}
		count += j
	}
	return float64(count) / math.Ldexp(1, len(e))
}

// subsets returns the sums of all subsets of e in rising order. For each value, it merges the sums
// without it and the sums with it.
func subsets(e []float64) []float64 {
	sums := []float64{0}
	for _, x := range e {
		merged := make([]float64, 0, 2*len(sums))
		without, with := 0, 0
		for without < len(sums) || with < len(sums) {
			if with == len(sums) || without < len(sums) && sums[without] <= sums[with]+x {
				merged = append(merged, sums[without])
				without++
			} else {
				merged = append(merged, sums[with]+x)
				with++
			}
		}
		sums = merged
	}
	return sums
}

// Fragile reports whether a decision for the region at the level depends on the shape of the
// distribution. It does if SignFlip does not confirm it, although so many values could. The p-value
// is that of SignFlip.
func Fragile(d []float64, m float64, region bench.Verdict, level float64) (p float64, fragile bool) {
	p, ok := SignFlip(d, m, region)
	return p, ok && LeastSignFlip(len(d)) < level && p >= level
}
