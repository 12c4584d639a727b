package inference

import (
	"math"
	"slices"
)

// HodgesLehmann returns the median of the averages of all pairs of values, where each value also
// pairs with itself [Hodges & Lehmann 1963; Walsh 1949]. Its interval is that of Wilcoxon's
// signed-rank test, at the two-sided level alpha or less. One wild value moves it little. If there
// are too few values for the level, the bounds are infinite. For no values, all three are NaN.
func HodgesLehmann(d []float64, alpha float64) (estimate, low, high float64) {
	if len(d) == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	var averages []float64
	for i := range d {
		for j := i; j < len(d); j++ {
			averages = append(averages, (d[i]+d[j])/2)
		}
	}
	slices.Sort(averages)
	beyond := signedRank(len(d), alpha/2)
	if beyond == 0 {
		return Median(averages), math.Inf(-1), math.Inf(1)
	}
	return Median(averages), averages[beyond-1], averages[len(averages)-beyond]
}

// signedRank returns the smallest w such that the signed-rank statistic of n values is w or less
// with at least the probability p. It counts all 2^n choices of signs.
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
