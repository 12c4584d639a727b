package inference

import (
	"math"
	"math/rand/v2"
	"testing"
)

// At the bounds of the sequence, its Bayes factor is 1/alpha.
func TestSequenceBounds(t *testing.T) {
	d := []float64{1.1, .7, 1.4, .9, 1.2, .8, 1.3, 1.0, .6, 1.5}
	i := Sequence(d, .05)
	n, g := float64(len(d)), float64(priorVariance)
	for _, mu := range []float64{i.Low, i.High} {
		off := (i.Mean - mu) / i.SE
		t2 := off * off
		bf := math.Pow(1+n*g, -.5) * math.Pow((1+t2/(n-1))/(1+t2/((n-1)*(1+n*g))), n/2)
		near(t, "Bayes factor at a bound", bf, about{20, 1e-9})
	}
	if fixed := TInterval(d, .05); i.Low >= fixed.Low || i.High <= fixed.High {
		t.Errorf("%+v is not wider than the interval of one look, %+v", i, fixed)
	}
	if i := Sequence(d[:2], .05); !math.IsInf(i.High, 1) {
		t.Errorf("two values bound something: %+v", i)
	}
}

// The sequence misses the mean of a long series at any time with the probability alpha at most.
func TestSequenceCovers(t *testing.T) {
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
