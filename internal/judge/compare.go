package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
)

// Who set the throughput of a closed loop? A generator that used more than
// busyLimit of its CPUs, or of its certified capacity, may have; so may one that was not idle (more than
// idleLimit of a CPU) beside a server that used less than busyLimit of what it
// could use, since a generator can be at its limit on one thread of many. Such
// a throughput is a lower bound of the server's: right-censored. Where both
// were below idleLimit, the number of connections set it.
const (
	busyLimit = .85
	idleLimit = .6
)

// compare makes the comparisons of one test: by pair of targets and, for
// metrics at common rates, by rate.
func (c *court) compare(test bench.Test) []bench.Comparison {
	metric := bench.Metrics[test.Metric]
	blank := bench.Comparison{
		Scenario: test.Scenario, Metric: test.Metric, Unit: metric.Unit, Of: test.Of, To: test.To,
		Expect: test.Expect, Variant: test.Variant, Level: test.Level, Base: test.Base, Verdict: bench.NotTested, Warnings: []string{},
	}
	if test.Base != nil && metric.Name != "memory_per_connection" {
		blank.Unit = "" // a ratio
	}
	switch {
	case test.AtMost != nil:
		blank.Bound, blank.BoundIs = *test.AtMost, "at_most"
	case test.AtLeast != nil:
		blank.Bound, blank.BoundIs = *test.AtLeast, "at_least"
	case test.Margin != nil:
		blank.Margin = 1 + float64(*test.Margin)
	default:
		blank.Margin = metric.Margin
	}
	scenario, ok := c.run.Plan.Scenario(test.Scenario)
	if !ok {
		blank.Why = fmt.Sprintf("scenario %s was left out of this run", test.Scenario)
		if why := c.run.Plan.Skipped[test.Scenario]; why != "" {
			blank.Why = why
		}
		return []bench.Comparison{blank}
	}
	if len(blank.Variant) == 0 {
		blank.Variant = scenario.Variants[0]
	}
	if blank.Level == "" {
		blank.Level = scenario.AllLevels()[0].Name
	}
	targets := slices.DeleteFunc(slices.Clone(c.run.Plan.Targets), func(t bench.Target) bool { return !slices.Contains(scenario.Targets, t.Name) })
	pairs := bench.Pairs(test, targets)
	if len(pairs) == 0 {
		blank.Why = "the servers to compare were left out of this run"
		return []bench.Comparison{blank}
	}
	var all []bench.Comparison
	for _, pair := range pairs {
		for _, rate := range ratesOf(metric, scenario, c.run.Plan.Profile) {
			cell := blank
			cell.Of, cell.To, cell.Tier, cell.Rate = pair.Of, pair.To, pair.Tier, rate
			cell.Warnings = []string{}
			if metric.Exact {
				c.count(&cell, metric)
			} else {
				c.decide(&cell, metric)
			}
			all = append(all, cell)
		}
	}
	return all
}

// side is one side of a comparison, or the base of one.
type side struct {
	arm   string // empty where there is no such side
	level string
}

func (s side) cell() string { return bench.CellName(s.arm, s.level) }

// side is where the numbers of a target are from, and what they are relative to.
func (c *court) side(cell *bench.Comparison, target string) (at, base side, err error) {
	if target == "" {
		return side{}, side{}, nil
	}
	at = side{bench.ArmName(cell.Scenario, target, cell.Variant), cell.Level}
	b := cell.Base
	if b == nil {
		return at, side{}, nil
	}
	variant, level := cell.Variant, cell.Level
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
		scenario, _ := c.run.Plan.Scenario(cell.Scenario)
		target, variant = c.run.Plan.Targets[i].Name, scenario.Variants[0]
	}
	return at, side{bench.ArmName(cell.Scenario, target, variant), level}, nil
}

// decide fills in one comparison.
func (c *court) decide(cell *bench.Comparison, metric bench.Metric) {
	of, ofBase, err := c.side(cell, cell.Of)
	if err != nil {
		cell.Why = err.Error()
		return
	}
	to, toBase, err := c.side(cell, cell.To)
	if err != nil {
		cell.Why = err.Error()
		return
	}
	for _, s := range []side{of, ofBase, to, toBase} {
		for _, left := range []map[string]string{c.missing, c.excluded} {
			if reason, out := left[s.cell()]; out && s.arm != "" {
				cell.Why = s.cell() + ": " + reason
				return
			}
		}
	}
	s, why := c.rounds(cell, metric, [2]side{of, ofBase}, [2]side{to, toBase})
	if len(s.of) == 0 {
		cell.Why = why
		return
	}
	cell.Rounds = len(s.of)
	if missing := c.run.Plan.Profile.Rounds - cell.Rounds; missing > 0 {
		cell.Warnings = append(cell.Warnings, fmt.Sprintf("%d of %d rounds have no valid pair", missing, c.run.Plan.Profile.Rounds))
	}
	logs := make([]float64, len(s.of)) // d_r, but for its sign
	for r := range logs {
		logs[r] = math.Log(s.of[r]) - math.Log(s.to[r])
	}
	i := TInterval(logs, Alpha)
	if s.openOf {
		i.High = math.Inf(1)
	}
	if s.openTo {
		i.Low = math.Inf(-1)
	}
	cell.OfMedian = finite(bench.Median(s.of))
	if cell.To != "" {
		cell.ToMedian = finite(bench.Median(s.to))
		cell.Ratio, cell.Low, cell.High = exp(1, i.Mean), exp(1, i.Low), exp(1, i.High)
	} else {
		cell.Value, cell.Low, cell.High = exp(cell.Bound, i.Mean), exp(cell.Bound, i.Low), exp(cell.Bound, i.High)
	}
	c.word(cell, metric, i, s)
}

// withinClock holds the differences of two percentiles against what the
// instrument can tell apart. Where their interval lies within the clock's own
// error, they are practically equal, whatever their ratio; where it does not lie
// beyond all that the instrument may add, no ratio can be decided. It reports
// whether that gave the comparison its verdict.
func (c *court) withinClock(cell *bench.Comparison, quantile float64, s sides) bool {
	interval := TInterval(s.differences(cell.Expect), Alpha)
	if Decide(interval, c.clock.Seconds()) == bench.PracticallyEqual {
		cell.Verdict = bench.PracticallyEqual
		cell.Why = fmt.Sprintf("they differ by less than %v, which no instrument of this kind can tell apart", c.clock)
		return true
	}
	added := c.instrument(quantile, s.lag(quantile)).Round(time.Microsecond)
	if (cell.Verdict == bench.Supported || cell.Verdict == bench.Contradicted) && Decide(interval, added.Seconds()) != cell.Verdict {
		cell.Verdict = bench.Inconclusive
		cell.Why = fmt.Sprintf("the ratio is beyond the margin, but the difference may be less than %v, which the instrument may have added", added)
		return true
	}
	return false
}

// belowClock does so for percentiles that are relative to a base: where the median
// difference from the base is less than the instrument may have added, the ratio
// decides nothing.
func (c *court) belowClock(cell *bench.Comparison, quantile float64, s sides) bool {
	added := c.instrument(quantile, 0)
	for _, apart := range [][]float64{s.ofApart, s.toApart} {
		if len(apart) > 0 && math.Abs(bench.Median(apart)) < added.Seconds() && cell.Verdict != bench.Inconclusive {
			cell.Verdict = bench.Inconclusive
			cell.Why = fmt.Sprintf("number and base differ by less than %v, which the instrument may have added", added.Round(time.Microsecond))
			return true
		}
	}
	return false
}

// sides are the numbers of both sides of a comparison, by round.
type sides struct {
	of, to         []float64 // in the metric's unit; to is the bound where there is one
	ofApart        []float64 // difference of the number from its base, where it has one
	toApart        []float64
	ofPhase        []bench.PhaseSummary // that a percentile is from
	toPhase        []bench.PhaseSummary
	openOf, openTo bool // known by a lower bound only
	noGrowth       bool // a round shows no growth, and has no number
}

// differences are in the metric's unit, positive for the claim.
func (s sides) differences(expect string) []float64 {
	list := make([]float64, len(s.of))
	for r := range list {
		list[r] = s.of[r] - s.to[r]
		if expect == bench.Lower {
			list[r] = -list[r]
		}
	}
	return list
}

// lag is the mean difference of the two sides' lag at the quantile.
func (s sides) lag(quantile float64) time.Duration {
	at := func(p bench.PhaseSummary) time.Duration {
		if quantile <= .5 {
			return p.LagP50
		}
		return p.LagP99
	}
	var sum time.Duration
	for r := range s.toPhase {
		sum += at(s.ofPhase[r]) - at(s.toPhase[r])
	}
	return sum / time.Duration(max(len(s.toPhase), 1))
}

// word gives the comparison its verdict and says why.
func (c *court) word(cell *bench.Comparison, metric bench.Metric, i Interval, s sides) {
	margin := 0.0
	if cell.To != "" {
		margin = math.Log(cell.Margin)
	}
	if cell.Expect == bench.Lower || cell.BoundIs == "at_most" {
		i.Mean, i.Low, i.High = -i.Mean, -i.High, -i.Low
	}
	switch {
	case i.N < 2:
		cell.Verdict, cell.Why = bench.Inconclusive, "one round shows no variation; at least two are needed"
		return
	case i.SE == 0:
		cell.Verdict, cell.Why = bench.Inconclusive, "all rounds gave the very same number, which no measurement does"
		return
	}
	if s.noGrowth { // to judge by the other rounds would be to choose among outcomes
		cell.Verdict, cell.Why = bench.Inconclusive, "in some rounds "+errNoGrowth.Error()
		return
	}
	cell.Verdict = Decide(i, margin)
	switch {
	case metric.Quantile == 0:
	case cell.Base != nil:
		if c.belowClock(cell, metric.Quantile, s) {
			return
		}
	case cell.To != "" && c.withinClock(cell, metric.Quantile, s):
		return
	}
	switch {
	case cell.BoundIs != "" && cell.Verdict == bench.Inconclusive:
		cell.Why = "the interval holds the bound"
	case cell.BoundIs != "":
		cell.Why = "the interval lies on one side of the bound"
	case cell.Verdict == bench.Supported:
		cell.Why = "the whole interval is beyond the margin, as claimed"
	case cell.Verdict == bench.Contradicted:
		cell.Why = "the whole interval is beyond the margin, the other way"
	case cell.Verdict == bench.PracticallyEqual:
		cell.Why = "the whole interval is within the margin"
	case i.Low > 0:
		cell.Why = "direction only: as claimed, but perhaps by less than matters"
	case i.High < 0:
		cell.Why = "direction only: against the claim, but perhaps by less than matters"
	case math.IsInf(i.Low, -1) || math.IsInf(i.High, 1):
		cell.Why = "something else than the server was at its limit, so the ratio is known from one side only"
	default:
		cell.Why = "the interval is too wide to tell"
	}
}

// rounds are the values of both sides in every round that has them; the other
// side of a bound test is its bound. Each side has its base beside it. Where there is
// none, why says what stands in the way.
func (c *court) rounds(cell *bench.Comparison, metric bench.Metric, of, to [2]side) (s sides, why string) {
	why = "there is no round"
	for round := 1; round <= c.run.Plan.Profile.Rounds; round++ {
		x, err := c.relative(of, round, metric, cell.Rate)
		y := cell.Bound
		if err == nil && cell.To != "" {
			y, err = c.relative(to, round, metric, cell.Rate)
		}
		if errors.Is(err, errNoGrowth) {
			s.noGrowth = true
		}
		if err != nil {
			why = err.Error()
			continue
		}
		s.of, s.to = append(s.of, x), append(s.to, y)
		if cell.Base != nil && metric.Quantile > 0 {
			s.ofApart = append(s.ofApart, c.apart(of, round, metric, cell.Rate))
			if cell.To != "" {
				s.toApart = append(s.toApart, c.apart(to, round, metric, cell.Rate))
			}
		}
		if metric.Quantile > 0 && cell.To != "" && cell.Base == nil {
			at := func(s side) bench.PhaseSummary {
				t := c.trials[s.arm][round]
				_, p, _ := t.phase(bench.PhaseName(s.level, t.measure(metric), cell.Rate))
				return p
			}
			p, q := at(of[0]), at(to[0])
			s.ofPhase, s.toPhase = append(s.ofPhase, p), append(s.toPhase, q)
		}
		// What is relative to a number that is open to above is itself open to below.
		s.openOf = c.caveats(cell, metric, of[0], round) || s.openOf
		s.openTo = c.caveats(cell, metric, to[0], round) || s.openTo
		s.openTo = c.caveats(cell, metric, of[1], round) || s.openTo
		s.openOf = c.caveats(cell, metric, to[1], round) || s.openOf
	}
	return s, why
}

// relative is a side's number in a round, relative to its base if it has one.
func (c *court) relative(at [2]side, round int, m bench.Metric, rate bench.Rate) (float64, error) {
	x, err := c.value(at[0], round, m, rate)
	if err != nil || at[1].arm == "" {
		return x, err
	}
	base, err := c.value(at[1], round, m, rate)
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
func (c *court) apart(at [2]side, round int, m bench.Metric, rate bench.Rate) float64 {
	x, _ := c.value(at[0], round, m, rate)
	base, _ := c.value(at[1], round, m, rate)
	return x - base
}

// errNoGrowth is in the errors of a round in which memory was no more with more connections.
var errNoGrowth = errors.New("memory did not grow with its connections")

// value is an arm's number in a round.
func (c *court) value(at side, round int, m bench.Metric, rate bench.Rate) (float64, error) {
	t := c.trials[at.arm][round]
	if t == nil {
		return 0, fmt.Errorf("no round has a valid trial of %s%s", at.arm, c.because(at.arm))
	}
	x, err := t.value(m, at.level, rate)
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
		return float64(l.Open)
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

// caveats warns of what the phase that a comparison is made of shows beside its
// number: failed requests, and what else than the server may have set a
// throughput. It reports whether the number is a lower bound only.
func (c *court) caveats(cell *bench.Comparison, m bench.Metric, at side, round int) (open bool) {
	t := c.trials[at.arm][round]
	if t == nil {
		return false
	}
	warn := func(format string, args ...any) {
		if w := fmt.Sprintf(format, args...); !slices.Contains(cell.Warnings, w) {
			cell.Warnings = append(cell.Warnings, w)
		}
	}
	if m.Name == "capacity" {
		if _, open, _ = t.capacity(at.level); open {
			warn("%s: the instrument came to its limit, so the server's capacity is at least this", at.cell())
		}
		return open
	}
	name := bench.PhaseName(at.level, t.measure(m), cell.Rate)
	phase, p, err := t.phase(name)
	if err != nil {
		return false
	}
	if p.Failed > 0 {
		warn("%s failed requests in %s", at.arm, name)
	}
	if m.Name != "throughput" && m.Name != "speedup" && m.Name != "efficiency" {
		return false
	}
	arm := at.cell()
	drive := phase.Drive
	generator := drive.Generator.Seconds() / drive.Elapsed.Seconds()
	server := phase.CPU.Seconds() / drive.Elapsed.Seconds()
	beside := generator // what ran on the generator's CPUs
	for _, cpu := range phase.Services {
		beside += cpu.Seconds() / drive.Elapsed.Seconds()
	}
	idle := server < busyLimit*c.capacity(t) // a server that was busy set its throughput itself
	switch {
	case idle && phase.Late > bench.StandardGates.Late.Duration:
		warn("%s: our upstream answered late, so the server's throughput is at least this", arm)
		return true
	case idle && (c.serviceBusy(phase) || len(phase.Services) > 0 && beside > busyLimit*c.cpus):
		warn("%s: a service it leans on was at its limit, so the server's throughput is at least this", arm)
		return true
	case c.nearCapacity(phase), generator > busyLimit*c.cpus, generator > idleLimit && idle:
		warn("%s: the generator was at its limit, so the server's throughput is at least this", arm)
		return true
	case server < idleLimit*c.capacity(t) && generator < idleLimit:
		warn("%s: neither server nor generator was busy, so the number of connections set this throughput", arm)
	}
	return false
}

// nearCapacity reports whether the phase came near the most that the generator
// was certified to send.
func (c *court) nearCapacity(p bench.PhaseResult) bool {
	return slices.ContainsFunc(p.Gates, func(g bench.Gate) bool { return g.Name == bench.GateLoad && g.Value > busyLimit })
}

// serviceBusy reports whether a service that targets lean on may have set the phase's
// throughput.
func (c *court) serviceBusy(p bench.PhaseResult) bool {
	return slices.ContainsFunc(p.Gates, func(g bench.Gate) bool {
		return g.Name == bench.GateService && g.Value > bench.StandardGates.Service
	})
}

// capacity is how many CPUs a server can use at most: one for each worker, as far as
// there are CPUs.
func (c *court) capacity(t *trial) float64 {
	n := workers(t.result.Trial.Variant)
	if servers, err := cpuset.Parse(t.result.Trial.CPUs); err == nil && len(servers) > 0 {
		n = min(n, float64(len(servers)))
	}
	return n
}

// count compares what is counted: one number a side, without any error.
func (c *court) count(cell *bench.Comparison, m bench.Metric) {
	number := func(target string) (float64, error) {
		if m.Name == "settings" {
			t, _ := c.run.Plan.Target(target)
			return float64(len(t.Settings)), nil
		}
		arm := bench.ArmName(cell.Scenario, target, cell.Variant)
		err := fmt.Errorf("no round has a valid trial of %s%s", target, c.because(arm))
		for round := 1; round <= c.run.Plan.Profile.Rounds; round++ {
			if t := c.trials[arm][round]; t != nil {
				var x float64
				if x, err = t.value(m, cell.Level, 0); err == nil {
					return x, nil
				}
			}
		}
		return 0, err
	}
	of, err := number(cell.Of)
	var to float64
	if err == nil {
		to, err = number(cell.To)
	}
	if err != nil {
		cell.Why = err.Error()
		return
	}
	cell.OfMedian, cell.ToMedian, cell.Rounds = &of, &to, 1
	if to > 0 {
		cell.Ratio = finite(of / to)
		cell.Low, cell.High = cell.Ratio, cell.Ratio
	}
	more, less := of > to*cell.Margin, of*cell.Margin < to
	if cell.Expect == bench.Lower {
		more, less = less, more
	}
	cell.Why = "both are counted, so there is no error"
	switch {
	case more:
		cell.Verdict = bench.Supported
	case less:
		cell.Verdict = bench.Contradicted
	default:
		cell.Verdict = bench.PracticallyEqual
	}
}

// exp is scale·e^x for JSON, nil where x is not finite: that side is open.
func exp(scale, x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return finite(scale * math.Exp(x))
}

// finite is a number for JSON, nil where it has none.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}
