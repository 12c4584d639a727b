package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// scaling are the curves of every scenario that measures scaling: throughput against
// the connections of its levels, or the workers of its variants.
func (c *court) scaling() []bench.Scaling {
	var list []bench.Scaling
	for _, s := range c.run.Plan.Scenarios {
		if !s.Measures(bench.MeasureScaling) {
			continue
		}
		curves := map[string]*curve{}
		for _, arm := range slices.Sorted(maps.Keys(c.trials)) {
			for round, t := range c.trials[arm] {
				if t.result.Trial.Scenario != s.Name {
					continue
				}
				for _, l := range s.AllLevels() {
					c.point(curves, t, arm, round, l)
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(curves)) {
			list = append(list, curves[name].fitted(c.run.Plan.Profile.Rounds, c.run.Plan.Seed))
		}
	}
	return list
}

// curve is a server's scaling, a value a round at each N.
type curve struct {
	bench.Scaling
	throughput, memory map[float64]map[int]float64
	bounds             map[float64]bool // known from below only, in some round
}

// point adds what a trial shows at a level to its server's curve.
func (c *court) point(curves map[string]*curve, t *trial, arm string, round int, l bench.Level) {
	x, err := t.value(bench.Metrics["throughput"], l.Name, bench.Offered{})
	if err != nil {
		return
	}
	of, n := "workers", workers(t.result.Trial.Variant)
	if l.Connections > 0 {
		of, n = "connections", float64(l.Connections)
	}
	name := t.result.Trial.Target
	on := curves[name]
	if on == nil {
		on = &curve{Scaling: bench.Scaling{Scenario: t.scenario.Name, Target: name, Of: of},
			throughput: map[float64]map[int]float64{}, memory: map[float64]map[int]float64{}, bounds: map[float64]bool{}}
		curves[name] = on
	}
	if on.throughput[n] == nil {
		on.throughput[n], on.memory[n] = map[int]float64{}, map[int]float64{}
	}
	on.throughput[n][round] = x
	if m, err := t.value(bench.Metrics["memory_bytes"], l.Name, bench.Offered{}); err == nil {
		on.memory[n][round] = m
	}
	if c.caveats(&cell{metric: bench.Metrics["throughput"]}, side{arm, l.Name}, round) {
		on.bounds[n] = true
	}
}

// draws is how often rounds are drawn anew for the intervals of a law.
const draws = 1000

// leastResampled is the fewest rounds of which an interval is given: to draw anew from fewer shows
// too little scatter.
const leastResampled = 6

// fewest is the smallest number of rounds at any N.
func (x *curve) fewest() int {
	n := math.MaxInt
	for _, rounds := range x.throughput {
		n = min(n, len(rounds))
	}
	return n
}

// fitted is the curve by its medians, with the law that fits them.
func (x *curve) fitted(rounds int, seed uint64) bench.Scaling {
	var at, medians []float64
	var all [][]float64
	for _, n := range slices.Sorted(maps.Keys(x.throughput)) {
		median := inference.Median(slices.Collect(maps.Values(x.throughput[n])))
		x.Points = append(x.Points, bench.ScalingPoint{N: n, Throughput: median, Memory: inference.Median(slices.Collect(maps.Values(x.memory[n]))), AtLeast: x.bounds[n]})
		byRound := make([]float64, rounds)
		for r := range byRound {
			byRound[r] = math.NaN()
			if v, ok := x.throughput[n][r+1]; ok {
				byRound[r] = v
			}
		}
		at, medians, all = append(at, n), append(medians, median), append(all, byRound)
	}
	if fit, err := inference.FitUSL(at, medians); err != nil {
		x.Why = err.Error()
	} else {
		x.Fit = &fit
		if low, high, ok := inference.ResampleUSL(at, all, draws, seed); ok && x.fewest() >= leastResampled {
			x.Low, x.High = &low, &high
		}
	}
	if n := len(x.bounds); n > 0 {
		x.Why = strings.TrimPrefix(x.Why+"; ", "; ") + fmt.Sprintf("at %d of %d levels something else than the server was at its limit, so these are lower bounds", n, len(at))
	}
	return x.Scaling
}
