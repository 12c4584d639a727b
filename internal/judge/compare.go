package judge

import (
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
// percentiles, by rate.
func (c *court) compare(test bench.Test) []bench.Comparison {
	metric := bench.Metrics[test.Metric]
	blank := bench.Comparison{
		Scenario: test.Scenario, Metric: test.Metric, Unit: metric.Unit, Of: test.Of, To: test.To,
		Expect: test.Expect, Variant: test.Variant, Verdict: bench.NotTested, Warnings: []string{},
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
		return []bench.Comparison{blank}
	}
	if len(blank.Variant) == 0 {
		blank.Variant = scenario.Variants[0]
	}
	pairs := bench.Pairs(test, c.run.Plan.Targets)
	if len(pairs) == 0 {
		blank.Why = "the servers to compare were left out of this run"
		return []bench.Comparison{blank}
	}
	rates := []bench.Rate{0}
	if metric.Quantile > 0 {
		rates = scenario.Rates
		if n := c.run.Plan.Profile.Rates; n > 0 && n < len(rates) {
			rates = rates[:n]
		}
	}
	var all []bench.Comparison
	for _, pair := range pairs {
		for _, rate := range rates {
			cell := blank
			cell.Of, cell.To, cell.Tier, cell.Rate = pair.Of, pair.To, pair.Tier, rate
			cell.Warnings = []string{}
			c.decide(&cell, metric)
			all = append(all, cell)
		}
	}
	return all
}

// decide fills in one comparison.
func (c *court) decide(cell *bench.Comparison, metric bench.Metric) {
	of := bench.ArmName(cell.Scenario, cell.Of, cell.Variant)
	to := ""
	if cell.To != "" {
		to = bench.ArmName(cell.Scenario, cell.To, cell.Variant)
	}
	for _, arm := range []string{of, to} {
		if reason, out := c.excluded[arm]; out {
			cell.Why = arm + ": " + reason
			return
		}
	}
	s, why := c.rounds(cell, metric, of, to)
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
	if to != "" {
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

// sides are the numbers of both sides of a comparison, by round.
type sides struct {
	of, to         []float64            // in the metric's unit; to is the bound where there is one
	ofPhase        []bench.PhaseSummary // that a percentile is from
	toPhase        []bench.PhaseSummary
	openOf, openTo bool // known by a lower bound only
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
	cell.Verdict = Decide(i, margin)
	if metric.Quantile > 0 && cell.To != "" && c.withinClock(cell, metric.Quantile, s) {
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
		cell.Why = "the generator was at its limit, so the ratio is known from one side only"
	default:
		cell.Why = "the interval is too wide to tell"
	}
}

// rounds are the values of both sides in every round that has them; the other
// side of a bound test is its bound. Where there is none, why says what stands in
// the way.
func (c *court) rounds(cell *bench.Comparison, metric bench.Metric, of, to string) (s sides, why string) {
	why = "there is no round"
	for round := 1; round <= c.run.Plan.Profile.Rounds; round++ {
		x, err := c.value(of, round, metric, cell.Rate)
		y := cell.Bound
		if err == nil && to != "" {
			y, err = c.value(to, round, metric, cell.Rate)
		}
		if err != nil {
			why = err.Error()
			continue
		}
		s.of, s.to = append(s.of, x), append(s.to, y)
		if phase := bench.LatencyPhase(cell.Rate); metric.Quantile > 0 && to != "" {
			p, _ := c.trials[of][round].summary.Phase(phase)
			q, _ := c.trials[to][round].summary.Phase(phase)
			s.ofPhase, s.toPhase = append(s.ofPhase, p), append(s.toPhase, q)
		}
		s.openOf = c.caveats(cell, of, round) || s.openOf
		s.openTo = c.caveats(cell, to, round) || s.openTo
	}
	return s, why
}

// value is an arm's number in a round.
func (c *court) value(arm string, round int, metric bench.Metric, rate bench.Rate) (float64, error) {
	t := c.trials[arm][round]
	if t == nil {
		return 0, fmt.Errorf("no round has a valid trial of %s", arm)
	}
	x, err := value(t.summary, t.result, metric, rate)
	if err == nil && (!(x > 0) || math.IsInf(x, 0)) {
		err = fmt.Errorf("%s gave %v, which cannot be compared", arm, x)
	}
	return x, err
}

// caveats warns of what the phase that a comparison is made of shows beside its
// number: failed requests, and what else than the server may have set a
// throughput. It reports whether the number is a lower bound only.
func (c *court) caveats(cell *bench.Comparison, arm string, round int) (open bool) {
	name := bench.MeasureThroughput
	if cell.Rate > 0 {
		name = bench.LatencyPhase(cell.Rate)
	}
	t := c.trials[arm][round]
	if t == nil {
		return false
	}
	warn := func(format string, args ...any) {
		if w := fmt.Sprintf(format, args...); !slices.Contains(cell.Warnings, w) {
			cell.Warnings = append(cell.Warnings, w)
		}
	}
	if p, ok := t.summary.Phase(name); ok && p.Failed > 0 {
		warn("%s failed requests in %s", arm, name)
	}
	if cell.Metric != "throughput" {
		return false
	}
	i := slices.IndexFunc(t.result.Phases, func(p bench.PhaseResult) bool { return p.Name == name })
	phase := t.result.Phases[i]
	drive := phase.Drive
	generator := drive.Generator.Seconds() / drive.Elapsed.Seconds()
	server := phase.CPU.Seconds() / drive.Elapsed.Seconds()
	switch {
	case phase.Late > bench.StandardGates.Late.Duration:
		warn("%s: our upstream answered late, so the server's throughput is at least this", arm)
		return true
	case c.nearCapacity(phase), generator > busyLimit*c.cpus, generator > idleLimit && server < busyLimit*c.capacity(cell.Variant):
		warn("%s: the generator was at its limit, so the server's throughput is at least this", arm)
		return true
	case server < idleLimit*c.capacity(cell.Variant) && generator < idleLimit:
		warn("%s: neither server nor generator was busy, so the number of connections set this throughput", arm)
	}
	return false
}

// nearCapacity reports whether the phase came near the most that the generator
// was certified to send.
func (c *court) nearCapacity(p bench.PhaseResult) bool {
	return slices.ContainsFunc(p.Gates, func(g bench.Gate) bool { return g.Name == bench.GateLoad && g.Value > busyLimit })
}

// capacity is how many CPUs a server of the variant can use at most: one for
// each worker, as far as there are CPUs.
func (c *court) capacity(v bench.Variant) float64 {
	workers, err := strconv.Atoi(v["WORKERS"])
	if err != nil || workers < 1 {
		workers = 1
	}
	if servers, err := cpuset.Parse(c.run.Plan.CPUs.Target); err == nil && len(servers) > 0 {
		workers = min(workers, len(servers))
	}
	return float64(workers)
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
