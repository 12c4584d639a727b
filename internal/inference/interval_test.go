package inference

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

// about is a value to within a rounding error.
type about struct{ value, within float64 }

func near(t *testing.T, what string, got float64, want about) {
	t.Helper()
	if math.Abs(got-want.value) > want.within {
		t.Errorf("%s is %.10f, want %.10f", what, got, want.value)
	}
}

// paired is the example of the equivalence test in statsmodels, which is from R, as differences of
// logarithms.
func paired() []float64 {
	x := []float64{2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84}
	y := []float64{2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02}
	d := make([]float64, len(x))
	for i := range x {
		d[i] = math.Log(x[i]) - math.Log(y[i])
	}
	return d
}

func TestTIntervalOnPublishedPairs(t *testing.T) {
	d := paired()
	i := TInterval(d, .10)
	near(t, "mean", i.Mean, about{.0431223318, 5e-11})
	near(t, "standard error", i.SE, about{.0381957633, 5e-11})
	near(t, "low", i.Low, about{-.0241522532, 5e-10})
	near(t, "high", i.High, about{.1103969168, 5e-10})
	if v := Decide(i, math.Log(1.25)); v != bench.PracticallyEqual {
		t.Errorf("with a margin of 1.25 it is %s", v)
	}
	if v := Decide(i, math.Log(1.10)); v != bench.Inconclusive {
		t.Errorf("with a margin of 1.10 it is %s", v)
	}
	v, p := Region(d, math.Log(1.25))
	near(t, "p of equivalence", p/2, about{.0001664158, 5e-11})
	if v != bench.PracticallyEqual {
		t.Errorf("the region is %s", v)
	}
}

// A region is decided at a level just above its p-value, and not at one just below.
func TestRegionIsWhereDecideDecides(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	seen := map[bench.Verdict]int{}
	for range 2000 {
		d := make([]float64, 2+random.IntN(9))
		shift, margin := random.NormFloat64()*.3, .1*float64(random.IntN(3))
		for i := range d {
			d[i] = shift + .1*random.NormFloat64()
		}
		v, p := Region(d, margin)
		if p > .999 || p < 1e-9 {
			continue
		}
		seen[v]++
		if got := Decide(TInterval(d, min(p*1.0001, 1)), margin); got != v {
			t.Fatalf("%v against %g: region %s at p %g, but just above it is %s", d, margin, v, p, got)
		}
		if got := Decide(TInterval(d, p*.9999), margin); got != bench.Inconclusive {
			t.Fatalf("%v against %g: p %g, but just below it is %s", d, margin, p, got)
		}
	}
	if len(seen) != 3 {
		t.Errorf("the regions were %v, want three", seen)
	}
	for _, d := range [][]float64{nil, {1}, {1, 1, 1}, {1, math.NaN()}, {1, math.Inf(1)}} {
		if v, p := Region(d, .1); v != bench.Inconclusive || p != 1 {
			t.Errorf("%v is %s at p %g", d, v, p)
		}
	}
}

func TestTIntervalOfTooFew(t *testing.T) {
	if i := TInterval(nil, Alpha); !math.IsNaN(i.Mean) || Decide(i, .1) != bench.Inconclusive {
		t.Errorf("of no values: %+v", i)
	}
	if i := TInterval([]float64{5}, Alpha); !math.IsInf(i.High, 1) || Decide(i, .1) != bench.Inconclusive {
		t.Errorf("of one value: %+v", i)
	}
}

func TestDecideRegions(t *testing.T) {
	for _, c := range []struct {
		low, high, margin float64
		want              bench.Verdict
	}{
		{.2, .4, .1, bench.Supported},
		{.1, .4, .1, bench.Inconclusive},
		{-.4, -.2, .1, bench.Contradicted},
		{-.4, -.1, .1, bench.Inconclusive},
		{-.05, .05, .1, bench.PracticallyEqual},
		{-.1, .05, .1, bench.Inconclusive},
		{-.05, .2, .1, bench.Inconclusive},
		{-.5, .5, .1, bench.Inconclusive},
		{.01, .02, 0, bench.Supported},
		{-.02, -.01, 0, bench.Contradicted},
		{-.01, .01, 0, bench.Inconclusive},
		{math.NaN(), math.NaN(), .1, bench.Inconclusive},
	} {
		if got := Decide(Interval{Low: c.low, High: c.high}, c.margin); got != c.want {
			t.Errorf("[%g, %g] against %g is %s, want %s", c.low, c.high, c.margin, got, c.want)
		}
	}
}

// Skewness agrees with the definition by brute force, on a small sample.
func TestSkewness(t *testing.T) {
	d := []float64{1, 2, 3, 10, 4, 2}
	n, mean, m2, m3 := 6., 22./6, 0., 0.
	for _, x := range d {
		m2 += (x - mean) * (x - mean) / n
		m3 += (x - mean) * (x - mean) * (x - mean) / n
	}
	g := m3 / math.Pow(m2, 1.5) * math.Sqrt(n*(n-1)) / (n - 2)
	near(t, "skewness", Skewness(d), about{g / math.Sqrt(6*n*(n-1)/((n-2)*(n+1)*(n+3))), 1e-12})
	for _, d := range [][]float64{nil, {1, 2}, {3, 3, 3}} {
		if got := Skewness(d); got != 0 {
			t.Errorf("of %v it is %g", d, got)
		}
	}
}
