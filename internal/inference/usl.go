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

// uslLevels is how many levels a fit of the three coefficients needs.
const uslLevels = 6

// FitUSL fits the Universal Scalability Law [Gunther 1993, 2007] by least squares of the throughput
// x at n workers:
//
//	X(N) = gamma N / (1 + alpha (N-1) + beta N (N-1))
//
// Gamma is the throughput of one worker, alpha is the serial share, and beta is the cost of keeping
// the workers consistent. Alpha and beta are held within [0, 1]. The slices n and x must have the
// same length, at least six. The error says why nothing fits.
func FitUSL(n, x []float64) (bench.USL, error) {
	if len(n) != len(x) || len(n) < uslLevels {
		return bench.USL{}, fmt.Errorf("a fit of the scalability law takes %d levels, this has %d",
			uslLevels, len(n))
	}
	free := math.NaN()
	best := uslFit{sse: math.Inf(1)}
	for i, start := range []uslFit{
		{alpha: free, beta: free},
		{alpha: free, beta: 0},
		{alpha: free, beta: 1},
		{alpha: 0, beta: free},
		{alpha: 1, beta: free},
		{alpha: 0, beta: 0},
		{alpha: 0, beta: 1},
		{alpha: 1, beta: 0},
		{alpha: 1, beta: 1},
	} {
		fit, ok := start.marquardt(n, x)
		if ok && fit.sse < best.sse*(1-1e-12) {
			best = fit
		}
		if ok && i == 0 { // it is within the bounds
			break
		}
	}
	law := bench.USL{Gamma: best.gamma, Alpha: best.alpha, Beta: best.beta}
	if math.IsInf(best.sse, 1) {
		return law, errors.New("no scalability law fits with both coefficients between 0 and 1")
	}
	if law.Beta > 0 && law.Alpha < 1 {
		peak := math.Sqrt((1 - law.Alpha) / law.Beta)
		law.Peak = &peak
	}
	return law, nil
}

// uslFit is a law on its way to the data.
type uslFit struct {
	gamma, alpha, beta float64
	sse                float64 // sum of the squared residuals
}

// below returns the denominator of the law at n workers.
func (f uslFit) below(n float64) float64 { return 1 + f.alpha*(n-1) + f.beta*n*(n-1) }

// residuals returns what the law leaves of each x, and the sum of their squares.
func (f uslFit) residuals(n, x []float64) (r []float64, sse float64) {
	for i := range n {
		d := x[i] - f.gamma*n[i]/f.below(n[i])
		r = append(r, d)
		sse += d * d
	}
	return r, sse
}

// gradient returns the derivatives of the law at n workers, by gamma, alpha and beta.
func (f uslFit) gradient(n float64) [3]float64 {
	below := f.below(n)
	return [3]float64{
		n / below,
		-f.gamma * n * (n - 1) / below / below,
		-f.gamma * n * n * (n - 1) / below / below,
	}
}

// plus returns the law after a step of the given coefficients: 0 for gamma, 1 for alpha, 2 for beta.
func (f uslFit) plus(step *mat.VecDense, columns []int) uslFit {
	for i, column := range columns {
		switch column {
		case 0:
			f.gamma += step.AtVec(i)
		case 1:
			f.alpha += step.AtVec(i)
		case 2:
			f.beta += step.AtVec(i)
		}
	}
	return f
}

// within reports whether the law is within its bounds.
func (f uslFit) within() bool {
	return f.gamma > 0 && f.alpha >= 0 && f.alpha <= 1 && f.beta >= 0 && f.beta <= 1
}

// marquardt fits gamma, and alpha and beta if they are NaN, by the method of Levenberg and
// Marquardt [Marquardt 1963]. Other values of alpha and beta are fixed. It reports false if the
// least squares are outside the bounds.
func (f uslFit) marquardt(n, x []float64) (fit uslFit, ok bool) {
	f.gamma = x[0] / n[0]
	columns := []int{0}
	if math.IsNaN(f.alpha) {
		f.alpha = .05
		columns = append(columns, 1)
	}
	if math.IsNaN(f.beta) {
		f.beta = .001
		columns = append(columns, 2)
	}
	var r []float64
	r, f.sse = f.residuals(n, x)
	for damping := 1e-3; damping < 1e16; {
		step, ok := f.step(n, r, columns, damping)
		if !ok {
			return f, false
		}
		next := f.plus(step, columns)
		nextR, sse := next.residuals(n, x)
		if next.sse = sse; sse < f.sse {
			f, r, damping = next, nextR, damping/10
		} else {
			damping *= 10
		}
	}
	return f, f.within()
}

// step solves the damped normal equations for the residuals r.
func (f uslFit) step(n, r []float64, columns []int, damping float64) (*mat.VecDense, bool) {
	normal, gradient := mat.NewDense(len(columns), len(columns), nil), mat.NewVecDense(len(columns), nil)
	for i := range n {
		by := f.gradient(n[i])
		for a, ca := range columns {
			gradient.SetVec(a, gradient.AtVec(a)+by[ca]*r[i])
			for b, cb := range columns {
				normal.Set(a, b, normal.At(a, b)+by[ca]*by[cb])
			}
		}
	}
	for a := range columns {
		normal.Set(a, a, normal.At(a, a)*(1+damping))
	}
	step := &mat.VecDense{}
	err := step.SolveVec(normal, gradient)
	return step, err == nil || errors.As(err, new(mat.Condition))
}

// ResampleUSL returns bounds at 95% for the coefficients of the law that fits the medians of x. The
// slice x holds, for each level of n, the throughput of each round; NaN if a round has none.
//
// The bounds are percentiles of fits to resampled rounds: as many as draws, each with as many rounds
// as there are, with replacement, by the seed [Efron 1979]. An infinite bound of the peak is nil. It
// reports false if fewer than nine in ten draws can be fitted.
func ResampleUSL(n []float64, x [][]float64, draws int, seed uint64) (low, high bench.USL, ok bool) {
	random := rand.New(rand.NewPCG(seed, uint64(draws)))
	var fits []bench.USL
	for range draws {
		rounds := make([]int, len(x[0]))
		for i := range rounds {
			rounds[i] = random.IntN(len(rounds))
		}
		levels, medians := mediansOf(n, x, rounds)
		if fit, err := FitUSL(levels, medians); err == nil {
			fits = append(fits, fit)
		}
	}
	if len(fits) < draws*9/10 {
		return low, high, false
	}
	bounds := func(of func(bench.USL) float64) (float64, float64) {
		var values []float64
		for _, fit := range fits {
			values = append(values, of(fit))
		}
		slices.Sort(values)
		return Quantile(values, Alpha/2), Quantile(values, 1-Alpha/2)
	}
	low.Gamma, high.Gamma = bounds(func(l bench.USL) float64 { return l.Gamma })
	low.Alpha, high.Alpha = bounds(func(l bench.USL) float64 { return l.Alpha })
	low.Beta, high.Beta = bounds(func(l bench.USL) float64 { return l.Beta })
	least, most := bounds(peakOf)
	if !math.IsInf(least, 1) {
		low.Peak = &least
	}
	if !math.IsInf(most, 1) {
		high.Peak = &most
	}
	return low, high, true
}

// peakOf returns the number of workers at which the law peaks, infinite if it does not.
func peakOf(l bench.USL) float64 {
	if l.Peak == nil {
		return math.Inf(1)
	}
	return *l.Peak
}

// mediansOf returns the levels that have a value in any of the rounds, with the medians of their
// values. A round may be given several times.
func mediansOf(n []float64, x [][]float64, rounds []int) (levels, medians []float64) {
	for level, values := range x {
		var known []float64
		for _, round := range rounds {
			if v := values[round]; !math.IsNaN(v) {
				known = append(known, v)
			}
		}
		if len(known) > 0 {
			levels, medians = append(levels, n[level]), append(medians, Median(known))
		}
	}
	return levels, medians
}
