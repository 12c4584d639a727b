package judge

import (
	"fmt"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
)

// cell is one comparison with what it is made of.
type cell struct {
	bench.Comparison
	metric bench.Metric
	places []side  // that its numbers are from
	sides  sides   // empty where there are none, or they are counted
	found  finding // at the look that decided, or else the last; of what is not counted
}

// compare sets up the comparisons of one test: by pair of targets and, for
// metrics at common rates, by rate. Those that are measured are yet to be decided.
func (c *court) compare(test bench.Test) []*cell {
	metric := bench.Metrics[test.Metric]
	blank := bench.Comparison{
		Scenario: test.Scenario, Metric: test.Metric, Unit: metric.Unit, Of: test.Of, To: test.To,
		Expect: test.Expect, Variant: test.Variant, Level: test.Level, Base: test.Base, Verdict: bench.NotTested, Warnings: []string{},
	}
	if test.Base != nil && metric.Name != "memory_per_connection" {
		blank.Unit = "" // a ratio
	}
	switch {
	case test.AtMost != nil:
		blank.Bound, blank.BoundIs = *test.AtMost, "at_most"
	case test.AtLeast != nil:
		blank.Bound, blank.BoundIs = *test.AtLeast, "at_least"
	case test.Margin != nil:
		blank.Margin = 1 + float64(*test.Margin)
	default:
		blank.Margin = metric.Margin
	}
	scenario, ok := c.run.Plan.Scenario(test.Scenario)
	if !ok {
		blank.Why = fmt.Sprintf("scenario %s was left out of this run", test.Scenario)
		if why := c.run.Plan.Skipped[test.Scenario]; why != "" {
			blank.Why = why
		}
		return []*cell{{Comparison: blank, metric: metric}}
	}
	if len(blank.Variant) == 0 {
		blank.Variant = scenario.Variants[0]
	}
	if blank.Level == "" {
		blank.Level = scenario.AllLevels()[0].Name
	}
	targets := slices.DeleteFunc(slices.Clone(c.run.Plan.Targets), func(t bench.Target) bool { return !slices.Contains(scenario.Targets, t.Name) })
	pairs := plan.Pairs(test, targets)
	if len(pairs) == 0 {
		blank.Why = "the servers to compare were left out of this run"
		return []*cell{{Comparison: blank, metric: metric}}
	}
	var all []*cell
	for _, pair := range pairs {
		for _, at := range offersOf(metric, scenario, c.run.Plan.Profile) {
			x := &cell{Comparison: blank, metric: metric}
			x.Of, x.To, x.Tier, x.Offered = pair.Of, pair.To, pair.Tier, at
			x.Warnings = []string{}
			if metric.Exact {
				c.count(x)
			} else {
				c.measured(x)
			}
			all = append(all, x)
		}
	}
	return all
}

// measured gathers the numbers of a comparison, or says why there are none.
func (c *court) measured(x *cell) {
	of, ofBase, err := c.side(x, x.Of)
	var to, toBase side
	if err == nil {
		to, toBase, err = c.side(x, x.To)
	}
	if err != nil {
		x.Why = err.Error()
		return
	}
	for _, s := range []side{of, ofBase, to, toBase} {
		if s.arm == "" {
			continue
		}
		x.places = append(x.places, s)
		for _, left := range []map[string]string{c.missing, c.excluded} {
			if reason, out := left[s.cell()]; out {
				x.Why = s.cell() + ": " + reason
				return
			}
		}
	}
	x.sides, x.Why = c.gather(x, [2]side{of, ofBase}, [2]side{to, toBase})
}

// sampled reports whether there are numbers to be judged by the round.
func (x *cell) sampled(round int) bool { return len(x.sides.round) > 0 && x.sides.round[0] <= round }

// count compares what is counted: one number a side, without any error.
func (c *court) count(x *cell) {
	number := func(target string) (float64, error) {
		if x.metric.Name == "settings" {
			t, _ := c.run.Plan.Target(target)
			return float64(len(t.Settings)), nil
		}
		arm := bench.ArmName(x.Scenario, target, x.Variant)
		err := fmt.Errorf("no round has a valid trial of %s%s", target, c.because(arm))
		for round := 1; round <= c.run.Plan.Profile.Rounds; round++ {
			if t := c.trials[arm][round]; t != nil {
				n, err := t.value(x.metric, x.Level, bench.Offered{})
				if err == nil {
					return n, nil
				}
			}
		}
		return 0, err
	}
	of, err := number(x.Of)
	var to float64
	if err == nil {
		to, err = number(x.To)
	}
	if err != nil {
		x.Why = err.Error()
		return
	}
	x.OfMedian, x.ToMedian, x.Rounds = &of, &to, 1
	if to > 0 {
		x.Ratio = finite(of / to)
		x.Low, x.High = x.Ratio, x.Ratio
	}
	more, less := of > to*x.Margin, of*x.Margin < to
	if x.Expect == bench.Lower {
		more, less = less, more
	}
	x.Why = "both are counted, so there is no error"
	switch {
	case more:
		x.Verdict = bench.Supported
	case less:
		x.Verdict = bench.Contradicted
	default:
		x.Verdict = bench.PracticallyEqual
	}
}
