package judge

import (
	"math"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// pairOfTwins is a server of a scenario and its second name: the A/A arm.
type pairOfTwins struct {
	scenario bench.Scenario
	of, twin string
}

func (c *court) pairsOfTwins() (list []pairOfTwins) {
	for _, s := range c.run.Plan.Scenarios {
		for _, name := range s.Targets {
			if twin, _ := c.run.Plan.Target(name); twin.TwinOf != "" {
				list = append(list, pairOfTwins{s, twin.TwinOf, name})
			}
		}
	}
	return list
}

// twins compares every server that runs under a second name with itself, by all that its
// scenario measures. The comparisons share Alpha [Bonferroni]; they are judged once, on all rounds.
func (c *court) twins() (list []bench.Comparison) {
	var cells []*cell
	for _, pair := range c.pairsOfTwins() {
		for _, metric := range bench.MetricNames() {
			m := bench.Metrics[metric]
			if m.Exact || m.Based || !pair.scenario.Measures(m.Measures...) {
				continue
			}
			for _, l := range pair.scenario.AllLevels() {
				cells = append(cells, c.compare(bench.Test{Scenario: pair.scenario.Name, Metric: metric, Of: pair.of, To: pair.twin, Expect: bench.Higher, Level: l.Name})...)
			}
		}
	}
	cells = slices.DeleteFunc(cells, func(x *cell) bool { return !x.sampled(c.run.Plan.Profile.Rounds) })
	for _, x := range cells {
		f := c.findAt(x, len(c.looks)-1, inference.Alpha/float64(len(cells)))
		c.tell(x, f)
		list = append(list, x.Comparison)
	}
	return list
}

// different are the A/A comparisons that are decided different.
func different(twins []bench.Comparison) []bench.Comparison {
	return slices.DeleteFunc(slices.Clone(twins), func(x bench.Comparison) bool {
		return x.Verdict != bench.Supported && x.Verdict != bench.Contradicted
	})
}

// controlMetrics are what the positive control is judged on: both grow with the work.
var controlMetrics = []string{"cpu_seconds_per_1k", "throughput"}

// kernelShare is the least share of a request's cost that is the work itself: the rest is
// the server's around it, and does not grow. A control of so many times the work
// shows 1 + kernelShare (work - 1) at least.
const kernelShare = .95

// knownWork is a server's level of known work, and that which it is so many times of.
type knownWork struct {
	scenario, target string
	level            bench.Level
	at               [2]side
}

func (c *court) knownWorks() (list []knownWork) {
	for _, s := range c.run.Plan.Scenarios {
		for _, l := range s.Levels {
			if l.ControlOf == "" {
				continue
			}
			for _, target := range slices.Sorted(slices.Values(s.Targets)) {
				if on, _ := c.run.Plan.Target(target); on.TwinOf != "" {
					continue
				}
				arm := bench.ArmName(s.Name, target, s.Variants[0])
				list = append(list, knownWork{s.Name, target, l, [2]side{{arm, l.Name}, {arm, l.ControlOf}}})
			}
		}
	}
	return list
}

// guards are the places of the A/A arm and of the positive control.
func (c *court) guards() (list []side) {
	for _, pair := range c.pairsOfTwins() {
		for _, target := range []string{pair.of, pair.twin} {
			for _, l := range pair.scenario.AllLevels() {
				list = append(list, side{bench.ArmName(pair.scenario.Name, target, pair.scenario.Variants[0]), l.Name})
			}
		}
	}
	for _, k := range c.knownWorks() {
		list = append(list, k.at[:]...)
	}
	return list
}

// controls are what the levels of known work showed. The intervals share Alpha
// [Bonferroni].
func (c *court) controls() (list []bench.Control) {
	var logs [][]float64
	for _, k := range c.knownWorks() {
		for _, metric := range controlMetrics {
			var costs []float64
			for round := 1; round <= c.run.Plan.Profile.Rounds; round++ {
				x, err := c.relative(k.at, round, bench.Metrics[metric], bench.Offered{})
				if metric == "throughput" {
					x = 1 / x
				}
				if err == nil {
					costs = append(costs, math.Log(x))
				}
			}
			if c.missing[k.at[0].cell()] != "" || c.missing[k.at[1].cell()] != "" { // not to be had here
				continue
			}
			logs = append(logs, costs)
			list = append(list, bench.Control{Scenario: k.scenario, Target: k.target, Level: k.level.Name, Metric: metric, Work: k.level.Work, Rounds: len(costs)})
		}
	}
	for i := range list {
		x := &list[i]
		level := inference.Alpha / float64(len(list))
		interval := inference.TInterval(logs[i], level)
		x.Confidence = 1 - level
		if interval.N > 0 {
			x.Ratio = math.Exp(interval.Mean)
		}
		if interval.N > 1 {
			x.Low, x.High = math.Exp(interval.Low), math.Exp(interval.High)
			x.Found = x.Low > 1 && x.Low <= x.Work && x.High >= 1+kernelShare*(x.Work-1)
		}
	}
	return list
}
