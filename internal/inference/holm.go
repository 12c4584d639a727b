package inference

import (
	"cmp"
	"slices"
)

// Holm are the p-values adjusted so that the probability to decide any of them wrongly
// stays under the level that they are held against [Holm 1979].
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
