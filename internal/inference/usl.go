package inference

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/claimbench/claimbench/internal/bench"
)

// uslLevels is how many levels a fit of three parameters takes at least.
const uslLevels = 6

// FitUSL fits the Universal Scalability Law [Gunther 1993, 2007] by least squares on X:
//
//	X(N) = gamma N / (1 + alpha (N-1) + beta N (N-1))
//
// alpha, the share that is serial, and beta, the cost of keeping parts consistent,
// are held within [0, 1]. It takes six levels or more.
func FitUSL(n, x []float64) (bench.USL, error) {
	if len(n) != len(x) || len(n) < uslLevels {
		return bench.USL{}, fmt.Errorf("a fit of the scalability law takes %d levels, this has %d", uslLevels, len(n))
	}
	free := math.NaN()
	best, found := bench.USL{}, math.Inf(1)
	for i, fixed := range [][2]float64{{free, free}, {free, 0}, {free, 1}, {0, free}, {1, free}, {0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		fit, sse, ok := fitUSL(n, x, fixed)
		if ok && sse < found*(1-1e-12) {
			best, found = fit, sse
		}
		if ok && i == 0 { // no bound is touched
			break
		}
	}
	if math.IsInf(found, 1) {
		return best, errors.New("no scalability law fits with both coefficients between 0 and 1")
	}
	if best.Beta > 0 && best.Alpha < 1 {
		peak := math.Sqrt((1 - best.Alpha) / best.Beta)
		best.Peak = &peak
	}
	return best, nil
}

// fitUSL fits gamma and those of alpha and beta that are not fixed, which are NaN, by
// Levenberg and Marquardt's method [Marquardt 1963]. It reports false where the least squares
// lie outside [0, 1].
func fitUSL(n, x []float64, fixed [2]float64) (fit bench.USL, sse float64, ok bool) {
	p := []float64{x[0] / n[0], fixed[0], fixed[1]}
	columns := []int{0}
	for i, start := range []float64{.05, .001} {
		if math.IsNaN(fixed[i]) {
			p[i+1] = start
			columns = append(columns, i+1)
		}
	}
	residuals := func(p []float64) (r []float64, sum float64) {
		for i := range n {
			d := x[i] - p[0]*n[i]/(1+p[1]*(n[i]-1)+p[2]*n[i]*(n[i]-1))
			r = append(r, d)
			sum += d * d
		}
		return r, sum
	}
	r, sse := residuals(p)
	for damping := 1e-3; damping < 1e16; {
		normal, gradient := mat.NewDense(len(columns), len(columns), nil), mat.NewVecDense(len(columns), nil)
		for i := range n {
			below := 1 + p[1]*(n[i]-1) + p[2]*n[i]*(n[i]-1)
			all := [3]float64{n[i] / below, -p[0] * n[i] * (n[i] - 1) / below / below, -p[0] * n[i] * n[i] * (n[i] - 1) / below / below}
			for a, ca := range columns {
				gradient.SetVec(a, gradient.AtVec(a)+all[ca]*r[i])
				for b, cb := range columns {
					normal.Set(a, b, normal.At(a, b)+all[ca]*all[cb])
				}
			}
		}
		for a := range columns {
			normal.Set(a, a, normal.At(a, a)*(1+damping))
		}
		var step mat.VecDense
		if err := step.SolveVec(normal, gradient); err != nil && !errors.As(err, new(mat.Condition)) {
			return fit, 0, false
		}
		next := slices.Clone(p)
		for a, column := range columns {
			next[column] += step.AtVec(a)
		}
		if rNext, sum := residuals(next); sum < sse {
			p, r, sse, damping = next, rNext, sum, damping/10
		} else {
			damping *= 10
		}
	}
	fit = bench.USL{Gamma: p[0], Alpha: p[1], Beta: p[2]}
	return fit, sse, p[0] > 0 && p[1] >= 0 && p[1] <= 1 && p[2] >= 0 && p[2] <= 1
}

// ResampleUSL are the bounds at 95% of the coefficients of the law that is fitted to the
// medians of x, which holds the rounds of each level (NaN where a round has none):
// percentiles of as many fits as draws says to rounds that are drawn anew, with replacement, by the
// seed [Efron 1979]. A bound of the peak that is infinite is absent. It reports false where
// fewer than nine in ten draws can be fitted.
func ResampleUSL(n []float64, x [][]float64, draws int, seed uint64) (low, high bench.USL, ok bool) {
	random := rand.New(rand.NewPCG(seed, uint64(draws)))
	var gamma, alpha, beta, peak []float64
	for range draws {
		drawn := make([]int, len(x[0]))
		for i := range drawn {
			drawn[i] = random.IntN(len(drawn))
		}
		var at, medians []float64
		for level, rounds := range x {
			var values []float64
			for _, round := range drawn {
				if v := rounds[round]; !math.IsNaN(v) {
					values = append(values, v)
				}
			}
			if len(values) > 0 {
				at, medians = append(at, n[level]), append(medians, Median(values))
			}
		}
		fit, err := FitUSL(at, medians)
		if err != nil {
			continue
		}
		gamma, alpha, beta = append(gamma, fit.Gamma), append(alpha, fit.Alpha), append(beta, fit.Beta)
		if fit.Peak != nil {
			peak = append(peak, *fit.Peak)
		} else {
			peak = append(peak, math.Inf(1))
		}
	}
	if len(gamma) < draws*9/10 {
		return low, high, false
	}
	bounds := func(list []float64) (float64, float64) {
		slices.Sort(list)
		return Quantile(list, Alpha/2), Quantile(list, 1-Alpha/2)
	}
	low.Gamma, high.Gamma = bounds(gamma)
	low.Alpha, high.Alpha = bounds(alpha)
	low.Beta, high.Beta = bounds(beta)
	least, most := bounds(peak)
	if !math.IsInf(least, 1) {
		low.Peak = &least
	}
	if !math.IsInf(most, 1) {
		high.Peak = &most
	}
	return low, high, true
}
