package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
)

// scaling returns the curves of every scenario that measures scaling: throughput against the connections
// of its levels, or against the workers of its variants.
func (j *judgment) scaling() []bench.Scaling {
	var list []bench.Scaling
	for _, s := range j.run.Plan.Scenarios {
		if !s.Measures(bench.MeasureScaling) {
			continue
		}
		curves := map[string]*curve{}
		for _, arm := range slices.Sorted(maps.Keys(j.trials)) {
			for round, t := range j.trials[arm] {
				if t.Result.Trial.Scenario != s.Name {
					continue
				}
				for _, l := range s.AllLevels() {
					j.addPoint(curves, t, round, l)
				}
			}
		}
		for _, server := range slices.Sorted(maps.Keys(curves)) {
			list = append(list, curves[server].fitted(j.run.Plan.Profile.Rounds, j.run.Plan.Seed))
		}
	}
	return list
}

// curve is a server's scaling. Its points lie at rising N, with one value per round.
type curve struct {
	bench.Scaling
	points map[float64]*point
}

// point holds what the rounds show at one N.
type point struct {
	throughput, memory map[int]float64 // by round
	lowerBound         bool            // in some round
}

// addPoint adds what a trial shows at a level to its server's curve.
func (j *judgment) addPoint(curves map[string]*curve, t *metric.Trial, round int, l bench.Level) {
	sample := t.At(l.Name, bench.Offered{})
	throughput, err := metric.Throughput.Take(sample)
	if err != nil {
		return
	}
	of, n := "workers", t.Workers()
	if l.Connections > 0 {
		of, n = "connections", float64(l.Connections)
	}
	server := t.Result.Trial.Target
	if curves[server] == nil {
		curves[server] = &curve{
			Scaling: bench.Scaling{Scenario: t.Scenario.Name, Target: server, Of: of},
			points:  map[float64]*point{},
		}
	}
	p := curves[server].points[n]
	if p == nil {
		p = &point{throughput: map[int]float64{}, memory: map[int]float64{}}
		curves[server].points[n] = p
	}
	p.throughput[round] = throughput
	if memory, err := metric.Memory.Take(sample); err == nil {
		p.memory[round] = memory
	}
	cell := bench.Cell{Arm: t.Result.Trial.Arm(), Level: l.Name}
	if j.limits(quantity{metric: metric.Throughput}, cell, round).lowerBound {
		p.lowerBound = true
	}
}

// resamples is how often rounds are drawn with replacement for the intervals of a scaling law.
const resamples = 1000

// leastResampled is the fewest rounds for which an interval is given: fewer show too little scatter.
const leastResampled = 6

// fitted returns the curve by its medians, with the Universal Scalability Law that fits them.
func (c *curve) fitted(rounds int, seed uint64) bench.Scaling {
	var at, medians []float64
	var all [][]float64
	fewest, bounds := math.MaxInt, 0
	for _, n := range slices.Sorted(maps.Keys(c.points)) {
		p := c.points[n]
		median := inference.Median(slices.Collect(maps.Values(p.throughput)))
		c.Points = append(c.Points, bench.ScalingPoint{
			N:          n,
			Throughput: median,
			Memory:     inference.Median(slices.Collect(maps.Values(p.memory))),
			AtLeast:    p.lowerBound,
		})
		at, medians, all = append(at, n), append(medians, median), append(all, p.byRound(rounds))
		fewest = min(fewest, len(p.throughput))
		if p.lowerBound {
			bounds++
		}
	}
	var why []string
	if fit, err := inference.FitUSL(at, medians); err != nil {
		why = append(why, err.Error())
	} else {
		c.Fit = &fit
		if low, high, ok := inference.ResampleUSL(at, all, resamples, seed); ok && fewest >= leastResampled {
			c.Low, c.High = &low, &high
		}
	}
	if bounds > 0 {
		why = append(why, fmt.Sprintf("at %d of %d levels, something other than the server was at its limit, "+
			"so these are lower bounds", bounds, len(at)))
	}
	c.Why = strings.Join(why, "; ")
	return c.Scaling
}

// byRound returns the throughput of each round from 1; NaN if the round has none.
func (p *point) byRound(rounds int) []float64 {
	list := make([]float64, rounds)
	for r := range list {
		list[r] = math.NaN()
		if x, ok := p.throughput[r+1]; ok {
			list[r] = x
		}
	}
	return list
}
