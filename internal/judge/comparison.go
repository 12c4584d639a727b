package judge

import (
	"fmt"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/plan"
)

// comparison is one comparison of a test, with the numbers that it rests on.
type comparison struct {
	bench.Comparison
	metric metric.Metric
	of, to place
	rounds rounds  // none if there are no numbers, or if they are counted
	found  finding // at the look that decided it, otherwise at the last; unused if it is counted
}

// place names the cell that the numbers of one side come from, and the cell that they are relative to.
type place struct {
	cell bench.Cell
	base bench.Cell // zero if the number stands for itself
}

// cells returns the cells that the comparison takes numbers from.
func (c *comparison) cells() []bench.Cell {
	all := []bench.Cell{c.of.cell, c.of.base, c.to.cell, c.to.base}
	return slices.DeleteFunc(all, bench.Cell.IsZero)
}

// quantity returns what the comparison's numbers say.
func (c *comparison) quantity() quantity { return quantity{metric: c.metric, offered: c.Offered} }

// warn adds a warning to the comparison, once.
func (c *comparison) warn(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(c.Warnings, w) {
		c.Warnings = append(c.Warnings, w)
	}
}

// sampled reports whether the comparison has a number by the end of the round.
func (c *comparison) sampled(round int) bool {
	return len(c.rounds.pairings) > 0 && c.rounds.pairings[0].round <= round
}

// margin returns the comparison's margin as a ratio above 1; a bound has none, so that it is 1.
func (c *comparison) margin() float64 {
	if c.To == "" {
		return 1
	}
	return c.Margin
}

// sign is 1 if the claim expects more of the first side than of the second or the bound, otherwise -1.
func (c *comparison) sign() float64 {
	if c.Expect == bench.Lower || c.BoundIs == "at_most" {
		return -1
	}
	return 1
}

// compare sets up the comparisons of one test: one for each pair of servers and, for a metric at common
// rates, for each rate. Counted ones are decided at once; measured ones have their numbers gathered.
func (j *judgment) compare(test bench.Test) []*comparison {
	m := metric.Find(test.Metric)
	blank := newComparison(test, m)
	scenario, ok := j.run.Plan.Scenario(test.Scenario)
	if !ok {
		blank.Why = fmt.Sprintf("scenario %s was left out of this run", test.Scenario)
		if why := j.run.Plan.Skipped[test.Scenario]; why != "" {
			blank.Why = why
		}
		return []*comparison{{Comparison: blank, metric: m}}
	}
	if len(blank.Variant) == 0 {
		blank.Variant = scenario.Variants[0]
	}
	if blank.Level == "" {
		blank.Level = scenario.AllLevels()[0].Name
	}
	pairs := plan.Pairs(test, j.servers(scenario))
	if len(pairs) == 0 {
		blank.Why = "the servers to compare were left out of this run"
		return []*comparison{{Comparison: blank, metric: m}}
	}
	var all []*comparison
	for _, pair := range pairs {
		for _, at := range m.Offers(scenario, j.run.Plan.Profile) {
			c := &comparison{Comparison: blank, metric: m}
			c.Of, c.To, c.Tier, c.Offered = pair.Of, pair.To, pair.Tier, at
			c.Warnings = []string{}
			if m.Counted {
				j.count(c)
			} else {
				j.gather(c)
			}
			all = append(all, c)
		}
	}
	return all
}

// newComparison returns the test's comparison as far as the test alone determines it.
func newComparison(test bench.Test, m metric.Metric) bench.Comparison {
	c := bench.Comparison{
		Scenario: test.Scenario,
		Metric:   test.Metric,
		Unit:     m.Unit,
		Of:       test.Of,
		To:       test.To,
		Expect:   test.Expect,
		Variant:  test.Variant,
		Level:    test.Level,
		Base:     test.Base,
		Verdict:  bench.NotTested,
		Warnings: []string{},
	}
	if test.Base != nil && !m.NeedsBase() {
		c.Unit = "" // a ratio
	}
	switch {
	case test.AtMost != nil:
		c.Bound, c.BoundIs = *test.AtMost, "at_most"
	case test.AtLeast != nil:
		c.Bound, c.BoundIs = *test.AtLeast, "at_least"
	case test.Margin != nil:
		c.Margin = 1 + float64(*test.Margin)
	default:
		c.Margin = m.Margin
	}
	return c
}

// servers returns the plan's servers that run the scenario.
func (j *judgment) servers(s bench.Scenario) []bench.Target {
	return slices.DeleteFunc(slices.Clone(j.run.Plan.Targets), func(t bench.Target) bool {
		return !slices.Contains(s.Targets, t.Name)
	})
}

// place finds the cells of one side of the comparison.
func (j *judgment) place(c *comparison, server string) (place, error) {
	if server == "" {
		return place{}, nil
	}
	p := place{cell: bench.Cell{Arm: bench.ArmName(c.Scenario, server, c.Variant), Level: c.Level}}
	b := c.Base
	if b == nil {
		return p, nil
	}
	variant, level := c.Variant, c.Level
	if len(b.Variant) > 0 {
		variant = b.Variant
	}
	if b.Level != "" {
		level = b.Level
	}
	if b.Target != "" {
		server = b.Target
	}
	if b.Quickstart {
		targets := j.run.Plan.Targets
		i := slices.IndexFunc(targets, func(t bench.Target) bool { return t.QuickstartOf == server })
		if i < 0 {
			return p, fmt.Errorf("%s has no quick start in this run", server)
		}
		scenario, _ := j.run.Plan.Scenario(c.Scenario)
		server, variant = targets[i].Name, scenario.Variants[0]
	}
	p.base = bench.Cell{Arm: bench.ArmName(c.Scenario, server, variant), Level: level}
	return p, nil
}

// gather finds the cells of a measured comparison and pairs their numbers. Why says what stands in the
// way if there are none.
func (j *judgment) gather(c *comparison) {
	var err error
	if c.of, err = j.place(c, c.Of); err == nil {
		c.to, err = j.place(c, c.To)
	}
	if err != nil {
		c.Why = err.Error()
		return
	}
	for _, cell := range c.cells() {
		for _, left := range []map[bench.Cell]string{j.missing, j.excluded} {
			if reason, out := left[cell]; out {
				c.Why = cell.String() + ": " + reason
				return
			}
		}
	}
	c.rounds, c.Why = j.pair(c)
}

// count decides a comparison of counted numbers: one for each side, without error.
func (j *judgment) count(c *comparison) {
	of, err := j.counted(c, c.Of)
	var to float64
	if err == nil {
		to, err = j.counted(c, c.To)
	}
	if err != nil {
		c.Why = err.Error()
		return
	}
	c.OfMedian, c.ToMedian, c.Rounds = &of, &to, 1
	if to > 0 {
		c.Ratio = finite(of / to)
		c.Low, c.High = c.Ratio, c.Ratio
	}
	more, less := of > to*c.Margin, of*c.Margin < to
	if c.Expect == bench.Lower {
		more, less = less, more
	}
	c.Why = "both figures are exact, so there is no error"
	switch {
	case more:
		c.Verdict = bench.Supported
	case less:
		c.Verdict = bench.Contradicted
	default:
		c.Verdict = bench.PracticallyEqual
	}
}

// counted returns a server's counted number: from its catalogue entry, or from its first valid trial.
func (j *judgment) counted(c *comparison, server string) (float64, error) {
	entry, _ := j.run.Plan.Target(server)
	if n, ok := c.metric.Count(entry); ok {
		return n, nil
	}
	arm := bench.ArmName(c.Scenario, server, c.Variant)
	err := fmt.Errorf("no round has a valid trial of %s%s", server, j.because(arm))
	for round := 1; round <= j.run.Plan.Profile.Rounds; round++ {
		if t := j.trials[arm][round]; t != nil {
			n, failed := c.metric.Take(t.At(c.Level, bench.Offered{}))
			if failed == nil {
				return n, nil
			}
			err = failed
		}
	}
	return 0, err
}
