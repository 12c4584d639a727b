package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// agreeing is the number of machines that must agree on a general verdict.
const agreeing = 3

// Claim is the verdict on a claim over machines.
type Claim struct {
	ID      string        `json:"id"`
	Quotes  []bench.Quote `json:"quotes"`
	Verdict bench.Verdict `json:"verdict"`
	General bool          `json:"general"`
	Why     string        `json:"why"`
	// On holds the verdict of each machine that counts, by its name.
	On map[string]bench.Verdict `json:"on"`
}

// vote holds the verdict of one machine on a claim.
type vote struct {
	machine     string
	verdict     bench.Verdict
	comparisons string // what the verdict rests on; see comparisonsOf
}

// comparisonsOf describes the comparisons that a verdict rests on, without numbers of workers, which
// differ by machine. If the verdict is "depends", each comparison comes with its own verdict.
func comparisonsOf(v bench.ClaimVerdict) string {
	var list []string
	for _, t := range v.Tests {
		if t.Verdict == bench.NotTested {
			continue
		}
		text := fmt.Sprintf("%s %s %s %s %s %s", t.Scenario, t.Level, t.Metric, t.Of, t.To, t.Offered)
		if v.Verdict == bench.Depends {
			text += " " + string(t.Verdict)
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

// group is the machines with the same verdict on a claim.
type group struct {
	verdict bench.Verdict
	votes   []vote
}

// decided reports whether the machines of the group reached a verdict.
func (g group) decided() bool {
	return g.verdict != bench.Inconclusive && g.verdict != bench.NotTested
}

// alike reports whether all machines of the group made the same comparisons.
func (g group) alike() bool {
	other := func(v vote) bool { return v.comparisons != g.votes[0].comparisons }
	return !slices.ContainsFunc(g.votes, other)
}

func (g group) String() string {
	var names []string
	for _, v := range g.votes {
		names = append(names, v.machine)
	}
	slices.Sort(names)
	return fmt.Sprintf("%s on %s", g.verdict, strings.Join(names, ", "))
}

// groupsOf returns the groups in the order of bench.VerdictNames.
func groupsOf(votes []vote) []group {
	var groups []group
	for _, name := range bench.VerdictNames {
		g := group{verdict: bench.Verdict(name)}
		for _, v := range votes {
			if v.verdict == g.verdict {
				g.votes = append(g.votes, v)
			}
		}
		if len(g.votes) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// judge sets the verdict over machines. Machines agree only if they made the same comparisons.
func (c *Claim) judge(votes []vote) {
	groups := groupsOf(votes)
	var decided []group
	var parts []string
	for _, g := range groups {
		parts = append(parts, g.String())
		if g.decided() {
			decided = append(decided, g)
		}
	}
	c.Why = strings.Join(parts, "; ")
	switch {
	case len(votes) == 0:
		c.Verdict, c.Why = bench.NotTested, "no machine's verdicts count"
	case len(groups) == 1 && groups[0].verdict == bench.NotTested:
		c.Verdict = bench.NotTested
	case len(decided) > 1:
		c.Verdict, c.Why = bench.Depends, "depends on the machine: "+c.Why
	case len(decided) == 0:
		c.Verdict = bench.Inconclusive
	case !decided[0].alike():
		c.Verdict, c.Why = bench.Inconclusive, c.Why+"; but the machines did not make the same comparisons"
	case len(decided[0].votes) < agreeing:
		c.Verdict = bench.Inconclusive
		c.Why += fmt.Sprintf("; a general verdict needs %d machines that agree", agreeing)
	default:
		c.Verdict, c.General = decided[0].verdict, true
	}
}
