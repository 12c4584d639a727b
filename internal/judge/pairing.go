package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
)

// pairing is one round of a comparison in which both sides have a number.
type pairing struct {
	round int
	// of and to are in the metric's unit; to is the bound if the comparison has one.
	of, to float64
	// ofLowerBound and toLowerBound mark numbers that are lower bounds.
	ofLowerBound, toLowerBound bool
	// ofFromBase and toFromBase are the differences of each side's number from its base, in the metric's
	// unit, of percentiles that have one.
	ofFromBase, toFromBase float64
	// lagP50 and lagP99 are the differences of the two sides' lag, of percentiles without a base.
	lagP50, lagP99 time.Duration
	// steady holds the steady state of each of the comparison's cells.
	steady []steadiness
}

// steadiness describes the steady state of one cell's phase in one round.
type steadiness struct {
	cell               bench.Cell
	examined, unsteady bool
}

// rounds holds the numbers of a comparison.
type rounds struct {
	pairings []pairing
	launched []int // rounds in which every trial that the comparison needs was launched
	noGrowth []int // rounds without a number, because memory did not grow
}

// upTo returns the numbers as they were known after the round.
func (r rounds) upTo(round int) rounds {
	later := func(n int) bool { return n > round }
	n := 0
	for n < len(r.pairings) && r.pairings[n].round <= round {
		n++
	}
	return rounds{
		pairings: r.pairings[:n:n],
		launched: slices.DeleteFunc(slices.Clone(r.launched), later),
		noGrowth: slices.DeleteFunc(slices.Clone(r.noGrowth), later),
	}
}

// each returns f of every pairing.
func (r rounds) each(f func(pairing) float64) []float64 {
	list := make([]float64, len(r.pairings))
	for i, p := range r.pairings {
		list[i] = f(p)
	}
	return list
}

// logs returns ln of - ln to, by round.
func (r rounds) logs() []float64 {
	return r.each(func(p pairing) float64 { return math.Log(p.of) - math.Log(p.to) })
}

// any reports whether f holds for a pairing.
func (r rounds) any(f func(pairing) bool) bool { return slices.ContainsFunc(r.pairings, f) }

// meanLag returns the mean difference of the two sides' lag at the quantile.
func (r rounds) meanLag(quantile float64) time.Duration {
	var sum time.Duration
	for _, p := range r.pairings {
		if quantile <= .5 {
			sum += p.lagP50
		} else {
			sum += p.lagP99
		}
	}
	return sum / time.Duration(max(len(r.pairings), 1))
}

// missing describes rounds that were made but have no pair that counts, if they are more than a fifth of
// all that were made; the rounds that are left may be the survivors. It is empty otherwise.
func (r rounds) missing() string {
	if n := len(r.launched) - len(r.pairings); 5*n > len(r.launched) {
		return fmt.Sprintf("%d of %d rounds have no pair that counts", n, len(r.launched))
	}
	return ""
}

// unsteady describes a cell of which more than a fifth of the examined trials have no steady state. It
// is empty if there is none.
func (r rounds) unsteady() string {
	if len(r.pairings) == 0 {
		return ""
	}
	for i, first := range r.pairings[0].steady {
		examined, unsteady := 0, 0
		for _, p := range r.pairings {
			if p.steady[i].examined {
				examined++
			}
			if p.steady[i].unsteady {
				unsteady++
			}
		}
		if 5*unsteady > examined {
			return fmt.Sprintf("%d of %d trials of %s have no steady state", unsteady, examined, first.cell)
		}
	}
	return ""
}

// ofNearBase and toNearBase report whether a side's numbers differ from their base by less than that, in the
// median.
func (r rounds) ofNearBase(within time.Duration) bool {
	return math.Abs(inference.Median(r.each(func(p pairing) float64 { return p.ofFromBase }))) < within.Seconds()
}

func (r rounds) toNearBase(within time.Duration) bool {
	return math.Abs(inference.Median(r.each(func(p pairing) float64 { return p.toFromBase }))) < within.Seconds()
}

// pair pairs the numbers of both sides, round by round. If no round has a pair, why says what stands in
// the way, by the last round that was made.
func (j *judgment) pair(c *comparison) (r rounds, why string) {
	why = "no round was made"
	for round := 1; round <= j.run.Plan.Profile.Rounds; round++ {
		made := j.allLaunched(c, round)
		findsCapacities := c.Share > 0 && round == 1
		if made && !findsCapacities {
			r.launched = append(r.launched, round)
		}
		p, err := j.pairing(c, round)
		if err == nil {
			r.pairings = append(r.pairings, p)
			continue
		}
		if errors.Is(err, metric.ErrNoGrowth) {
			r.noGrowth = append(r.noGrowth, round)
		}
		if made || round == 1 {
			why = err.Error()
		}
	}
	return r, why
}

// allLaunched reports whether every trial that the comparison needs was launched in the round.
func (j *judgment) allLaunched(c *comparison, round int) bool {
	return !slices.ContainsFunc(c.cells(), func(cell bench.Cell) bool { return !j.launched[cell.Arm][round] })
}

// pairing takes the numbers of both sides in a round. The error says why there is no pair.
func (j *judgment) pairing(c *comparison, round int) (p pairing, err error) {
	p.round = round
	if p.of, err = j.relative(c.quantity(), c.of, round); err != nil {
		return p, err
	}
	if p.to = c.Bound; c.To != "" {
		if p.to, err = j.relative(c.quantity(), c.to, round); err != nil {
			return p, err
		}
		if err := j.commonRate(c, round); err != nil {
			return p, err
		}
	}
	if c.metric.Quantile > 0 {
		j.addPercentile(c, &p)
	}
	for _, cell := range []bench.Cell{c.of.cell, c.of.base, c.to.cell, c.to.base} {
		p.steady = append(p.steady, j.steadiness(c.quantity(), cell, round))
	}
	lowerBound := func(cell bench.Cell) bool {
		l := j.limits(c.quantity(), cell, round)
		for _, w := range l.warnings {
			c.warn("%s", w)
		}
		return l.lowerBound
	}
	of, to := lowerBound(c.of.cell), lowerBound(c.to.cell)
	ofBase, toBase := lowerBound(c.of.base), lowerBound(c.to.base)
	// A number relative to a lower bound is itself an upper bound.
	p.ofLowerBound = of || toBase
	p.toLowerBound = to || ofBase
	return p, nil
}

// commonRate returns an error if a round at a share of a capacity did not drive both sides at one rate.
func (j *judgment) commonRate(c *comparison, round int) error {
	if c.Share == 0 {
		return nil
	}
	_, of, _ := j.phase(c.quantity(), c.of.cell, round)
	_, to, _ := j.phase(c.quantity(), c.to.cell, round)
	if of.Rate != to.Rate {
		return fmt.Errorf("the two servers were driven at %s and %s, not at a common rate", of.Rate, to.Rate)
	}
	return nil
}

// addPercentile adds what the load generator's resolution is held against: each side's distance from
// its base or, without a base, the difference of lag.
func (j *judgment) addPercentile(c *comparison, p *pairing) {
	if c.Base != nil {
		p.ofFromBase = j.fromBase(c.quantity(), c.of, p.round)
		if c.To != "" {
			p.toFromBase = j.fromBase(c.quantity(), c.to, p.round)
		}
		return
	}
	if c.To != "" {
		_, of, _ := j.phase(c.quantity(), c.of.cell, p.round)
		_, to, _ := j.phase(c.quantity(), c.to.cell, p.round)
		p.lagP50, p.lagP99 = of.LagP50-to.LagP50, of.LagP99-to.LagP99
	}
}

// fromBase returns the difference of a place's number from its base, in the metric's unit.
func (j *judgment) fromBase(q quantity, p place, round int) float64 {
	x, _ := j.number(q, p.cell, round) // the pairing has both
	base, _ := j.number(q, p.base, round)
	return x - base
}

// steadiness looks up the steady state of a cell's phase in a round. A percentile that had to be taken
// from the whole phase counts as one without a steady state.
func (j *judgment) steadiness(q quantity, cell bench.Cell, round int) steadiness {
	_, p, err := j.phase(q, cell, round)
	examined := err == nil && q.metric.Steady && p.Steady.Examined()
	whole := q.metric.Quantile > 0 && p.WholeFrom > 0 && q.metric.Quantile >= p.WholeFrom
	return steadiness{cell: cell, examined: examined, unsteady: examined && (whole || !p.Steady.Reached())}
}

// phase returns the phase that a number is taken from, in a cell and a round.
func (j *judgment) phase(q quantity, cell bench.Cell, round int) (bench.PhaseResult, bench.PhaseSummary, error) {
	t := j.trials[cell.Arm][round]
	if t == nil {
		return bench.PhaseResult{}, bench.PhaseSummary{}, errors.New("there is no valid trial")
	}
	return t.Phase(q.metric.Phase(t.Scenario, cell.Level, q.offered))
}

// relative returns a place's number in a round, relative to its base if it has one.
func (j *judgment) relative(q quantity, p place, round int) (float64, error) {
	x, err := j.number(q, p.cell, round)
	if err != nil || p.base.IsZero() {
		return x, err
	}
	y, err := j.number(q, p.base, round)
	if err != nil {
		return 0, err
	}
	of := j.trials[p.cell.Arm][round].At(p.cell.Level, q.offered)
	base := j.trials[p.base.Arm][round].At(p.base.Level, q.offered)
	relative, err := q.metric.Relate(of, base, x, y)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.cell, err)
	}
	return relative, nil
}

// number returns a cell's number in a round: positive and finite, or an error.
func (j *judgment) number(q quantity, cell bench.Cell, round int) (float64, error) {
	t := j.trials[cell.Arm][round]
	if t == nil {
		return 0, fmt.Errorf("no round has a valid trial of %s%s", cell.Arm, j.because(cell.Arm))
	}
	x, err := q.metric.Take(t.At(cell.Level, q.offered))
	if err == nil && (!(x > 0) || math.IsInf(x, 0)) {
		err = fmt.Errorf("%s gave %v, which cannot be compared", cell, x)
	}
	return x, err
}
