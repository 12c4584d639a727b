package judge

import (
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
	look  int     // at which it was decided, or else the last
	made  []*cell // comparisons that had a verdict by then
	// decisive are the verdicts of those that make the claim's.
	decisive []bench.Verdict
}

// claims judges all claims, which are judged together.
func (c *court) claims() (all []*claim) {
	for _, said := range c.run.Plan.Guide.Claims {
		x := &claim{ClaimVerdict: bench.ClaimVerdict{ID: said.ID, Quotes: said.Quotes, Untested: said.Untested, Tests: []bench.Comparison{}}}
		for _, test := range said.Tests {
			x.cells = append(x.cells, c.compare(test)...)
		}
		for x.look = range c.looks {
			if c.judge(x); x.decided() {
				break
			}
		}
		for _, cell := range x.cells {
			switch rounds := c.looks[x.look].Rounds; {
			case cell.sampled(rounds):
				c.tell(cell, c.find(cell, c.alpha(), x.look))
			case cell.sampled(c.run.Plan.Profile.Rounds):
				cell.Why = fmt.Sprintf("it had no number yet when the claim was decided, after %d rounds", rounds)
			}
		}
		c.say(x)
		all = append(all, x)
	}
	if !c.sequential() {
		c.holm(all)
	}
	for _, x := range all {
		for _, cell := range x.cells {
			x.Tests = append(x.Tests, cell.Comparison)
		}
	}
	return all
}

// decided reports whether the claim has a verdict that later rounds are not to change.
func (x *claim) decided() bool {
	return x.Verdict != bench.Inconclusive && x.Verdict != bench.NotTested
}

// judge gives the claim the verdict that its comparisons make at its look. Where two are decided, but not
// alike, it depends, whatever those would bring that are not decided; where all that are
// decided are alike, one that is not leaves it open. That all of several are so is an
// intersection, of which each part is tested at the claim's level [Berger 1982]; that two of k
// are not alike may be by chance of any, so there each is tested at a kth of it [Bonferroni].
func (c *court) judge(x *claim) {
	x.made = nil
	for _, cell := range x.cells {
		if cell.sampled(c.looks[x.look].Rounds) || cell.metric.Exact && cell.Verdict != bench.NotTested {
			x.made = append(x.made, cell)
		}
	}
	x.decisive = c.verdicts(x, c.alpha())
	if x.Verdict = combine(x.decisive); x.Verdict == bench.Depends {
		x.decisive = c.verdicts(x, c.strict(x))
		if x.Verdict = combine(x.decisive); x.Verdict != bench.Depends {
			x.Verdict = bench.Inconclusive
		}
	}
}

// strict is the error probability at which each of the claim's comparisons is tested for that they are
// not alike.
func (c *court) strict(x *claim) float64 { return c.alpha() / float64(max(len(x.made), 1)) }

// verdicts are those of the comparisons that were made, where they spend alpha up to the claim's look.
func (c *court) verdicts(x *claim, alpha float64) []bench.Verdict {
	list := make([]bench.Verdict, len(x.made))
	for i, cell := range x.made {
		list[i] = cell.Verdict // counted
		if !cell.metric.Exact {
			list[i] = c.find(cell, alpha, x.look).verdict
		}
	}
	return list
}

// say says why the claim has its verdict.
func (c *court) say(x *claim) {
	each := verdicts(x.made)
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
		x.Why = dependsOn(x.made, x.decisive)
	case bench.Inconclusive:
		x.Why = count(each)
		if combine(each) == bench.Depends {
			x.Why = fmt.Sprintf("%s, one by one; that they are not alike may be chance among %d", count(each), len(each))
		}
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
			continue
		}
		if x.decided() && adjusted > 0 && !x.robust(inference.Alpha*p[i]/adjusted) {
			x.Why = fmt.Sprintf("%s by itself (%s), but fragile as one of %d claims: the sign-flip test does not agree at the level that is left to it", x.Verdict, x.Why, len(p))
			x.Verdict = bench.Inconclusive
		}
	}
}

// robust reports whether the claim's verdict stands where each comparison's decision must be confirmed
// by the sign-flip test, as far as that could be, at the claim's level.
func (x *claim) robust(level float64) bool {
	if x.Verdict == bench.Depends {
		level /= float64(len(x.made))
	}
	confirmed := slices.Clone(x.decisive)
	for i, cell := range x.made {
		if f := cell.found; !cell.metric.Exact && confirmed[i] != bench.Inconclusive {
			if _, fragile := inference.Fragile(f.tested, f.margin, f.region, level); fragile {
				confirmed[i] = bench.Inconclusive
			}
		}
	}
	return combine(confirmed) == x.Verdict
}

// p is the smallest level at which the claim would be decided: all comparisons alike, or
// two of them not.
func (x *claim) p() float64 {
	regions := map[bench.Verdict]float64{} // the smallest p-value of each
	most := 0.
	for _, cell := range x.made {
		p, region := 0., cell.Verdict // counted
		if !cell.metric.Exact {
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

// dependsOn names the one thing by which the verdicts of a claim's comparisons differ,
// or counts them where no one thing explains them.
func dependsOn(cells []*cell, verdicts []bench.Verdict) string {
	type decided struct {
		*cell
		verdict bench.Verdict
	}
	var made []decided
	var words []bench.Verdict
	for i, x := range cells {
		if verdicts[i] != bench.Inconclusive {
			made, words = append(made, decided{x, verdicts[i]}), append(words, verdicts[i])
		}
	}
	undecided := ""
	if n := len(cells) - len(made); n > 0 {
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
			level := factor.of(t.cell)
			if v, seen := levels[level]; seen && v != t.verdict {
				explains = false
			}
			levels[level] = t.verdict
		}
		if explains {
			var parts []string
			for _, level := range slices.Sorted(maps.Keys(levels)) {
				parts = append(parts, fmt.Sprintf("%s %s", level, levels[level]))
			}
			return fmt.Sprintf("depends on the %s: %s", factor.name, strings.Join(parts, "; ")) + undecided
		}
	}
	return "no one factor explains it: " + count(words) + undecided
}
