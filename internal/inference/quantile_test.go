package inference

import (
	"math"
	"slices"
	"testing"
)

// A brute-force reading of the definition: the smallest value that at least the
// share q of all do not exceed.
func TestQuantileIsTheNearestRank(t *testing.T) {
	values := []int{1, 2, 2, 3, 5, 8, 13, 21, 34, 55}
	for _, q := range []float64{0, .05, .1, .25, .5, .55, .9, .99, 1} {
		want := slices.MinFunc(values, func(a, b int) int { // the least that qualifies
			rank := func(v int) int {
				n := 0
				for _, x := range values {
					if x <= v {
						n++
					}
				}
				if float64(n) >= q*float64(len(values)) {
					return v
				}
				return math.MaxInt
			}
			return rank(a) - rank(b)
		})
		if got := Quantile(values, q); got != want {
			t.Errorf("quantile %g is %d, want %d", q, got, want)
		}
	}
}
