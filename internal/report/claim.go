package report

import (
	"maps"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
)

// Claim is a row of the table of claims.
type Claim struct {
	ID       string        `json:"id"`
	Quotes   []bench.Quote `json:"quotes"`
	Verdict  bench.Verdict `json:"verdict"`
	Sign     string        `json:"sign"`
	Why      string        `json:"why"`
	Tests    []Test        `json:"tests"`
	Untested []string      `json:"untested,omitempty"`
}

func newClaim(v bench.ClaimVerdict) Claim {
	c := Claim{
		ID:       v.ID,
		Quotes:   v.Quotes,
		Verdict:  v.Verdict,
		Sign:     v.Verdict.Sign(),
		Why:      v.Why,
		Tests:    []Test{},
		Untested: v.Untested,
	}
	for _, t := range v.Tests {
		c.Tests = append(c.Tests, newTest(t))
	}
	return c
}

// Tested returns the comparisons that were made.
func (c Claim) Tested() (list []Test) {
	for _, t := range c.Tests {
		if t.Verdict != bench.NotTested {
			list = append(list, t)
		}
	}
	return list
}

// Shown returns n of the comparisons that were made. Decided ones come first. One comparison of each verdict
// comes before the second of any, so that no evidence against a claim is hidden behind evidence for it.
func (c Claim) Shown(n int) []Test {
	tested := c.Tested()
	seen := map[bench.Verdict]int{}
	rank := make(map[string]int, len(tested)) // of a comparison among those of its verdict, by label
	for _, t := range tested {
		rank[t.Label] = seen[t.Verdict]
		if t.Verdict == bench.Inconclusive {
			rank[t.Label] += len(tested)
		}
		seen[t.Verdict]++
	}
	slices.SortStableFunc(tested, func(a, b Test) int { return rank[a.Label] - rank[b.Label] })
	return tested[:min(n, len(tested))]
}

// Skip is the number of comparisons that were not made for one reason.
type Skip struct {
	Tests int
	Why   string
}

// Skipped returns the comparisons that were not made, by reason.
func (c Claim) Skipped() (list []Skip) {
	count := map[string]int{}
	for _, t := range c.Tests {
		if t.Verdict == bench.NotTested {
			count[t.Why]++
		}
	}
	for _, why := range slices.Sorted(maps.Keys(count)) {
		list = append(list, Skip{Tests: count[why], Why: why})
	}
	return list
}
