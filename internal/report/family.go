package report

import (
	"fmt"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
)

// checkFamily says how the claims were judged as one family.
func checkFamily(a bench.Analysis) Check {
	name := fmt.Sprintf("%d claims judged together", a.Family)
	if len(a.Looks) == 0 {
		return Check{
			Name:  name,
			Value: fmt.Sprintf("by Holm's correction at %g", a.Alpha),
			State: StateOK,
			Why: "the probability of any wrong verdict is at most that, if launches are roughly symmetric; " +
				"each comparison is shown at 95%",
		}
	}
	var parts []string
	for _, l := range a.Looks {
		parts = append(parts, describeLook(l))
	}
	value := strings.Join(append(parts, a.Unlike...), "; ")
	return Check{
		Name:  name,
		Value: value,
		State: badIf(len(a.Unlike) > 0),
		Why: fmt.Sprintf("the looks share an error probability of %g, of which each claim has an equal share; "+
			"a decided claim is not judged again", a.Alpha),
	}
}

func describeLook(l bench.Look) string {
	s := fmt.Sprintf("round %d, each comparison at level %.3g", l.Rounds, l.Level)
	if inference.LeastSignFlip(l.Rounds) >= l.Level {
		s += ", too few rounds for any sign-flip test to agree"
	}
	if !l.Planned {
		s += ", not planned"
	}
	return fmt.Sprintf("%s: %d decided", s, len(l.Decided))
}

// canObject reports whether the sign-flip test of a comparison could disagree with the interval: with too
// few rounds, no choice of signs is rare enough for the comparison's level.
func canObject(c bench.Comparison) bool {
	return inference.LeastSignFlip(c.Rounds) < 1-c.Confidence
}

// checkSignFlips counts the comparisons that the sign-flip test could not object to. It goes by the rounds
// that entered each of them, which may be fewer than the rounds of the look.
func checkSignFlips(v *bench.Verdicts) []Check {
	all, silent, decided := 0, 0, 0
	for _, claim := range v.Claims {
		for _, c := range claim.Tests {
			if c.HodgesLehmann == nil || metric.Find(c.Metric).Counted {
				continue // not tested, or the same in every round
			}
			all++
			if !canObject(c) {
				silent++
				if c.Verdict != bench.Inconclusive {
					decided++
				}
			}
		}
	}
	if all == 0 {
		return nil
	}
	check := Check{
		Name:  "Sign-flip test",
		Value: fmt.Sprintf("enough rounds for %d of %d comparisons", all, all),
		State: warnIf(decided > 0),
		Why: "it assumes less than the interval; if it could confirm a decision and does not, " +
			"the comparison stays inconclusive",
	}
	if silent > 0 {
		check.Value = fmt.Sprintf("too few rounds for %d of %d comparisons, %d of them decided", silent, all, decided)
		check.Why = "at their level, the test could not have objected to these, so they rest on the interval alone; " +
			"a comparison at a share of capacity has one round fewer than the look"
	}
	return []Check{check}
}

// checkForced counts the comparisons that a rule keeps inconclusive, whatever their interval is.
func checkForced(v *bench.Verdicts) Check {
	comparisons, claims := 0, 0
	byRule := map[string]int{}
	for _, c := range v.Claims {
		for _, t := range c.Tests {
			if t.Forced != "" {
				byRule[t.Forced]++
				comparisons++
			}
		}
		if c.Verdict == bench.Inconclusive && c.P != nil && *c.P < v.Analysis.Alpha {
			claims++
		}
	}
	var parts []string
	for _, rule := range bench.ForcedNames {
		if byRule[rule] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", byRule[rule], rule))
		}
	}
	value := fmt.Sprintf("%d comparisons", comparisons)
	if comparisons > 0 {
		value += ": " + strings.Join(parts, ", ")
	}
	if claims > 0 {
		value += fmt.Sprintf("; %d claims, because of the correction for many claims", claims)
	}
	return Check{
		Name:  "Kept inconclusive by a rule",
		Value: value,
		State: StateOK,
		Why:   "their intervals alone would say more than the data support",
	}
}
