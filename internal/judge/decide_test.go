package judge

import (
	"math"
	"slices"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.10f, want %.10f", what, got, want)
	}
}

// The paired example of the equivalence test in statsmodels (from R), on logs.
func TestTIntervalOnPublishedPairs(t *testing.T) {
	x := []float64{2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84}
	y := []float64{2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02}
	d := make([]float64, len(x))
	for i := range x {
		d[i] = math.Log(x[i]) - math.Log(y[i])
	}
	i := TInterval(d, .10)
	near(t, "mean", i.Mean, .0431223318, 5e-11)
	near(t, "standard error", i.SE, .0381957633, 5e-11)
	near(t, "low", i.Low, -.0241522532, 5e-10)
	near(t, "high", i.High, .1103969168, 5e-10)
	if v := Decide(i, math.Log(1.25)); v != bench.PracticallyEqual {
		t.Errorf("with a margin of 1.25 it is %s", v)
	}
	if v := Decide(i, math.Log(1.10)); v != bench.Inconclusive {
		t.Errorf("with a margin of 1.10 it is %s", v)
	}
}

func TestTIntervalOfTooFew(t *testing.T) {
	if i := TInterval(nil, Alpha); !math.IsNaN(i.Mean) || Decide(i, .1) != bench.Inconclusive {
		t.Errorf("of nothing: %+v", i)
	}
	if i := TInterval([]float64{5}, Alpha); !math.IsInf(i.High, 1) || Decide(i, .1) != bench.Inconclusive {
		t.Errorf("of one: %+v", i)
	}
}

func TestDecideRegions(t *testing.T) {
	for _, c := range []struct {
		low, high, margin float64
		want              bench.Verdict
	}{
		{.2, .4, .1, bench.Supported}, {.1, .4, .1, bench.Inconclusive}, {-.4, -.2, .1, bench.Contradicted},
		{-.4, -.1, .1, bench.Inconclusive}, {-.05, .05, .1, bench.PracticallyEqual}, {-.1, .05, .1, bench.Inconclusive},
		{-.05, .2, .1, bench.Inconclusive}, {-.5, .5, .1, bench.Inconclusive},
		{.01, .02, 0, bench.Supported}, {-.02, -.01, 0, bench.Contradicted}, {-.01, .01, 0, bench.Inconclusive},
		{math.NaN(), math.NaN(), .1, bench.Inconclusive},
	} {
		if got := Decide(Interval{Low: c.low, High: c.high}, c.margin); got != c.want {
			t.Errorf("[%g, %g] against %g is %s, want %s", c.low, c.high, c.margin, got, c.want)
		}
	}
}

func TestCombine(t *testing.T) {
	const s, c, e, i = bench.Supported, bench.Contradicted, bench.PracticallyEqual, bench.Inconclusive
	for _, test := range []struct {
		made []bench.Verdict
		want bench.Verdict
	}{
		{nil, bench.NotTested}, {[]bench.Verdict{s, s}, s}, {[]bench.Verdict{c, c, c}, c}, {[]bench.Verdict{e}, e},
		{[]bench.Verdict{s, c}, bench.Depends}, {[]bench.Verdict{s, e, s}, bench.Depends},
		{[]bench.Verdict{s, i}, i}, {[]bench.Verdict{s, c, i}, bench.Depends}, {[]bench.Verdict{i, i}, i},
	} {
		if got := combine(test.made); got != test.want {
			t.Errorf("%v make %s, want %s", test.made, got, test.want)
		}
	}
}

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
		if got := bench.Quantile(values, q); got != want {
			t.Errorf("quantile %g is %d, want %d", q, got, want)
		}
	}
}
