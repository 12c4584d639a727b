package inference

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// Spending is how much of the error probability alpha may be spent by the time at which
// the share t of all that was planned is known.
type Spending func(alpha, t float64) float64

// Pocock spends about evenly: alpha ln(1 + (e-1) t) [Lan & DeMets 1983].
func Pocock(alpha, t float64) float64 { return alpha * math.Log(1+(math.E-1)*min(t, 1)) }

// Nominal are the two-sided levels at which intervals may be made at looks at the rising
// times, shares of all that was planned, so that the probability that any of them misses
// the truth is what spend says of alpha. The times need not be those that were planned,
// as long as the data did not choose them [Lan & DeMets 1983]. The probabilities are those of a
// Brownian motion that is seen at the times, integrated from look to look [Armitage, McPherson & Rowe
// 1969]; a t-test at the nominal level keeps them closely [Jennison & Turnbull 2000, 11.5].
func Nominal(alpha float64, times []float64, spend Spending) []float64 {
	// Gauss and Legendre's rule is exact to ten digits here with so many points.
	const points = 120
	normal := distuv.UnitNormal
	levels := make([]float64, len(times))
	at, weights, density := []float64{0}, []float64{1}, []float64{1} // of the motion, where no look ended it
	before, spent := 0.0, 0.0
	for k, t := range times {
		sd := math.Sqrt(t - before)
		beyond := func(c float64) (p float64) { // crosses ±c now, and did not before
			for i, x := range at {
				p += weights[i] * density[i] * (normal.Survival((c-x)/sd) + normal.CDF((-c-x)/sd))
			}
			return p
		}
		budget := max(spend(alpha, t)-spent, 0)
		low, high := 0.0, 40*math.Sqrt(t)
		for range 200 {
			if c := (low + high) / 2; beyond(c) > budget {
				low = c
			} else {
				high = c
			}
		}
		c := (low + high) / 2
		levels[k] = 2 * normal.Survival(c/math.Sqrt(t))
		nextAt, nextWeights, next := make([]float64, points), make([]float64, points), make([]float64, points)
		quad.Legendre{}.FixedLocations(nextAt, nextWeights, -c, c)
		for j, y := range nextAt {
			for i, x := range at {
				next[j] += weights[i] * density[i] * normal.Prob((y-x)/sd) / sd
			}
		}
		at, weights, density = nextAt, nextWeights, next
		before, spent = t, spend(alpha, t)
	}
	return levels
}
