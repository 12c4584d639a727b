package inference

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestSignFlipOnPublishedPairs(t *testing.T) {
	p, ok := SignFlip(paired(), 0, bench.Supported)
	near(t, "sign-flip p", p, .27246, 5e-6)
	if !ok {
		t.Error("fifteen values are too few")
	}
}

// All 2^n choices of signs, one by one.
func TestSignFlipByBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		d := make([]float64, 2+random.IntN(9))
		for i := range d {
			d[i] = math.Round(random.NormFloat64()*4)/8 + .1 // ties are likely
		}
		const m = .125
		oneSided := func(sign, shift float64) float64 {
			seen := 0.0
			for _, x := range d {
				seen += sign*x + shift
			}
			count := 0
			for flips := range 1 << len(d) {
				sum := 0.0
				for i, x := range d {
					if e := sign*x + shift; flips>>i&1 == 1 {
						sum -= e
					} else {
						sum += e
					}
				}
				if sum >= seen-1e-9 {
					count++
				}
			}
			return float64(count) / float64(int(1)<<len(d))
		}
		for region, want := range map[bench.Verdict]float64{
			bench.Supported: oneSided(1, -m), bench.Contradicted: oneSided(-1, -m), bench.PracticallyEqual: max(oneSided(1, m), oneSided(-1, m)),
		} {
			if got, ok := SignFlip(d, m, region); !ok || math.Abs(got-min(2*want, 1)) > 1e-12 {
				t.Fatalf("%v: %s has p %g, by brute force %g", d, region, got, min(2*want, 1))
			}
		}
	}
}

func TestSignFlipLimits(t *testing.T) {
	all := slices.Repeat([]float64{1}, 30)
	if p, ok := SignFlip(all, 0, bench.Supported); !ok || p != LeastSignFlip(30) {
		t.Errorf("30 values of one sign have p %g, want %g", p, LeastSignFlip(30))
	}
	for _, d := range [][]float64{nil, {1}, slices.Repeat([]float64{1}, 41)} {
		if p, ok := SignFlip(d, 0, bench.Supported); ok || p != 1 {
			t.Errorf("%d values have p %g", len(d), p)
		}
	}
}

func TestHodgesLehmann(t *testing.T) {
	estimate, low, high := HodgesLehmann(paired(), .05)
	near(t, "estimate", estimate, .0557979, 5e-8)
	if !(low < estimate && estimate < high) {
		t.Errorf("interval is %g to %g", low, high)
	}
	// The example of R's wilcox.test (depression scores [Hollander & Wolfe 1973, p. 29]):
	// wilcox.test(x, y, paired = TRUE, conf.int = TRUE) has V = 40 of 45, p = 0.03906.
	x := []float64{1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	y := []float64{.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	d := make([]float64, len(x))
	for i := range x {
		d[i] = x[i] - y[i]
	}
	estimate, low, high = HodgesLehmann(d, .05)
	near(t, "estimate", estimate, .46, 5e-10) // by hand: the 23rd of the 45 averages
	near(t, "low", low, .010, 5e-10)
	near(t, "high", high, .786, 5e-10)
	if _, low, high := HodgesLehmann(d[:5], .05); !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Errorf("five values give %g to %g at 95%%", low, high)
	}
	if estimate, _, _ := HodgesLehmann(nil, .05); !math.IsNaN(estimate) {
		t.Error("of nothing there is an estimate")
	}
}

// The published 5% quantiles of the signed-rank statistic [Wilcoxon 1945]: the largest w
// with a probability of 2.5% or less, to either side.
func TestSignedRank(t *testing.T) {
	for n, want := range map[int]int{6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 12: 13, 15: 25, 20: 52} {
		if got := signedRank(n, .025) - 1; got != want {
			t.Errorf("n %d: %d, published is %d", n, got, want)
		}
	}
}

// The example of R's package multtest.
func TestHolm(t *testing.T) {
	p := []float64{5.23656777e-5, 2.81405062e-4, .0149877311, .0202732689, .1770969527, .64, .68, .72, .84, .97}
	want := []float64{5.23656777e-4, 2.53264556e-3, .1199018486, .1419128822, 1, 1, 1, 1, 1, 1}
	for i, got := range Holm(p) {
		near(t, "adjusted", got, want[i], 3e-10)
	}
	reversed := slices.Clone(p)
	slices.Reverse(reversed)
	got := Holm(reversed)
	near(t, "the first, put last", got[9], want[0], 1e-10)
	if len(Holm(nil)) != 0 {
		t.Error("of nothing there is something")
	}
}

// The example of R's t.test (hours of sleep [Student 1908]): extra ~ group.
func TestWelch(t *testing.T) {
	a := []float64{.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2}
	b := []float64{1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	d, ok := Welch(a, b)
	low, high := d.Interval(.05)
	near(t, "t", d.Mean/d.SE, -1.8608, 5e-5)
	near(t, "degrees of freedom", d.Degrees, 17.776, 5e-4)
	near(t, "low", low, -3.3654832, 5e-8)
	near(t, "high", high, .2054832, 5e-8)
	v, p := d.Region(0)
	near(t, "p", p, .07939, 5e-6)
	if !ok || v != bench.Contradicted {
		t.Errorf("the region is %s, %t", v, ok)
	}
	for _, x := range [][]float64{nil, {1}, {2, 2}} {
		if _, ok := Welch(x, x); ok {
			t.Errorf("%v was compared", x)
		}
	}
}
