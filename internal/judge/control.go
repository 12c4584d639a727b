package judge

import (
	"math"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
)

// twinPair is a server of a scenario and its second name: the A/A twin.
type twinPair struct {
	scenario bench.Scenario
	of, twin string
}

func (j *judgment) twinPairs() (list []twinPair) {
	for _, s := range j.run.Plan.Scenarios {
		for _, name := range s.Targets {
			if twin, _ := j.run.Plan.Target(name); twin.TwinOf != "" {
				list = append(list, twinPair{scenario: s, of: twin.TwinOf, twin: name})
			}
		}
	}
	return list
}

// twins compares every server that has a second name with itself, by everything that its scenario
// measures. The comparisons share Alpha [Bonferroni]. They are judged once, on all rounds.
func (j *judgment) twins() (list []bench.Comparison) {
	var comparisons []*comparison
	for _, pair := range j.twinPairs() {
		for _, m := range metric.All() {
			if m.Counted || m.NeedsBase() || !pair.scenario.Measures(m.Measures...) {
				continue
			}
			for _, l := range pair.scenario.AllLevels() {
				comparisons = append(comparisons, j.compare(bench.Test{
					Scenario: pair.scenario.Name,
					Metric:   m.Name,
					Of:       pair.of,
					To:       pair.twin,
					Expect:   bench.Higher,
					Level:    l.Name,
				})...)
			}
		}
	}
	comparisons = slices.DeleteFunc(comparisons, func(c *comparison) bool {
		return !c.sampled(j.run.Plan.Profile.Rounds)
	})
	for _, c := range comparisons {
		f := j.findAt(c, len(j.looks)-1, inference.Alpha/float64(len(comparisons)))
		j.publish(c, f)
		list = append(list, c.Comparison)
	}
	return list
}

// different returns the A/A comparisons that are decided different.
func different(twins []bench.Comparison) []bench.Comparison {
	return slices.DeleteFunc(slices.Clone(twins), func(c bench.Comparison) bool {
		return c.Verdict != bench.Supported && c.Verdict != bench.Contradicted
	})
}

// controlMetrics lists the metrics that the positive control is judged by: both show the cost of a request.
var controlMetrics = []metric.Metric{metric.CPUPer1k, metric.Throughput}

// workShare is the least share of a request's cost that is the known work itself. The rest is the
// server's handling of the request, which does not grow. A control of n times the work shows at least
// 1 + workShare (n - 1).
const workShare = .95

// knownWork is a server's level of known work, with the level that its work is a multiple of.
type knownWork struct {
	scenario, server string
	level            bench.Level
	place            place
}

func (j *judgment) knownWorks() (list []knownWork) {
	for _, s := range j.run.Plan.Scenarios {
		for _, l := range s.Levels {
			if l.ControlOf == "" {
				continue
			}
			for _, server := range slices.Sorted(slices.Values(s.Targets)) {
				if entry, _ := j.run.Plan.Target(server); entry.TwinOf != "" {
					continue
				}
				arm := bench.ArmName(s.Name, server, s.Variants[0])
				list = append(list, knownWork{
					scenario: s.Name,
					server:   server,
					level:    l,
					place:    place{bench.Cell{Arm: arm, Level: l.Name}, bench.Cell{Arm: arm, Level: l.ControlOf}},
				})
			}
		}
	}
	return list
}

// checks returns the cells of the A/A twin and of the positive control.
func (j *judgment) checks() (list []bench.Cell) {
	for _, pair := range j.twinPairs() {
		for _, server := range []string{pair.of, pair.twin} {
			arm := bench.ArmName(pair.scenario.Name, server, pair.scenario.Variants[0])
			for _, l := range pair.scenario.AllLevels() {
				list = append(list, bench.Cell{Arm: arm, Level: l.Name})
			}
		}
	}
	for _, k := range j.knownWorks() {
		list = append(list, k.place.cell, k.place.base)
	}
	return list
}

// controls returns what the levels of known work showed. The intervals share Alpha [Bonferroni].
func (j *judgment) controls() (list []bench.Control) {
	var logs [][]float64
	for _, k := range j.knownWorks() {
		if j.missing[k.place.cell] != "" || j.missing[k.place.base] != "" { // not available on this machine
			continue
		}
		for _, m := range controlMetrics {
			costs := j.costs(k, m)
			logs = append(logs, costs)
			list = append(list, bench.Control{
				Scenario: k.scenario,
				Target:   k.server,
				Level:    k.level.Name,
				Metric:   m.Name,
				Work:     k.level.Work,
				Rounds:   len(costs),
			})
		}
	}
	for i := range list {
		c := &list[i]
		level := inference.Alpha / float64(len(list))
		interval := inference.TInterval(logs[i], level)
		c.Confidence = 1 - level
		if interval.N > 0 {
			c.Ratio = math.Exp(interval.Mean)
		}
		if interval.N > 1 {
			c.Low, c.High = math.Exp(interval.Low), math.Exp(interval.High)
			c.Found = c.Low > 1 && c.Low <= c.Work && c.High >= 1+workShare*(c.Work-1)
		}
	}
	return list
}

// costs returns the log of the ratio of a request's costs, by round: known work against its base.
func (j *judgment) costs(k knownWork, m metric.Metric) (logs []float64) {
	q := quantity{metric: m}
	for round := 1; round <= j.run.Plan.Profile.Rounds; round++ {
		x, err := j.relative(q, k.place, round)
		if err != nil {
			continue
		}
		if m.Better == bench.Higher { // the more, the less a request costs
			x = 1 / x
		}
		logs = append(logs, math.Log(x))
	}
	return logs
}
