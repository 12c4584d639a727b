package inference

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// Spending is a function that says how much of the error probability alpha may be spent by the time
// t. Time is the share of all planned data that is known, from 0 to 1.
type Spending func(alpha, t float64) float64

// Pocock spends alpha about evenly: alpha ln(1 + (e-1) t) [Lan & DeMets 1983]. Times above 1 count
// as 1.
func Pocock(alpha, t float64) float64 { return alpha * math.Log(1+(math.E-1)*min(t, 1)) }

// points is how many points the integration of Nominal has. With them, Gauss and Legendre's rule is
// exact to ten digits.
const points = 120

// node is a point of the integration: a value of the motion that no look has stopped.
type node struct{ at, weight, density float64 }

// Nominal returns the two-sided levels for the intervals at looks, so that the probability that any
// of them misses the truth is what spend allows of alpha. The times are those of the looks, rising.
// They need not be the planned times, as long as the data did not choose them [Lan & DeMets 1983].
//
// The probabilities are those of a Brownian motion that is observed at the times, integrated from
// look to look [Armitage, McPherson & Rowe 1969]. A t-test at the nominal level keeps them closely
// [Jennison & Turnbull 2000, 11.5].
func Nominal(alpha float64, times []float64, spend Spending) []float64 {
	normal := distuv.UnitNormal
	levels := make([]float64, len(times))
	nodes := []node{{at: 0, weight: 1, density: 1}}
	before, spent := 0.0, 0.0
	for k, t := range times {
		sd := math.Sqrt(t - before)
		c := boundary(nodes, sd, 40*math.Sqrt(t), max(spend(alpha, t)-spent, 0))
		levels[k] = 2 * normal.Survival(c/math.Sqrt(t))
		nodes = advance(nodes, sd, c)
		before, spent = t, spend(alpha, t)
	}
	return levels
}

// boundary returns the c, at most highest, such that the motion crosses c or -c at this look with
// the probability budget. The motion has the deviation sd since the last look.
func boundary(nodes []node, sd, highest, budget float64) float64 {
	normal := distuv.UnitNormal
	crosses := func(c float64) (p float64) {
		for _, n := range nodes {
			p += n.weight * n.density * (normal.Survival((c-n.at)/sd) + normal.CDF((-c-n.at)/sd))
		}
		return p
	}
	low, high := 0.0, highest
	for range 200 {
		if c := (low + high) / 2; crosses(c) > budget {
			low = c
		} else {
			high = c
		}
	}
	return (low + high) / 2
}

// advance returns the nodes at this look for the motion that stays within c.
func advance(nodes []node, sd, c float64) []node {
	at, weights := make([]float64, points), make([]float64, points)
	quad.Legendre{}.FixedLocations(at, weights, -c, c)
	next := make([]node, points)
	for j := range next {
		next[j] = node{at: at[j], weight: weights[j]}
		for _, n := range nodes {
			next[j].density += n.weight * n.density * distuv.UnitNormal.Prob((at[j]-n.at)/sd) / sd
		}
	}
	return next
}
