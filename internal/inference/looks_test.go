package inference

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The published levels of three equal looks.
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
			near(t, c.name+" level", level, c.level[k], 6e-6)
			near(t, c.name+" z", distuv.UnitNormal.Quantile(1-level/2), c.z[k], 6e-5)
		}
	}
	if one := Nominal(.05, []float64{1}, Pocock); math.Abs(one[0]-.05) > 1e-12 {
		t.Errorf("one look at all has the level %g", one[0])
	}
	if len(Nominal(.05, nil, Pocock)) != 0 {
		t.Error("no look has a level")
	}
}

// Random walks that are looked at: what is spent in all is alpha, at any times.
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
		near(t, "crossed", float64(crossed)/walks, alpha, 4*math.Sqrt(alpha*(1-alpha)/walks))
	}
}

// The confidence sequence ends where its Bayes factor is 1/alpha, and misses the mean of
// a long series at any time no more often than alpha.
func TestSequence(t *testing.T) {
	d := []float64{1.1, .7, 1.4, .9, 1.2, .8, 1.3, 1.0, .6, 1.5}
	i := Sequence(d, .05)
	n, g := float64(len(d)), float64(priorVariance)
	for _, mu := range []float64{i.Low, i.High} {
		t2 := math.Pow((i.Mean-mu)/i.SE, 2)
		bf := math.Pow(1+n*g, -.5) * math.Pow((1+t2/(n-1))/(1+t2/((n-1)*(1+n*g))), n/2)
		near(t, "Bayes factor at a bound", bf, 20, 1e-9)
	}
	if fixed := TInterval(d, .05); i.Low >= fixed.Low || i.High <= fixed.High {
		t.Errorf("%+v is no wider than the interval of one look, %+v", i, fixed)
	}
	if i := Sequence(d[:2], .05); !math.IsInf(i.High, 1) {
		t.Errorf("two values bound something: %+v", i)
	}
	random := rand.New(rand.NewPCG(7, 8))
	const series, nights = 2000, 200
	missed := 0
	for range series {
		var x []float64
		for range nights {
			x = append(x, random.NormFloat64())
			if i := Sequence(x, .05); i.Low > 0 || i.High < 0 {
				missed++
				break
			}
		}
	}
	if share := float64(missed) / series; share > .05+3*math.Sqrt(.05*.95/series) {
		t.Errorf("%.3f of the series were missed at some time", share)
	}
}
