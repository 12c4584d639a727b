package inference

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

// The results are those of R's package usl for its data set specsdm91, and of exact points of a
// known law.
func TestFitUSL(t *testing.T) {
	for _, c := range []struct {
		name               string
		n, x               []float64
		alpha, beta, gamma float64
		peak, digits       float64
	}{
		{
			name:   "specsdm91",
			n:      []float64{1, 18, 36, 72, 108, 144, 216},
			x:      []float64{64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2},
			alpha:  .0277285,
			beta:   .0001044,
			gamma:  89.99523,
			peak:   96.52,
			digits: 1e-5,
		},
		{
			name:   "exact",
			n:      []float64{1, 2, 4, 6, 8, 10},
			x:      []float64{1, 1.8868, 3.0769, 3.5294, 3.5398, 3.3557},
			alpha:  .02,
			beta:   .02,
			gamma:  1,
			peak:   7,
			digits: 1e-4,
		},
		{
			name:   "linear",
			n:      []float64{1, 2, 3, 4, 5, 6},
			x:      []float64{10, 20, 30, 40, 50, 60},
			gamma:  10,
			digits: 1e-9,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			fit, err := FitUSL(c.n, c.x)
			if err != nil {
				t.Fatal(err)
			}
			near := func(what string, got, want, within float64) {
				if math.Abs(got-want) > within {
					t.Errorf("%s is %.9g, want %.9g", what, got, want)
				}
			}
			near("alpha", fit.Alpha, c.alpha, max(5e-8, c.digits*.1))
			near("beta", fit.Beta, c.beta, max(5e-8, c.digits*.1))
			near("gamma", fit.Gamma, c.gamma, c.digits)
			if c.peak == 0 {
				if fit.Peak != nil {
					t.Errorf("a peak at %g", *fit.Peak)
				}
			} else if fit.Peak == nil {
				t.Error("no peak")
			} else {
				near("peak", *fit.Peak, c.peak, .01)
			}
		})
	}
}

// Superlinear data fit best with negative coefficients. FitUSL returns the best law within the
// bounds.
func TestFitUSLWithinBounds(t *testing.T) {
	fit, err := FitUSL([]float64{1, 2, 3, 4, 5, 6}, []float64{10, 22, 35, 49, 64, 80})
	if err != nil {
		t.Fatal(err)
	}
	if fit.Alpha != 0 || fit.Beta != 0 {
		t.Errorf("alpha is %g and beta %g, want 0", fit.Alpha, fit.Beta)
	}
	if fit.Gamma < 10 {
		t.Errorf("gamma is %g, want at least 10", fit.Gamma)
	}
	if _, err := FitUSL([]float64{1, 2}, []float64{1, 2}); err == nil {
		t.Error("two levels were fitted")
	}
}

// Data that fit best with a serial share above 1 are fitted at that bound.
func TestFitUSLOnTheUpperBound(t *testing.T) {
	fit, err := FitUSL([]float64{1, 2, 3, 4, 5, 6}, []float64{100, 60, 45, 36, 30, 26})
	if err != nil {
		t.Fatal(err)
	}
	if fit.Alpha != 1 {
		t.Errorf("alpha is %g, want 1", fit.Alpha)
	}
	if fit.Beta < 0 || fit.Beta > 1 {
		t.Errorf("beta is %g, want 0 to 1", fit.Beta)
	}
}

// For rounds of a known law with noise, the intervals hold the truth, have a width, and depend on
// the seed only.
func TestResampleUSL(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	law := bench.USL{Gamma: 100, Alpha: .05, Beta: .002}
	n := []float64{1, 2, 4, 8, 16, 32}
	x := make([][]float64, len(n))
	for i := range n {
		for range 10 {
			x[i] = append(x[i], law.At(n[i])*math.Exp(.03*random.NormFloat64()))
		}
	}
	x[2][3] = math.NaN()
	low, high, ok := ResampleUSL(n, x, 1000, 7)
	peak := math.Sqrt(.95 / .002)
	if !ok || low.Peak == nil || high.Peak == nil {
		t.Fatalf("low %+v, high %+v, %t", low, high, ok)
	}
	for _, c := range []struct {
		what             string
		low, truth, high float64
	}{
		{"gamma", low.Gamma, law.Gamma, high.Gamma},
		{"alpha", low.Alpha, law.Alpha, high.Alpha},
		{"beta", low.Beta, law.Beta, high.Beta},
		{"peak", *low.Peak, peak, *high.Peak},
	} {
		if !(c.low < c.truth && c.truth < c.high) {
			t.Errorf("%s is %g to %g, and the truth is %g", c.what, c.low, c.high, c.truth)
		}
	}
	again, _, _ := ResampleUSL(n, x, 1000, 7)
	if again.Gamma != low.Gamma || *again.Peak != *low.Peak {
		t.Error("the same seed gives another interval")
	}
	if _, _, ok := ResampleUSL(n[:3], x[:3], 100, 7); ok {
		t.Error("three levels were fitted")
	}
}
