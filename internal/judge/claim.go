package judge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// claim is a claim while it is judged.
type claim struct {
	bench.ClaimVerdict
	comparisons []*comparison
	look        int           // at which it was decided, otherwise the last
	made        []*comparison // comparisons that had a verdict by then
	// decisive holds the verdicts of made from which the claim's follows.
	decisive []bench.Verdict
}

// claims judges all claims as one family.
func (j *judgment) claims() (all []*claim) {
	for _, said := range j.run.Plan.Guide.Claims {
		c := &claim{ClaimVerdict: bench.ClaimVerdict{
			ID:       said.ID,
			Quotes:   said.Quotes,
			Untested: said.Untested,
			Tests:    []bench.Comparison{},
		}}
		for _, test := range said.Tests {
			c.comparisons = append(c.comparisons, j.compare(test)...)
		}
		for c.look = range j.looks {
			if j.judge(c); c.decided() {
				break
			}
		}
		rounds := j.looks[c.look].Rounds
		for _, x := range c.comparisons {
			switch {
			case x.sampled(rounds):
				j.publish(x, j.find(x, j.alpha(), c.look))
			case x.sampled(j.run.Plan.Profile.Rounds):
				x.Why = fmt.Sprintf("it had no figure yet when the claim was decided, after %d rounds", rounds)
			}
		}
		c.Why = c.reason()
		all = append(all, c)
	}
	if !j.sequential() {
		j.holm(all)
	}
	for _, c := range all {
		for _, x := range c.comparisons {
			c.Tests = append(c.Tests, x.Comparison)
		}
	}
	return all
}

// decided reports whether the claim has a verdict that later rounds must not change.
func (c *claim) decided() bool {
	return c.Verdict != bench.Inconclusive && c.Verdict != bench.NotTested
}

// judge gives the claim the verdict of its comparisons at its look. The claim depends if two comparisons
// are decided differently, regardless of the undecided ones. If all decided ones agree, an undecided one
// keeps the claim inconclusive. That all agree is an intersection, of which each part is tested at the
// claim's level [Berger 1982]; that two of k differ may be chance of any of them, so each is then tested
// at a kth of that level [Bonferroni].
func (j *judgment) judge(c *claim) {
	c.made = nil
	for _, x := range c.comparisons {
		if x.sampled(j.looks[c.look].Rounds) || x.metric.Counted && x.Verdict != bench.NotTested {
			c.made = append(c.made, x)
		}
	}
	c.decisive = j.verdicts(c, j.alpha())
	if c.Verdict = combine(c.decisive); c.Verdict == bench.Depends {
		c.decisive = j.verdicts(c, j.strict(c))
		if c.Verdict = combine(c.decisive); c.Verdict != bench.Depends {
			c.Verdict = bench.Inconclusive
		}
	}
}

// strict returns the error probability at which each comparison is tested for differing from the others.
func (j *judgment) strict(c *claim) float64 { return j.alpha() / float64(max(len(c.made), 1)) }

// verdicts returns the verdicts of the comparisons that were made, each spending alpha up to the claim's
// look.
func (j *judgment) verdicts(c *claim, alpha float64) []bench.Verdict {
	list := make([]bench.Verdict, len(c.made))
	for i, x := range c.made {
		list[i] = x.Verdict // counted
		if !x.metric.Counted {
			list[i] = j.find(x, alpha, c.look).verdict
		}
	}
	return list
}

// reason says why the claim has its verdict.
func (c *claim) reason() string {
	var why string
	each := verdicts(c.made)
	switch c.Verdict {
	case bench.NotTested:
		var reasons []string
		for _, x := range c.comparisons {
			if !slices.Contains(reasons, x.Why) {
				reasons = append(reasons, x.Why)
			}
		}
		why = strings.Join(slices.Concat(reasons, c.Untested), "; ")
	case bench.Depends:
		why = dependsOn(c.made, c.decisive)
	case bench.Inconclusive:
		why = tally(each)
		if combine(each) == bench.Depends {
			why += fmt.Sprintf(", each taken singly; the disagreement may be due to chance among %d comparisons", len(each))
		}
	default:
		why = agreement(len(c.made))
	}
	if n := len(c.comparisons) - len(c.made); n > 0 && len(c.made) > 0 {
		why += fmt.Sprintf("; %d more not tested", n)
	}
	return why
}

// agreement says that n comparisons agree.
func agreement(n int) string {
	switch n {
	case 1:
		return "by one comparison"
	case 2:
		return "both comparisons agree"
	}
	return fmt.Sprintf("all %d comparisons agree", n)
}

// holm keeps only the verdicts of claims that are decided as part of the family of all tested claims.
func (j *judgment) holm(all []*claim) {
	var tested []*claim
	var p []float64
	for _, c := range all {
		if len(c.made) > 0 {
			tested, p = append(tested, c), append(p, c.p())
		}
	}
	for len(p) < j.family { // planned but not made: they count
		p = append(p, 1)
	}
	for i, adjusted := range inference.Holm(p)[:len(tested)] {
		c := tested[i]
		c.P, c.Adjusted = finite(p[i]), finite(adjusted)
		switch {
		case c.Verdict != bench.Inconclusive && adjusted >= inference.Alpha:
			c.Why = fmt.Sprintf("%s by itself (p %.2g; %s), but not as one of %d claims (p %.2g by Holm's correction)",
				c.Verdict, p[i], c.Why, len(p), adjusted)
			c.Verdict = bench.Inconclusive
		case c.decided() && adjusted > 0 && !c.confirmed(inference.Alpha*p[i]/adjusted):
			c.Why = fmt.Sprintf("%s by itself (%s), but fragile as one of %d claims: "+
				"the sign-flip test does not confirm it at the level that remains for this claim", c.Verdict, c.Why, len(p))
			c.Verdict = bench.Inconclusive
		}
	}
}

// confirmed reports whether the claim's verdict stands if the sign-flip test, wherever it can, must
// confirm each comparison's decision at the claim's level.
func (c *claim) confirmed(level float64) bool {
	if c.Verdict == bench.Depends {
		level /= float64(len(c.made))
	}
	standing := slices.Clone(c.decisive)
	for i, x := range c.made {
		if f := x.found; !x.metric.Counted && standing[i] != bench.Inconclusive {
			if _, fragile := inference.Fragile(f.tested, f.threshold, f.region, level); fragile {
				standing[i] = bench.Inconclusive
			}
		}
	}
	return combine(standing) == c.Verdict
}

// p returns the smallest level at which the claim would be decided: because all comparisons agree, or
// because two of them differ.
func (c *claim) p() float64 {
	regions := map[bench.Verdict]float64{} // the smallest p-value of each
	most := 0.
	for _, x := range c.made {
		p, region := 0., x.Verdict // counted
		if !x.metric.Counted {
			p, region = x.found.p, x.found.region
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
	return min(least[1]*float64(len(c.made)), 1)
}

// verdicts returns the comparisons' own verdicts.
func verdicts(comparisons []*comparison) []bench.Verdict {
	list := make([]bench.Verdict, len(comparisons))
	for i, c := range comparisons {
		list[i] = c.Verdict
	}
	return list
}

// combine returns the verdict that comparisons with these verdicts make together.
func combine(tests []bench.Verdict) bench.Verdict {
	var first bench.Verdict
	undecided := false
	for _, v := range tests {
		switch {
		case v == bench.Inconclusive:
			undecided = true
		case first == "":
			first = v
		case v != first:
			return bench.Depends
		}
	}
	switch {
	case len(tests) == 0:
		return bench.NotTested
	case undecided:
		return bench.Inconclusive
	}
	return first
}

// tally counts verdicts: "4 supported, 2 inconclusive".
func tally(list []bench.Verdict) string {
	var parts []string
	for _, name := range bench.VerdictNames {
		n := 0
		for _, v := range list {
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
