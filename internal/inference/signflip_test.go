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
	near(t, "sign-flip p", p, about{.27246, 5e-6})
	if !ok {
		t.Error("it refuses fifteen values")
	}
}

// SignFlip agrees with the definition by brute force, over all 2^n choices of signs.
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
			bench.Supported:        oneSided(1, -m),
			bench.Contradicted:     oneSided(-1, -m),
			bench.PracticallyEqual: max(oneSided(1, m), oneSided(-1, m)),
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
