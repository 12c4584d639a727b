package inference

import (
	"cmp"
	"slices"
)

// Holm returns the p-values adjusted for their number, in the same order [Holm 1979]. If every
// hypothesis with an adjusted p-value below a level is rejected, the probability that any true one
// is among them is at most that level.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	most := 0.0
	for rank, i := range order {
		most = max(most, min(p[i]*float64(len(p)-rank), 1))
		adjusted[i] = most
	}
	return adjusted
}
