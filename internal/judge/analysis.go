package judge

import (
	"fmt"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// A run whose number of rounds is fixed is judged once: each comparison at Alpha, and the
// claims together by Holm's correction. One that may end early is judged at each of its
// looks, where every claim may spend its equal part of Alpha [Bonferroni], by a spending
// function of Pocock's type. That the run ended, for want of time, at a round
// that was not planned makes this the last look, which may spend what is left: the
// data had no part in it. The look of a run that goes on spends what is due by then.

// look is a time at which the run was judged.
type look struct {
	bench.Look
	last bool // the clock ended the run here
}

// lookUp finds the looks of the run: those of its plan that it has reached, and the last
// round that it made.
func (c *court) lookUp() {
	p := c.run.Plan
	rounds := 0
	for _, r := range c.run.Results {
		rounds = max(rounds, r.Trial.Round)
	}
	c.family = c.tested()
	if len(p.Profile.Looks) == 0 {
		c.looks = []look{{Look: bench.Look{Rounds: p.Profile.Rounds, Level: inference.Alpha, Planned: true}}}
		return
	}
	for _, n := range p.Profile.Looks {
		if n <= rounds && (n < rounds || !c.unmadeBy(n)) {
			c.looks = append(c.looks, look{Look: bench.Look{Rounds: n, Planned: true}})
		}
	}
	if n := len(c.looks); n == 0 || c.looks[n-1].Rounds < rounds {
		c.looks = append(c.looks, look{Look: bench.Look{Rounds: max(rounds, 1)}})
	}
	c.looks[len(c.looks)-1].last = c.run.OutOfTime()
	for i, level := range c.levels(c.alpha()) {
		c.looks[i].Level = level
	}
}

// unmadeBy reports whether a trial is missing of the rounds up to that one.
func (c *court) unmadeBy(round int) bool {
	return slices.ContainsFunc(c.run.Plan.Trials, func(t bench.Trial) bool { return t.Round <= round && c.isUnmade(t) })
}

// sequential reports whether the run may end early.
func (c *court) sequential() bool { return len(c.run.Plan.Profile.Looks) > 0 }

// alpha is the error probability of one claim.
func (c *court) alpha() float64 {
	if c.sequential() {
		return inference.Alpha / float64(max(c.family, 1))
	}
	return inference.Alpha
}

// levels are those of the looks, which together spend alpha.
func (c *court) levels(alpha float64) []float64 {
	if !c.sequential() {
		return []float64{alpha}
	}
	if levels, ok := c.spent[alpha]; ok {
		return levels
	}
	times := make([]float64, len(c.looks))
	for i, l := range c.looks {
		times[i] = float64(l.Rounds) / float64(c.run.Plan.Profile.Rounds)
	}
	end := times[len(times)-1]
	levels := inference.Nominal(alpha, times, func(alpha, t float64) float64 {
		if t == end && c.looks[len(c.looks)-1].last {
			return alpha
		}
		return inference.Pocock(alpha, t)
	})
	c.spent[alpha] = levels
	return levels
}

// tested is how many claims the plan has comparisons for, whatever becomes of them.
func (c *court) tested() (n int) {
	for _, claim := range c.run.Plan.Guide.Claims {
		if slices.ContainsFunc(claim.Tests, c.planned) {
			n++
		}
	}
	return n
}

// planned reports whether the plan measures what the test compares.
func (c *court) planned(t bench.Test) bool {
	s, ok := c.run.Plan.Scenario(t.Scenario)
	if !ok {
		return false
	}
	targets := slices.DeleteFunc(slices.Clone(c.run.Plan.Targets), func(t bench.Target) bool { return !slices.Contains(s.Targets, t.Name) })
	return len(plan.Pairs(t, targets)) > 0
}

// analysis is how the claims were judged together.
func (c *court) analysis(claims []*claim) bench.Analysis {
	a := bench.Analysis{Family: c.family, Alpha: inference.Alpha}
	if !c.sequential() {
		return a
	}
	for i, l := range c.looks {
		l.Decided = []string{}
		var open []string
		for _, x := range claims {
			switch {
			case x.decided() && x.look == i:
				l.Decided = append(l.Decided, x.ID)
			case x.open(i, l.Rounds):
				open = append(open, x.ID)
			}
		}
		for _, e := range c.run.Journal {
			if e.Event == record.EventLook && e.Round == l.Rounds && !slices.Equal(e.Undecided, open) {
				a.Unlike = append(a.Unlike, fmt.Sprintf("judged again, the look at round %d leaves open %v, and in the journal it left open %v", l.Rounds, open, e.Undecided))
			}
		}
		a.Looks = append(a.Looks, l.Look)
	}
	return a
}

// open reports whether the claim was not decided by the look, after so many rounds, and had numbers
// that more rounds may decide. What had none in all of them is not waited for.
func (x *claim) open(look, rounds int) bool {
	return !(x.decided() && x.look <= look) && slices.ContainsFunc(x.cells, func(x *cell) bool { return x.sampled(rounds) })
}

// NeedsRounds judges a run at a look, and tells which of its cells (bench.CellName) more rounds
// are needed of, and which claims need them: those that are not decided, by the comparisons
// that are not decided at the strictest level that they may be asked at. The A/A arm and the positive
// control are needed as long as anything is.
func NeedsRounds(run *record.Run) (cells map[string]bool, claims []string, err error) {
	c, _, err := newCourt(run)
	if err != nil {
		return nil, nil, err
	}
	cells = map[string]bool{}
	last, rounds := len(c.looks)-1, c.looks[len(c.looks)-1].Rounds
	for _, x := range c.claims() {
		if !x.open(last, rounds) {
			continue
		}
		claims = append(claims, x.ID)
		for _, cell := range x.cells {
			if !cell.sampled(rounds) || c.find(cell, c.strict(x), last).verdict != bench.Inconclusive {
				continue
			}
			for _, place := range cell.places {
				cells[place.cell()] = true
			}
		}
	}
	if len(claims) > 0 {
		for _, place := range c.guards() {
			cells[place.cell()] = true
		}
	}
	return cells, claims, nil
}
