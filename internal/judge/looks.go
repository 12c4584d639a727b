package judge

import (
	"fmt"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// A run with a fixed number of rounds is judged once: each comparison at Alpha, and the claims together
// by Holm's correction. A run that may end early is judged at each of its looks. There every claim may
// spend its equal share of Alpha [Bonferroni], by a spending function of Pocock's type. If the run's
// budget ends it at a round that was not planned, that round is the last look, and it may spend what is
// left: the data did not choose it. A look at a run that goes on spends what is due by then.

// look is a point at which the run is judged.
type look struct {
	bench.Look
	last bool // the clock ended the run here
}

// findLooks finds the looks of the run: the planned ones that it has reached, and the last round that
// it made.
func (j *judgment) findLooks() {
	p := j.run.Plan
	rounds := 0
	for _, r := range j.run.Results {
		rounds = max(rounds, r.Trial.Round)
	}
	j.family = j.tested()
	if len(p.Profile.Looks) == 0 {
		j.looks = []look{{Look: bench.Look{Rounds: p.Profile.Rounds, Level: inference.Alpha, Planned: true}}}
		return
	}
	for _, n := range p.Profile.Looks {
		if n <= rounds && (n < rounds || !j.unmadeBy(n)) {
			j.looks = append(j.looks, look{Look: bench.Look{Rounds: n, Planned: true}})
		}
	}
	if n := len(j.looks); n == 0 || j.looks[n-1].Rounds < rounds {
		j.looks = append(j.looks, look{Look: bench.Look{Rounds: max(rounds, 1)}})
	}
	j.looks[len(j.looks)-1].last = j.run.OutOfTime()
	for i, level := range j.levels(j.alpha()) {
		j.looks[i].Level = level
	}
}

// unmadeBy reports whether a trial of the rounds up to that one was not made.
func (j *judgment) unmadeBy(round int) bool {
	return slices.ContainsFunc(j.run.Plan.Trials, func(t bench.Trial) bool {
		return t.Round <= round && j.isUnmade(t)
	})
}

// sequential reports whether the run may end early.
func (j *judgment) sequential() bool { return len(j.run.Plan.Profile.Looks) > 0 }

// alpha returns the error probability that one claim may spend.
func (j *judgment) alpha() float64 {
	if j.sequential() {
		return inference.Alpha / float64(max(j.family, 1))
	}
	return inference.Alpha
}

// levels returns the two-sided level of each look; together they spend alpha.
func (j *judgment) levels(alpha float64) []float64 {
	if !j.sequential() {
		return []float64{alpha}
	}
	if levels, ok := j.spent[alpha]; ok {
		return levels
	}
	times := make([]float64, len(j.looks))
	for i, l := range j.looks {
		times[i] = float64(l.Rounds) / float64(j.run.Plan.Profile.Rounds)
	}
	end := times[len(times)-1]
	levels := inference.Nominal(alpha, times, func(alpha, t float64) float64 {
		if t == end && j.looks[len(j.looks)-1].last {
			return alpha
		}
		return inference.Pocock(alpha, t)
	})
	j.spent[alpha] = levels
	return levels
}

// tested counts the claims that the plan has comparisons for, decided or not.
func (j *judgment) tested() (n int) {
	for _, claim := range j.run.Plan.Guide.Claims {
		if slices.ContainsFunc(claim.Tests, j.planned) {
			n++
		}
	}
	return n
}

// planned reports whether the plan measures what the test compares.
func (j *judgment) planned(t bench.Test) bool {
	s, ok := j.run.Plan.Scenario(t.Scenario)
	if !ok {
		return false
	}
	return len(plan.Pairs(t, j.servers(s))) > 0
}

// analysis reports how the claims were judged together.
func (j *judgment) analysis(claims []*claim) bench.Analysis {
	a := bench.Analysis{Family: j.family, Alpha: inference.Alpha}
	if !j.sequential() {
		return a
	}
	for i, l := range j.looks {
		l.Decided = []string{}
		var undecided []string
		for _, c := range claims {
			switch {
			case c.decided() && c.look == i:
				l.Decided = append(l.Decided, c.ID)
			case c.undecided(i, l.Rounds):
				undecided = append(undecided, c.ID)
			}
		}
		for _, e := range j.run.Journal {
			if e.Event == record.EventLook && e.Round == l.Rounds && !slices.Equal(e.Undecided, undecided) {
				a.Unlike = append(a.Unlike, fmt.Sprintf(
					"judged again, the look at round %d leaves %v undecided; in the journal it left %v",
					l.Rounds, undecided, e.Undecided))
			}
		}
		a.Looks = append(a.Looks, l.Look)
	}
	return a
}

// undecided reports whether the look, after that many rounds, left the claim undecided although it has
// numbers, so that more rounds may decide it.
func (c *claim) undecided(look, rounds int) bool {
	if c.decided() && c.look <= look {
		return false
	}
	return slices.ContainsFunc(c.comparisons, func(x *comparison) bool { return x.sampled(rounds) })
}

// NeedsRounds judges a run at its last look. It returns the cells of which more rounds are needed, and
// the claims that need them: the undecided ones. A claim needs a comparison until that is decided at the
// strictest level that may be asked of it. The A/A twin and the positive control are needed as long as
// any claim is undecided.
func NeedsRounds(run *record.Run) (cells map[bench.Cell]bool, claims []string, err error) {
	j, _, err := newJudgment(run)
	if err != nil {
		return nil, nil, err
	}
	cells = map[bench.Cell]bool{}
	last := len(j.looks) - 1
	rounds := j.looks[last].Rounds
	for _, c := range j.claims() {
		if !c.undecided(last, rounds) {
			continue
		}
		claims = append(claims, c.ID)
		for _, x := range c.comparisons {
			if !x.sampled(rounds) || j.find(x, j.strict(c), last).verdict != bench.Inconclusive {
				continue
			}
			for _, cell := range x.cells() {
				cells[cell] = true
			}
		}
	}
	if len(claims) > 0 {
		for _, cell := range j.checks() {
			cells[cell] = true
		}
	}
	return cells, claims, nil
}
