package inference

import (
	"math"
	"slices"
)

// HodgesLehmann is the median of the averages of all pairs of values, each with itself
// too, and the interval at the two-sided level alpha or less that belongs to Wilcoxon's
// signed-rank test [Hodges & Lehmann 1963; Walsh 1949]. One wild value moves it little. With too few values for the
// level its bounds are infinite; of none all is NaN.
func HodgesLehmann(d []float64, alpha float64) (estimate, low, high float64) {
	if len(d) == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	var walsh []float64
	for i := range d {
		for j := i; j < len(d); j++ {
			walsh = append(walsh, (d[i]+d[j])/2)
		}
	}
	slices.Sort(walsh)
	beyond := signedRank(len(d), alpha/2)
	if beyond == 0 {
		return Median(walsh), math.Inf(-1), math.Inf(1)
	}
	return Median(walsh), walsh[beyond-1], walsh[len(walsh)-beyond]
}

// signedRank is the smallest w for which the signed-rank statistic of n values is w or
// less with at least the probability p, by counting all 2^n choices of signs.
func signedRank(n int, p float64) int {
	most := n * (n + 1) / 2
	share := make([]float64, most+1)
	share[0] = 1
	for rank := 1; rank <= n; rank++ {
		for w := most; w >= 0; w-- {
			share[w] /= 2
			if w >= rank {
				share[w] += share[w-rank] / 2
			}
		}
	}
	sum := 0.0
	for w, x := range share {
		if sum += x; sum >= p {
			return w
		}
	}
	return most
}
