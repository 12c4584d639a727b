package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// side is one side of a comparison, or the base of one.
type side struct {
	arm   string // empty where there is no such side
	level string
}

func (s side) cell() string { return bench.CellName(s.arm, s.level) }

// side is where the numbers of a target are from, and what they are relative to.
func (c *court) side(x *cell, target string) (at, base side, err error) {
	if target == "" {
		return side{}, side{}, nil
	}
	at = side{bench.ArmName(x.Scenario, target, x.Variant), x.Level}
	b := x.Base
	if b == nil {
		return at, side{}, nil
	}
	variant, level := x.Variant, x.Level
	if len(b.Variant) > 0 {
		variant = b.Variant
	}
	if b.Level != "" {
		level = b.Level
	}
	if b.Target != "" {
		target = b.Target
	}
	if b.Quickstart {
		i := slices.IndexFunc(c.run.Plan.Targets, func(t bench.Target) bool { return t.QuickstartOf == target })
		if i < 0 {
			return at, side{}, fmt.Errorf("%s has no quick start in this run", target)
		}
		scenario, _ := c.run.Plan.Scenario(x.Scenario)
		target, variant = c.run.Plan.Targets[i].Name, scenario.Variants[0]
	}
	return at, side{bench.ArmName(x.Scenario, target, variant), level}, nil
}

// sides are the numbers of both sides of a comparison, a value a round.
type sides struct {
	round    []int
	of, to   []float64   // in the metric's unit; to is the bound where there is one
	apart    [][]float64 // differences of each side's number from its base, where it has one
	lag      []lags      // of both sides, where a percentile is compared
	openOf   []bool      // known by a lower bound only
	openTo   []bool
	launched []int // rounds in which all that it takes was launched
	noGrowth []int // rounds that show no growth, and so have no number
	steady   []steadiness
}

// lags are the differences of the two sides' lag.
type lags struct{ p50, p99 time.Duration }

// steadiness counts the trials of one place that enter, by round.
type steadiness struct {
	cell               string
	examined, unsteady []bool
}

// upTo are the sides as they were known after the round.
func (s sides) upTo(round int) sides {
	n := 0
	for n < len(s.round) && s.round[n] <= round {
		n++
	}
	s.round, s.of, s.to, s.openOf, s.openTo = s.round[:n], s.of[:n], s.to[:n], s.openOf[:n], s.openTo[:n]
	s.lag = s.lag[:min(n, len(s.lag))]
	apart := s.apart
	s.apart = nil
	for _, list := range apart {
		s.apart = append(s.apart, list[:n])
	}
	steady := s.steady
	s.steady = nil
	for _, place := range steady {
		place.examined, place.unsteady = place.examined[:n], place.unsteady[:n]
		s.steady = append(s.steady, place)
	}
	later := func(r int) bool { return r > round }
	s.noGrowth = slices.DeleteFunc(slices.Clone(s.noGrowth), later)
	s.launched = slices.DeleteFunc(slices.Clone(s.launched), later)
	return s
}

// tooFew says that more than a fifth of the rounds that were made have no pair that counts; empty
// where that is not so. What made them void may be what is on trial.
func (s sides) tooFew() string {
	if missing := len(s.launched) - len(s.round); 5*missing > len(s.launched) {
		return fmt.Sprintf("%d of %d rounds have no pair that counts", missing, len(s.launched))
	}
	return ""
}

// logs are ln of - ln to, by round.
func (s sides) logs() []float64 {
	list := make([]float64, len(s.of))
	for r := range list {
		list[r] = math.Log(s.of[r]) - math.Log(s.to[r])
	}
	return list
}

// differences are of - to, by round, in the metric's unit.
func (s sides) differences() []float64 {
	list := make([]float64, len(s.of))
	for r := range list {
		list[r] = s.of[r] - s.to[r]
	}
	return list
}

// meanLag is the mean difference of the two sides' lag at the quantile.
func (s sides) meanLag(quantile float64) time.Duration {
	var sum time.Duration
	for _, l := range s.lag {
		if quantile <= .5 {
			sum += l.p50
		} else {
			sum += l.p99
		}
	}
	return sum / time.Duration(max(len(s.lag), 1))
}

// tooUnsteady is a place of which more than a fifth of the trials that were examined have
// no steady state; empty for none.
func (s sides) tooUnsteady() string {
	for _, place := range s.steady {
		examined, unsteady := 0, 0
		for r := range place.examined {
			if place.examined[r] {
				examined++
			}
			if place.unsteady[r] {
				unsteady++
			}
		}
		if 5*unsteady > examined {
			return fmt.Sprintf("%d of %d trials of %s have no steady state", unsteady, examined, place.cell)
		}
	}
	return ""
}

// gather are the values of both sides in every round that has them; the other
// side of a bound test is its bound. Each side has its base beside it. Where there is
// none, why says what stands in the way.
func (c *court) gather(x *cell, of, to [2]side) (s sides, why string) {
	why = "there is no round"
	places := []side{of[0], of[1], to[0], to[1]}
	for _, place := range places {
		s.steady = append(s.steady, steadiness{cell: place.cell()})
	}
	if x.Base != nil && x.metric.Quantile > 0 {
		s.apart = make([][]float64, 1, 2)
		if x.To != "" {
			s.apart = append(s.apart, nil)
		}
	}
	for round := 1; round <= c.run.Plan.Profile.Rounds; round++ {
		first := x.Share > 0 && round == 1 // which finds the capacities
		if !first && !slices.ContainsFunc(x.places, func(at side) bool { return !c.launched[at.arm][round] }) {
			s.launched = append(s.launched, round)
		}
		a, err := c.relative(of, round, x.metric, x.Offered)
		b := x.Bound
		if err == nil && x.To != "" {
			b, err = c.relative(to, round, x.metric, x.Offered)
		}
		if errors.Is(err, errNoGrowth) {
			s.noGrowth = append(s.noGrowth, round)
		}
		if err != nil {
			why = err.Error()
			continue
		}
		if x.Share > 0 && x.To != "" {
			_, p, _ := c.phase(x, of[0], round)
			_, q, _ := c.phase(x, to[0], round)
			if p.Rate != q.Rate {
				why = fmt.Sprintf("the two were driven at %s and %s, which is no common rate", p.Rate, q.Rate)
				continue
			}
		}
		s.round, s.of, s.to = append(s.round, round), append(s.of, a), append(s.to, b)
		for i, at := range [][2]side{of, to} {
			if i < len(s.apart) {
				s.apart[i] = append(s.apart[i], c.apart(at, round, x.metric, x.Offered))
			}
		}
		if x.metric.Quantile > 0 && x.To != "" && x.Base == nil {
			_, p, _ := c.phase(x, of[0], round)
			_, q, _ := c.phase(x, to[0], round)
			s.lag = append(s.lag, lags{p.LagP50 - q.LagP50, p.LagP99 - q.LagP99})
		}
		for i, place := range places {
			_, p, err := c.phase(x, place, round)
			looked := err == nil && x.metric.Steady && p.Steady.Examined()
			whole := x.metric.Quantile > 0 && p.WholeFrom > 0 && x.metric.Quantile >= p.WholeFrom
			s.steady[i].examined = append(s.steady[i].examined, looked)
			s.steady[i].unsteady = append(s.steady[i].unsteady, looked && (whole || !p.Steady.Reached()))
		}
		// What is relative to a number that is open to above is itself open to below.
		open := func(at side) bool { return c.caveats(x, at, round) }
		ofOpen, toOpen, ofBase, toBase := open(of[0]), open(to[0]), open(of[1]), open(to[1])
		s.openOf = append(s.openOf, ofOpen || toBase)
		s.openTo = append(s.openTo, toOpen || ofBase)
	}
	return s, why
}

// phase is the one that a comparison's number is from, in a round.
func (c *court) phase(x *cell, at side, round int) (bench.PhaseResult, bench.PhaseSummary, error) {
	t := c.trials[at.arm][round]
	if t == nil {
		return bench.PhaseResult{}, bench.PhaseSummary{}, errors.New("there is no valid trial")
	}
	return t.phase(bench.PhaseName(at.level, t.measure(x.metric), x.Offered))
}

// relative is a side's number in a round, relative to its base if it has one.
func (c *court) relative(at [2]side, round int, m bench.Metric, offered bench.Offered) (float64, error) {
	x, err := c.value(at[0], round, m, offered)
	if err != nil || at[1].arm == "" {
		return x, err
	}
	base, err := c.value(at[1], round, m, offered)
	if err != nil {
		return 0, err
	}
	switch m.Name {
	case "speedup", "efficiency":
		x, base = x*c.parts(at[0]), base*c.parts(at[1])
		if m.Name == "efficiency" {
			base *= c.units(at[0]) / c.units(at[1])
		}
	case "memory_per_connection":
		more := c.open(at[0]) - c.open(at[1])
		if x -= base; !(x > 0) || more <= 0 {
			return 0, fmt.Errorf("%s: %w", at[0].cell(), errNoGrowth)
		}
		return x / more, nil
	}
	return x / base, nil
}

// because is why the arm's trials are not valid, by the last of them.
func (c *court) because(arm string) string {
	if why := c.reasons[arm]; why != "" {
		return ": " + why
	}
	return ""
}

// apart is how much a side's number differs from its base, in the metric's unit.
func (c *court) apart(at [2]side, round int, m bench.Metric, offered bench.Offered) float64 {
	x, _ := c.value(at[0], round, m, offered)
	base, _ := c.value(at[1], round, m, offered)
	return x - base
}

// errNoGrowth is in the errors of a round in which memory was no more with more connections.
var errNoGrowth = errors.New("memory did not grow with its connections")

// value is an arm's number in a round.
func (c *court) value(at side, round int, m bench.Metric, offered bench.Offered) (float64, error) {
	t := c.trials[at.arm][round]
	if t == nil {
		return 0, fmt.Errorf("no round has a valid trial of %s%s", at.arm, c.because(at.arm))
	}
	x, err := t.value(m, at.level, offered)
	if err == nil && (!(x > 0) || math.IsInf(x, 0)) {
		err = fmt.Errorf("%s gave %v, which cannot be compared", at.cell(), x)
	}
	return x, err
}

// parts are how many tasks a request of a side's level is made of.
func (c *court) parts(at side) float64 {
	if t := c.anyTrial(at.arm); t != nil {
		if l, ok := t.scenario.Level(at.level); ok && l.Units != "" {
			n, _ := strconv.ParseFloat(l.Units, 64)
			return n
		}
	}
	return 1
}

// units are how many there are at a side that could share its work: tasks times workers.
func (c *court) units(at side) float64 {
	if t := c.anyTrial(at.arm); t != nil {
		return c.parts(at) * workers(t.result.Trial.Variant)
	}
	return 1
}

// open are the connections that are kept open at a side.
func (c *court) open(at side) float64 {
	if t := c.anyTrial(at.arm); t != nil {
		l, _ := t.scenario.Level(at.level)
		return float64(l.HeldConnections)
	}
	return 0
}

func (c *court) anyTrial(arm string) *trial {
	for _, t := range c.trials[arm] {
		return t
	}
	return nil
}

// workers are the processes of a variant.
func workers(v bench.Variant) float64 {
	n := 1.
	for _, name := range []string{"WORKERS", bench.Replicas} {
		if k, err := strconv.Atoi(v[name]); err == nil && k > 0 {
			n *= float64(k)
		}
	}
	return n
}
