package report

import (
	"fmt"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/text"
)

// checkTwins sums up the A/A comparisons: the same server under two names.
func checkTwins(list []bench.Comparison) Check {
	if len(list) == 0 {
		return Check{
			Name:  "A/A",
			Value: "not measured",
			State: StateWarn,
			Why:   "the same server under two names would show the noise",
		}
	}
	count := map[bench.Verdict]int{}
	var widest bench.Comparison
	width := 0.
	for _, c := range list {
		count[c.Verdict]++
		if c.Low != nil && c.High != nil && *c.High / *c.Low > width {
			width, widest = *c.High / *c.Low, c
		}
	}
	var parts []string
	for _, name := range bench.VerdictNames {
		if v := bench.Verdict(name); count[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[v], twinWord(v)))
		}
	}
	why := "the same server under two names; a decided difference would make the run void; " +
		"undecided intervals show the noise"
	if width > 0 {
		why += fmt.Sprintf(": the widest is %s, %s to %s", metric.Find(widest.Metric).TitleAt(widest.Offered),
			text.Number(*widest.Low), text.Number(*widest.High))
	}
	return Check{
		Name:  "A/A: " + list[0].Of,
		Value: fmt.Sprintf("of %d comparisons: %s", len(list), strings.Join(parts, ", ")),
		State: badIf(count[bench.Supported]+count[bench.Contradicted] > 0),
		Why:   why,
	}
}

// twinWord returns a verdict in the words of a comparison that has no claimed direction.
func twinWord(v bench.Verdict) string {
	switch v {
	case bench.Supported:
		return "decided higher"
	case bench.Contradicted:
		return "decided lower"
	case bench.Inconclusive:
		return "undecided"
	}
	return string(v)
}

// checkControls reports whether the run found a known difference in work. A preview has too few rounds
// for that, and is not evidence, so it says so.
func checkControls(list []bench.Control, p bench.Profile) (checks []Check) {
	if len(list) == 0 {
		return []Check{{
			Name:    "Positive control",
			Value:   "not measured",
			State:   StateWarn,
			Why:     "a known difference in work would show that the run can find one",
			preview: !p.Evidence,
			lacks:   "no positive control",
		}}
	}
	for _, c := range list {
		found := "found"
		switch {
		case !c.Found && p.Evidence:
			found = "not found"
		case !c.Found:
			found = fmt.Sprintf("not confirmed in %d rounds", c.Rounds)
		}
		why := "the cost of an answer; the interval must contain the known extra work, or up to 5% less of it, " +
			"because part of the cost is the server's own, and must not contain 1; "
		if p.Evidence {
			why += "evidence without it is void"
		} else {
			why += "a preview is often too short for that"
		}
		checks = append(checks, Check{
			Name: fmt.Sprintf("Positive control: %s, %s", c.Target, metric.Find(c.Metric).Title),
			Value: fmt.Sprintf("%s: %.3f× (%.3f to %.3f) for %.3f times the work",
				found, c.Ratio, c.Low, c.High, c.Work),
			State:   warnIf(!c.Found),
			Why:     why,
			preview: !p.Evidence,
			lacks:   "an unconfirmed positive control",
		})
	}
	return checks
}
