package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// finding is what a comparison's rounds say at one look.
type finding struct {
	look     int                // index among the looks
	level    float64            // two-sided
	interval inference.Interval // of ln of - ln to, at the level
	sides    sides              // as they were known then
	signed   []float64          // d_r: positive for the claim
	tested   []float64          // what was held against the margin that decided: those, or differences in the metric's unit
	margin   float64
	region   bench.Verdict // where their mean lies
	p        float64       // smallest level at which that would be decided
	verdict  bench.Verdict // the region, if it is decided
	forced   string        // what keeps it from that whatever the interval
	why      string
}

// find judges the comparison at one look after the other up to the last, at the levels that spend
// alpha, until one decides.
func (c *court) find(x *cell, alpha float64, last int) (f finding) {
	for look, level := range c.levels(alpha)[:last+1] {
		f = c.findAt(x, look, level)
		if f.verdict != bench.Inconclusive {
			break
		}
	}
	return f
}

// findAt judges the comparison at one look.
func (c *court) findAt(x *cell, look int, level float64) finding {
	s := x.sides.upTo(c.looks[look].Rounds)
	logs := s.logs()
	f := finding{look: look, level: level, sides: s, interval: inference.TInterval(logs, level), verdict: bench.Inconclusive, p: 1}
	sign, margin := 1., 0.
	if x.Expect == bench.Lower || x.BoundIs == "at_most" {
		sign = -1
	}
	if x.To != "" {
		margin = math.Log(x.Margin)
	}
	f.signed = make([]float64, len(logs))
	for r, d := range logs {
		f.signed[r] = sign * d
	}
	f.tested, f.margin = f.signed, margin
	openOf, openTo := slices.Contains(s.openOf, true), slices.Contains(s.openTo, true)
	if openOf {
		f.interval.High = math.Inf(1)
	}
	if openTo {
		f.interval.Low = math.Inf(-1)
	}
	low, high := f.interval.Low, f.interval.High
	if sign < 0 {
		low, high = -high, -low
	}
	few, unsteady := s.tooFew(), s.tooUnsteady()
	switch {
	case f.interval.N < 2:
		return f.force(bench.ForcedFewRounds, "one round shows no variation; at least two are needed")
	case f.interval.SE == 0:
		return f.force(bench.ForcedSame, "all rounds gave the very same number, which no measurement does")
	case len(s.noGrowth) > 0: // to judge by the other rounds would be to choose among outcomes
		return f.force(bench.ForcedNoGrowth, "in some rounds "+errNoGrowth.Error())
	case few != "":
		return f.force(bench.ForcedMissing, few)
	case unsteady != "":
		return f.force(bench.ForcedUnsteady, unsteady)
	}
	f.region, f.p = inference.Region(f.signed, margin)
	if math.IsInf(low, -1) && f.region != bench.Contradicted || math.IsInf(high, 1) && f.region != bench.Supported {
		if f.p < level {
			return f.force(bench.ForcedOpen, "something else than the server was at its limit, so the ratio is known from one side only")
		}
		f.p = 1
	}
	if x.metric.Quantile > 0 {
		var settled bool
		if f, settled = c.instrumental(x, f, sign); settled {
			return f
		}
	}
	if f.p < level {
		f.verdict = f.region
	}
	f.why = inWords(x, f, low, high)
	return f.robust()
}

// instrumental holds the difference of two percentiles against what the instrument can tell apart. Where its
// interval lies within the clock's own error, they are practically equal, whatever their ratio;
// where it does not lie beyond all that the instrument may have added, no ratio is decided. It
// reports whether that settles the finding; else the p-value is that of both conditions.
func (c *court) instrumental(x *cell, f finding, sign float64) (finding, bool) {
	s, quantile, round := f.sides, x.metric.Quantile, c.looks[f.look].Rounds
	if x.Base != nil {
		added := c.instrument(quantile, 0, round)
		if f.p < f.level && within(s.apart, added) {
			return f.force(bench.ForcedInstrument, fmt.Sprintf("number and base differ by less than %v, which the instrument may have added", added.Round(time.Microsecond))), true
		}
		return f, false
	}
	if x.To == "" {
		return f, false
	}
	differences := s.differences()
	for r := range differences {
		differences[r] *= sign
	}
	clock := c.clock(round)
	if equal, p := inference.Region(differences, clock.Seconds()); equal == bench.PracticallyEqual && p < f.level {
		f.region, f.p, f.verdict, f.tested, f.margin = equal, p, equal, differences, clock.Seconds()
		f.why = fmt.Sprintf("they differ by less than %v, which no instrument of this kind can tell apart", clock)
		return f.robust(), true
	}
	if f.region == bench.PracticallyEqual {
		return f, false
	}
	added := c.instrument(quantile, s.meanLag(quantile), round).Round(time.Microsecond)
	beyond, p := inference.Region(differences, added.Seconds())
	if beyond != f.region {
		p = 1
	}
	if f.p < f.level && p >= f.level {
		return f.force(bench.ForcedInstrument, fmt.Sprintf("the ratio is beyond the margin, but the difference may be less than %v, which the instrument may have added", added)), true
	}
	f.p = max(f.p, p)
	return f, false
}

// within reports whether a side's numbers are, by their median, no further apart than that.
func within(apart [][]float64, added time.Duration) bool {
	return slices.ContainsFunc(apart, func(list []float64) bool { return math.Abs(inference.Median(list)) < added.Seconds() })
}

// force keeps the finding inconclusive.
func (f finding) force(rule, why string) finding {
	f.forced, f.why, f.p, f.verdict = rule, why, 1, bench.Inconclusive
	return f
}

// robust keeps a decision only where it does not hang on the shape of the distribution.
func (f finding) robust() finding {
	if f.verdict == bench.Inconclusive {
		return f
	}
	if p, fragile := inference.Fragile(f.tested, f.margin, f.region, f.level); fragile {
		return f.force(bench.ForcedFragile, fmt.Sprintf("fragile: %s by Student's t, but the sign-flip test, which assumes less, has p %.2g", f.region, p))
	}
	return f
}

// inWords says what the interval, positive for the claim, shows.
func inWords(x *cell, f finding, low, high float64) string {
	switch {
	case x.BoundIs != "" && f.verdict == bench.Inconclusive:
		return "the interval holds the bound"
	case x.BoundIs != "":
		return "the interval lies on one side of the bound"
	case f.verdict == bench.Supported:
		return "the whole interval is beyond the margin, as claimed"
	case f.verdict == bench.Contradicted:
		return "the whole interval is beyond the margin, the other way"
	case f.verdict == bench.PracticallyEqual:
		return "the whole interval is within the margin"
	case low > 0:
		return "direction only: as claimed, but perhaps by less than matters"
	case high < 0:
		return "direction only: against the claim, but perhaps by less than matters"
	}
	return "the interval is too wide to tell"
}

// visiblySkewed is how many standard errors of skewness are worth a word: normal rounds show more in one
// comparison of a hundred.
const visiblySkewed = 2.58

// tell puts what was found into the comparison.
func (c *court) tell(x *cell, f finding) {
	x.found = f
	x.Verdict, x.Why, x.Forced, x.Rounds, x.Confidence = f.verdict, f.why, f.forced, len(f.sides.of), 1-f.level
	if f.region != "" && f.p < 1 {
		x.P = finite(f.p)
	}
	if missing := len(f.sides.launched) - x.Rounds; missing > 0 {
		x.Warnings = append(x.Warnings, fmt.Sprintf("%d of %d rounds have no valid pair", missing, len(f.sides.launched)))
	}
	if skew := inference.Skewness(f.signed); math.Abs(skew) > visiblySkewed {
		x.Warnings = append(x.Warnings, fmt.Sprintf("the rounds are skewed (by %.1f standard errors): the interval may hold the truth less often than it says", skew))
	}
	x.Pairs = c.pairs(x, f.sides)
	x.OfMedian = finite(inference.Median(f.sides.of))
	scale := x.Bound
	center := &x.Value
	if x.To != "" {
		x.ToMedian = finite(inference.Median(f.sides.to))
		scale, center = 1, &x.Ratio
	}
	*center, x.Low, x.High = exp(scale, f.interval.Mean), exp(scale, f.interval.Low), exp(scale, f.interval.High)
	if len(f.signed) < 2 {
		return
	}
	margin := 0.
	if x.To != "" {
		margin = math.Log(x.Margin)
	}
	if region, _ := inference.Region(f.signed, margin); region == f.region {
		if p, ok := inference.SignFlip(f.signed, margin, region); ok {
			x.SignFlip = finite(p)
		}
	}
	estimate, low, high := inference.HodgesLehmann(f.sides.logs(), f.level)
	x.HodgesLehmann = &bench.Estimate{Value: scale * math.Exp(estimate), Low: exp(scale, low), High: exp(scale, high)}
}

// pairs are the rounds that entered, with the trials that they are from.
func (c *court) pairs(x *cell, s sides) []bench.PairedRound {
	trial := func(target string, round int) int {
		if t := c.trials[bench.ArmName(x.Scenario, target, x.Variant)][round]; target != "" && t != nil {
			return t.result.Trial.N
		}
		return 0
	}
	var list []bench.PairedRound
	for i, round := range s.round {
		list = append(list, bench.PairedRound{Round: round, Of: s.of[i], OfTrial: trial(x.Of, round), To: s.to[i], ToTrial: trial(x.To, round)})
	}
	return list
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
