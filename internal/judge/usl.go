package judge

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

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
	best, found := bench.USL{}, math.Inf(1)
	for _, free := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} { // the others are 0
		if fit, sse, ok := fitUSL(n, x, free); ok && sse < found*(1-1e-12) {
			best, found = fit, sse
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

// fitUSL fits gamma and the free coefficients by Levenberg and Marquardt's method
// [Marquardt 1963]. It reports false where the least squares lie outside [0, 1].
func fitUSL(n, x []float64, free [2]bool) (fit bench.USL, sse float64, ok bool) {
	p := []float64{x[0] / n[0], 0, 0}
	if free[0] {
		p[1] = .05
	}
	if free[1] {
		p[2] = .001
	}
	columns := []int{0}
	for i, f := range free {
		if f {
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

// scaling are the curves of every scenario that measures scaling: throughput against
// the connections of its levels, or the workers of its variants.
func (c *court) scaling() []bench.Scaling {
	var list []bench.Scaling
	for _, s := range c.run.Plan.Scenarios {
		if !s.Measures(bench.MeasureScaling) {
			continue
		}
		curves := map[string]*bench.Scaling{}
		values, memory, bounds := map[string]map[float64][]float64{}, map[string]map[float64][]float64{}, map[string]map[float64]bool{}
		for _, arm := range slices.Sorted(maps.Keys(c.trials)) {
			for round, t := range c.trials[arm] {
				if t.result.Trial.Scenario != s.Name {
					continue
				}
				for _, l := range s.AllLevels() {
					x, err := t.value(bench.Metrics["throughput"], l.Name, 0)
					if err != nil {
						continue
					}
					of, n := "workers", workers(t.result.Trial.Variant)
					if l.Connections > 0 {
						of, n = "connections", float64(l.Connections)
					}
					name := t.result.Trial.Target
					if curves[name] == nil {
						curves[name] = &bench.Scaling{Scenario: s.Name, Target: name, Of: of}
						values[name], memory[name], bounds[name] = map[float64][]float64{}, map[float64][]float64{}, map[float64]bool{}
					}
					values[name][n] = append(values[name][n], x)
					if m, err := t.value(bench.Metrics["memory_bytes"], l.Name, 0); err == nil {
						memory[name][n] = append(memory[name][n], m)
					}
					if c.caveats(&bench.Comparison{}, bench.Metrics["throughput"], side{arm, l.Name}, round) {
						bounds[name][n] = true
					}
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(curves)) {
			curve := curves[name]
			var x, y []float64
			for _, n := range slices.Sorted(maps.Keys(values[name])) {
				median := bench.Median(values[name][n])
				curve.Points = append(curve.Points, bench.ScalingPoint{N: n, Throughput: median, Memory: bench.Median(memory[name][n]), AtLeast: bounds[name][n]})
				x, y = append(x, n), append(y, median)
			}
			if fit, err := FitUSL(x, y); err != nil {
				curve.Why = err.Error()
			} else {
				curve.Fit = &fit
			}
			if n := len(bounds[name]); n > 0 {
				curve.Why = strings.TrimPrefix(curve.Why+"; ", "; ") + fmt.Sprintf("at %d of %d levels something else than the server was at its limit, so these are lower bounds", n, len(x))
			}
			list = append(list, *curve)
		}
	}
	return list
}
