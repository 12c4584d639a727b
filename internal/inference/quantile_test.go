package inference

import (
	"math"
	"slices"
	"testing"
)

// Quantile agrees with the definition by brute force: the smallest value that at least the share q of all do not
// exceed.
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

func TestRankStaysWithinTheValues(t *testing.T) {
	for _, c := range []struct {
		n    int
		q    float64
		want int
	}{
		{1, 0, 0},
		{1, 1, 0},
		{10, -1, 0},
		{10, 2, 9},
	} {
		if got := Rank(c.n, c.q); got != c.want {
			t.Errorf("Rank(%d, %g) is %d, want %d", c.n, c.q, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{5, 1, 3}, 3},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("the median of %v is %g, want %g", c.values, got, c.want)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("the median of no values is %g", got)
	}
	values := []float64{2, 1}
	if Median(values); values[0] != 2 {
		t.Error("it sorts the values that it is given")
	}
}
