package inference

import (
	"math"
	"slices"
)

// Quantile is the smallest of the sorted values that at least the share q of
// them do not exceed (the nearest rank; quantile_disc in SQL).
func Quantile[T any](sorted []T, q float64) T { return sorted[Rank(len(sorted), q)] }

// Rank is the index of that value among n, which must not be 0.
func Rank(n int, q float64) int {
	return min(max(int(math.Ceil(q*float64(n))), 1), n) - 1
}

// Median is the middle of the values, the mean of the middle two where their
// number is even, and NaN where there are none.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
