package inference

import (
	"math"
	"slices"
)

// Quantile returns the smallest of the sorted values that at least the share q of them do not
// exceed. This is the nearest rank, type 1 of Hyndman & Fan 1996 and PERCENTILE_DISC of SQL. It is
// always one of the values. They must be in rising order, and there must be at least one.
func Quantile[T any](sorted []T, q float64) T { return sorted[Rank(len(sorted), q)] }

// Rank returns the index, from 0, of the quantile q among n sorted values. The number n must be at
// least 1. A q below 0 counts as 0, and a q above 1 counts as 1.
func Rank(n int, q float64) int {
	return min(max(int(math.Ceil(q*float64(n))), 1), n) - 1
}

// Median returns the middle of the values, in any order. For an even number of values it is the
// mean of the middle two, which Quantile at .5 is not. It is NaN for none.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
