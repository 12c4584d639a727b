package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// claim is a claim under judgement.
type claim struct {
	bench.ClaimVerdict
	cells []*cell
	made  []*cell // those that have a verdict
	// decisive are the verdicts of those that make the claim's, and the looks at which they were reached.
	decisive []bench.Verdict
	looks    []int
}

// claims judges all claims, which are judged together.
func (c *court) claims() (all []*claim) {
	for _, said := range c.run.Plan.Guide.Claims {
		x := &claim{ClaimVerdict: bench.ClaimVerdict{ID: said.ID, Quotes: said.Quotes, Untested: said.Untested, Tests: []bench.Comparison{}}}
		for _, test := range said.Tests {
			x.cells = append(x.cells, c.compare(test)...)
		}
		for _, cell := range x.cells {
			if cell.sampled() {
				c.tell(cell, c.find(cell, c.alpha()))
			}
			if cell.Verdict != bench.NotTested {
				x.made = append(x.made, cell)
			}
			x.Tests = append(x.Tests, cell.Comparison)
		}
		c.combine(x)
		all = append(all, x)
	}
	if !c.sequential() {
		c.holm(all)
	}
	return all
}

// combine gives the claim the verdict of its comparisons. Where two are decided, but not
// alike, it depends, whatever those would bring that are not decided; where all that are
// decided are alike, one that is not leaves it open. That all of several are so is an intersection, of
// which each part is tested at the claim's level [Berger 1982]; that two of k are
// not alike may be by chance of any, so there each is tested at a kth of it [Bonferroni].
func (c *court) combine(x *claim) {
	x.decide(c, c.alpha())
	if x.Verdict == bench.Depends {
		if x.decide(c, c.alpha()/float64(len(x.made))); x.Verdict != bench.Depends {
			x.Verdict = bench.Inconclusive
			x.Why = fmt.Sprintf("%s, one by one; that they are not alike may be chance among %d", count(verdicts(x.made)), len(x.made))
		}
	}
	switch x.Verdict {
	case bench.NotTested:
		var reasons []string
		for _, cell := range x.cells {
			if !slices.Contains(reasons, cell.Why) {
				reasons = append(reasons, cell.Why)
			}
		}
		x.Why = strings.Join(slices.Concat(reasons, x.Untested), "; ")
	case bench.Depends:
		x.Why = dependsOn(x.made)
	case bench.Inconclusive:
		x.Why = cmp.Or(x.Why, count(verdicts(x.made)))
	default:
		x.Why = fmt.Sprintf("all %d comparisons agree", len(x.made))
		if len(x.made) == 1 {
			x.Why = "by one comparison"
		}
	}
	if n := len(x.cells) - len(x.made); n > 0 && len(x.made) > 0 {
		x.Why += fmt.Sprintf("; %d more not tested", n)
	}
}

// holm keeps the verdicts of those claims only that are decided among all that are tested.
func (c *court) holm(all []*claim) {
	var tested []*claim
	var p []float64
	for _, x := range all {
		if len(x.made) > 0 {
			tested, p = append(tested, x), append(p, x.p())
		}
	}
	for len(p) < c.family { // planned, and not made: they count
		p = append(p, 1)
	}
	for i, adjusted := range inference.Holm(p)[:len(tested)] {
		x := tested[i]
		x.P, x.Adjusted = finite(p[i]), finite(adjusted)
		if x.Verdict != bench.Inconclusive && adjusted >= inference.Alpha {
			x.Why = fmt.Sprintf("%s by itself (p %.2g; %s), but not as one of %d claims (p %.2g by Holm's correction)", x.Verdict, p[i], x.Why, len(p), adjusted)
			x.Verdict = bench.Inconclusive
		}
	}
}

// decide combines what its comparisons say where they spend alpha.
func (x *claim) decide(c *court, alpha float64) {
	x.decisive, x.looks = nil, nil
	for _, cell := range x.made {
		verdict, look := cell.Verdict, 0
		if cell.sampled() {
			f := c.find(cell, alpha)
			verdict, look = f.verdict, f.look
		}
		x.decisive, x.looks = append(x.decisive, verdict), append(x.looks, look)
	}
	x.Verdict = combine(x.decisive)
}

// decidedAt is the first look at which the claim has the verdict that it has; false where
// it has none.
func (x *claim) decidedAt() (look int, ok bool) {
	if x.Verdict == bench.Inconclusive || x.Verdict == bench.NotTested {
		return 0, false
	}
	for look := range slices.Max(x.looks) + 1 {
		known := slices.Clone(x.decisive)
		for i := range known {
			if x.looks[i] > look {
				known[i] = bench.Inconclusive
			}
		}
		if combine(known) == x.Verdict {
			return look, true
		}
	}
	return 0, false
}

// p is the smallest level at which the claim would be decided: all comparisons alike, or
// two of them not.
func (x *claim) p() float64 {
	regions := map[bench.Verdict]float64{} // the smallest p-value of each
	most := 0.
	for _, cell := range x.made {
		p, region := 0., cell.Verdict // counted
		if cell.sampled() {
			p, region = cell.found.p, cell.found.region
		}
		if least, seen := regions[region]; !seen || p < least {
			regions[region] = p
		}
		most = max(most, p)
	}
	if len(regions) < 2 {
		return most
	}
	least := slices.Sorted(maps.Values(regions))
	return min(least[1]*float64(len(x.made)), 1)
}

func verdicts(cells []*cell) []bench.Verdict {
	list := make([]bench.Verdict, len(cells))
	for i, cell := range cells {
		list[i] = cell.Verdict
	}
	return list
}

// combine is the verdict that those of comparisons make.
func combine(tests []bench.Verdict) bench.Verdict {
	var first bench.Verdict
	open := false
	for _, v := range tests {
		switch {
		case v == bench.Inconclusive:
			open = true
		case first == "":
			first = v
		case v != first:
			return bench.Depends
		}
	}
	switch {
	case len(tests) == 0:
		return bench.NotTested
	case open:
		return bench.Inconclusive
	}
	return first
}

// count is "4 supported, 2 inconclusive".
func count(made []bench.Verdict) string {
	var parts []string
	for _, name := range bench.VerdictNames {
		n := 0
		for _, v := range made {
			if string(v) == name {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.Join(parts, ", ")
}

// dependsOn names the one thing by which the verdicts of a claim's tests differ,
// or counts them where no one thing explains them.
func dependsOn(tests []*cell) string {
	made := slices.DeleteFunc(slices.Clone(tests), func(t *cell) bool { return t.Verdict == bench.Inconclusive })
	undecided := ""
	if n := len(slices.DeleteFunc(slices.Clone(tests), func(t *cell) bool { return t.Verdict != bench.Inconclusive })); n > 0 {
		undecided = fmt.Sprintf("; %d inconclusive", n)
	}
	for _, factor := range []struct {
		name string
		of   func(*cell) string
	}{
		{"metric", func(t *cell) string { return t.Metric }},
		{"scenario", func(t *cell) string { return t.Scenario }},
		{"kind of work", func(t *cell) string { return bench.CellName(t.Scenario, t.Level) }},
		{"tier", func(t *cell) string { return t.Tier }},
		{"rate", func(t *cell) string { return t.Offered.String() }},
		{"server", func(t *cell) string { return t.Of }},
		{"kind of work and metric", func(t *cell) string { return bench.CellName(t.Scenario, t.Level) + " " + t.Metric }},
		{"metric and tier", func(t *cell) string { return t.Metric + ", " + t.Tier }},
	} {
		levels := map[string]bench.Verdict{}
		explains := true
		for _, t := range made {
			level := factor.of(t)
			if v, seen := levels[level]; seen && v != t.Verdict {
				explains = false
			}
			levels[level] = t.Verdict
		}
		if explains {
			var parts []string
			for _, level := range slices.Sorted(maps.Keys(levels)) {
				parts = append(parts, fmt.Sprintf("%s %s", level, levels[level]))
			}
			return fmt.Sprintf("depends on the %s: %s", factor.name, strings.Join(parts, "; ")) + undecided
		}
	}
	return "no one factor explains it: " + count(verdicts(made)) + undecided
}
