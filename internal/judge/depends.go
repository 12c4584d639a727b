package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// factor is something by which the verdicts of a claim's comparisons may differ.
type factor struct {
	name string
	of   func(*comparison) string
}

// factors are tried in this order; the first that explains the verdicts is named.
var factors = []factor{
	{"metric", func(c *comparison) string { return c.metric.Title }},
	{"scenario", func(c *comparison) string { return c.Scenario }},
	{"kind of work", scenarioLevel},
	{"tier", func(c *comparison) string { return c.Tier }},
	{"rate", func(c *comparison) string { return c.Offered.String() }},
	{"server", func(c *comparison) string { return c.Of }},
	{"kind of work and metric", func(c *comparison) string { return scenarioLevel(c) + " " + c.metric.Title }},
	{"tier and metric", func(c *comparison) string { return c.Tier + " " + c.metric.Title }},
}

// scenarioLevel names the comparison's scenario and level.
func scenarioLevel(c *comparison) string {
	return bench.Cell{Arm: c.Scenario, Level: c.Level}.String()
}

// dependsOn names the one factor by which the verdicts differ, or counts them if no one factor explains
// them. decisive holds the verdicts at the level at which the claim is decided.
func dependsOn(made []*comparison, decisive []bench.Verdict) string {
	var decided []*comparison
	var words, singly []bench.Verdict
	verdict := map[*comparison]bench.Verdict{}
	for i, c := range made {
		if decisive[i] == bench.Inconclusive {
			singly = append(singly, c.Verdict)
			continue
		}
		decided, words = append(decided, c), append(words, decisive[i])
		verdict[c] = decisive[i]
	}
	// A comparison may be decided at its own level and not at the stricter one that is asked of it here.
	// Its row shows its own verdict, so the claim's line must count it as that.
	undecided := ""
	if len(singly) > 0 {
		undecided = "; " + tally(singly)
		if slices.ContainsFunc(singly, func(v bench.Verdict) bool { return v != bench.Inconclusive }) {
			undecided += ", each taken singly"
		}
	}
	for _, f := range factors {
		if explained := explain(f, decided, verdict); explained != "" {
			return fmt.Sprintf("depends on the %s: %s", f.name, explained) + undecided
		}
	}
	return "no single factor explains it: " + tally(words) + undecided
}

// explain lists the values of the factor by verdict: "supported for throughput; contradicted for peak
// memory". It is empty if a value has two verdicts.
func explain(f factor, decided []*comparison, verdict map[*comparison]bench.Verdict) string {
	at := map[string]bench.Verdict{}
	values := map[bench.Verdict][]string{}
	for _, c := range decided {
		value := f.of(c)
		v, seen := at[value]
		switch {
		case !seen:
			at[value] = verdict[c]
			values[verdict[c]] = append(values[verdict[c]], value)
		case v != verdict[c]:
			return ""
		}
	}
	var parts []string
	for _, name := range bench.VerdictNames {
		if list := values[bench.Verdict(name)]; len(list) > 0 {
			parts = append(parts, fmt.Sprintf("%s for %s", name, strings.Join(slices.Sorted(slices.Values(list)), " and ")))
		}
	}
	return strings.Join(parts, "; ")
}
