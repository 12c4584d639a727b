package inference

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The levels of three equal looks are the published ones.
func TestNominal(t *testing.T) {
	thirds := []float64{1. / 3, 2. / 3, 1}
	obrienFleming := func(alpha, t float64) float64 { // each side's, at the level alpha/2 [Lan & DeMets 1983]
		z := distuv.UnitNormal.Quantile(1 - alpha/4)
		return 2 * 2 * distuv.UnitNormal.Survival(z/math.Sqrt(t))
	}
	for _, c := range []struct {
		name     string
		spend    Spending
		level, z []float64
	}{
		{"Pocock", Pocock, []float64{.02264, .02174, .02168}, []float64{2.2794, 2.2949, 2.2959}},
		{"O'Brien and Fleming", obrienFleming, []float64{.00021, .01202, .04626}, []float64{3.7103, 2.5114, 1.9930}},
	} {
		for k, level := range Nominal(.05, thirds, c.spend) {
			near(t, c.name+" level", level, about{c.level[k], 6e-6})
			near(t, c.name+" z", distuv.UnitNormal.Quantile(1-level/2), about{c.z[k], 6e-5})
		}
	}
	if one := Nominal(.05, []float64{1}, Pocock); math.Abs(one[0]-.05) > 1e-12 {
		t.Errorf("a single look at the end has the level %g", one[0])
	}
	if got := Nominal(.05, nil, Pocock); len(got) != 0 {
		t.Errorf("no looks have the levels %v", got)
	}
}

// Simulated random walks cross the bounds with the probability alpha, at any times of the looks.
func TestNominalSpendsAlpha(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const walks, alpha = 200_000, .05
	for _, times := range [][]float64{{1. / 3, 2. / 3, 1}, {.1, .15, .9, 1}} {
		levels := Nominal(alpha, times, Pocock)
		crossed := 0
		for range walks {
			at, s := 0.0, 0.0
			for k, time := range times {
				s += math.Sqrt(time-at) * random.NormFloat64()
				at = time
				if math.Abs(s)/math.Sqrt(time) > distuv.UnitNormal.Quantile(1-levels[k]/2) {
					crossed++
					break
				}
			}
		}
		near(t, "crossed", float64(crossed)/walks, about{alpha, 4 * math.Sqrt(alpha*(1-alpha)/walks)})
	}
}
