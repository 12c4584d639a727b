package inference

import (
	"math"
	"testing"
)

// depression is the example of R's wilcox.test: the differences of depression scores [Hollander &
// Wolfe 1973, p. 29]. wilcox.test(x, y, paired = TRUE, conf.int = TRUE) has V = 40 of 45, p = 0.03906.
func depression() []float64 {
	x := []float64{1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	y := []float64{.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	d := make([]float64, len(x))
	for i := range x {
		d[i] = x[i] - y[i]
	}
	return d
}

func TestHodgesLehmannOnPublishedPairs(t *testing.T) {
	estimate, low, high := HodgesLehmann(paired(), .05)
	near(t, "estimate", estimate, about{.0557979, 5e-8})
	if !(low < estimate && estimate < high) {
		t.Errorf("the interval is %g to %g", low, high)
	}
}

func TestHodgesLehmannOnDepressionScores(t *testing.T) {
	estimate, low, high := HodgesLehmann(depression(), .05)
	near(t, "estimate", estimate, about{.46, 5e-10}) // by hand: the 23rd of the 45 averages
	near(t, "low", low, about{.010, 5e-10})
	near(t, "high", high, about{.786, 5e-10})
}

func TestHodgesLehmannOfTooFew(t *testing.T) {
	_, low, high := HodgesLehmann(depression()[:5], .05)
	if !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Errorf("five values give %g to %g at 95%%", low, high)
	}
	if estimate, _, _ := HodgesLehmann(nil, .05); !math.IsNaN(estimate) {
		t.Errorf("the estimate of no values is %g", estimate)
	}
}

// signedRank agrees with the published 5% quantiles of the statistic [Wilcoxon 1945]: the largest w
// whose probability is at most 2.5% on each side.
func TestSignedRank(t *testing.T) {
	for n, want := range map[int]int{6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 12: 13, 15: 25, 20: 52} {
		if got := signedRank(n, .025) - 1; got != want {
			t.Errorf("n %d: %d, published is %d", n, got, want)
		}
	}
}
