package inference

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
)

// mostFlips is how many values SignFlip takes: its time and memory double with every
// second one.
const mostFlips = 40

// SignFlip is the exact two-sided p-value of the region that the mean of d lies in
// against the margin m, by the test that flips signs [Fisher 1935; Pitman 1937]. Under
// the region's null d, shifted by the margin, is as likely positive as negative, whatever
// its distribution, if that is symmetric; the p-value is twice the share of all 2^n
// choices of signs whose sum is no less than the one that was seen. For practically
// equal it is the larger of the two one-sided tests'. It reports false for fewer than
// two values and for more than 40.
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

// LeastSignFlip is the smallest p-value that n values can have.
func LeastSignFlip(n int) float64 { return math.Ldexp(1, 1-n) }

// atLeast is the share of choices of signs for which the sum of e = sign d + shift is no
// less than with all signs as they are: those in which what is flipped sums to 0 or less.
// Subsets are counted in two halves, by their sorted sums.
func atLeast(d []float64, sign, shift float64) float64 {
	e := make([]float64, len(d))
	size := 0.0
	for i, x := range d {
		e[i] = sign*x + shift
		size += math.Abs(e[i])
	}
	low, high := subsets(e[:len(e)/2]), subsets(e[len(e)/2:])
	tie := 1e-12 * size // sums that are equal but for rounding count as equal
	count, j := 0, len(high)
	for _, x := range low {
		for j > 0 && x+high[j-1] > tie {
			j--
		}
		count += j
	}
	return float64(count) / math.Ldexp(1, len(e))
}

// subsets are the sums of all subsets of e, rising: those without a value and those with it are merged.
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

// Fragile reports whether a decision for the region at the level hangs on the shape of the distribution: the
// sign-flip test, which could agree by the number of values, does not.
func Fragile(d []float64, m float64, region bench.Verdict, level float64) (p float64, fragile bool) {
	p, ok := SignFlip(d, m, region)
	return p, ok && LeastSignFlip(len(d)) < level && p >= level
}
