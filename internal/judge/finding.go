package judge

import (
	"fmt"
	"math"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
)

// finding holds what the rounds of a comparison show at one look.
type finding struct {
	look     int                // index of the look
	level    float64            // two-sided
	rounds   rounds             // as they were known at the look
	interval inference.Interval // of ln of - ln to, at the level
	// low and high bound the mean in the direction of the claim; infinite if a side is a lower bound.
	low, high float64
	signed    []float64 // d_r, positive in the direction of the claim
	// tested and threshold are the numbers and the margin that decided: signed and the log of the margin or,
	// within the clock's error, the differences in seconds and that error.
	tested    []float64
	threshold float64
	region    bench.Verdict // where the mean lies
	p         float64       // smallest level at which the region would be decided
	verdict   bench.Verdict // the region, if it is decided
	forced    string        // the rule that keeps the finding inconclusive, whatever its interval
	why       string
}

// find judges the comparison at one look after the other, up to the last, at levels that spend alpha,
// until a look decides it.
func (j *judgment) find(c *comparison, alpha float64, last int) (f finding) {
	for look, level := range j.levels(alpha)[:last+1] {
		f = j.findAt(c, look, level)
		if f.verdict != bench.Inconclusive {
			break
		}
	}
	return f
}

// findAt judges the comparison at one look.
func (j *judgment) findAt(c *comparison, look int, level float64) finding {
	f := newFinding(c, look, level, c.rounds.upTo(j.looks[look].Rounds))
	for _, r := range precedence {
		if why := r.holds(&f); why != "" {
			f.force(r.name, why)
			return f
		}
	}
	f.region, f.p = inference.Region(f.signed, f.threshold)
	for _, decide := range []func(*comparison, *finding) (settled bool){
		j.knownFromOneSide, j.withinResolution, j.byInterval, confirmed,
	} {
		if decide(c, &f) {
			break
		}
	}
	return f
}

// newFinding computes the interval of the rounds, in the direction of the claim.
func newFinding(c *comparison, look int, level float64, r rounds) finding {
	logs := r.logs()
	f := finding{
		look: look, level: level, rounds: r,
		interval:  inference.TInterval(logs, level),
		signed:    make([]float64, len(logs)),
		threshold: math.Log(c.margin()),
		p:         1,
		verdict:   bench.Inconclusive,
	}
	sign := c.sign()
	for i, d := range logs {
		f.signed[i] = sign * d
	}
	f.tested = f.signed
	if r.any(func(p pairing) bool { return p.ofLowerBound }) {
		f.interval.High = math.Inf(1)
	}
	if r.any(func(p pairing) bool { return p.toLowerBound }) {
		f.interval.Low = math.Inf(-1)
	}
	f.low, f.high = f.interval.Low, f.interval.High
	if sign < 0 {
		f.low, f.high = -f.high, -f.low
	}
	return f
}

// rule keeps a comparison inconclusive, whatever its interval.
type rule struct {
	name  string                // one of bench.ForcedNames
	holds func(*finding) string // why the rule holds; empty if it does not
}

// precedence lists the rules that are asked before anything is tested. The first that holds decides.
var precedence = []rule{
	{bench.ForcedFewRounds, (*finding).fewRounds},
	{bench.ForcedSame, (*finding).sameNumber},
	{bench.ForcedNoGrowth, (*finding).noGrowth},
	{bench.ForcedMissing, func(f *finding) string { return f.rounds.missing() }},
	{bench.ForcedUnsteady, func(f *finding) string { return f.rounds.unsteady() }},
}

func (f *finding) fewRounds() string {
	if f.interval.N < 2 {
		return "one round shows no variation; at least two are needed"
	}
	return ""
}

func (f *finding) sameNumber() string {
	if f.interval.SE == 0 {
		return "all rounds gave exactly the same number, which real measurements never do"
	}
	return ""
}

// noGrowth holds even if other rounds have a number: to judge by those would be to choose among outcomes.
func (f *finding) noGrowth() string {
	if len(f.rounds.noGrowth) > 0 {
		return "in some rounds, " + metric.ErrNoGrowth.Error()
	}
	return ""
}

// force keeps the finding inconclusive by the rule of that name.
func (f *finding) force(rule, why string) {
	f.forced, f.why, f.p, f.verdict = rule, why, 1, bench.Inconclusive
}

// knownFromOneSide settles a finding whose interval is open towards the verdict that it would give.
func (j *judgment) knownFromOneSide(_ *comparison, f *finding) (settled bool) {
	openBelow := math.IsInf(f.low, -1) && f.region != bench.Contradicted
	openAbove := math.IsInf(f.high, 1) && f.region != bench.Supported
	if !openBelow && !openAbove {
		return false
	}
	if f.p < f.level {
		f.force(bench.ForcedOpen,
			"something other than the server was at its limit, so the ratio is known from one side only")
		return true
	}
	f.p = 1
	return false
}

// withinResolution holds the difference of two percentiles against what the load generator can tell
// apart. If its interval lies within the clock's own error, the two are practically equal, whatever
// their ratio. If it does not lie beyond all that the load generator may have added, no ratio is
// decided. Otherwise the p-value becomes that of both conditions.
func (j *judgment) withinResolution(c *comparison, f *finding) (settled bool) {
	quantile, round := c.metric.Quantile, j.looks[f.look].Rounds
	switch {
	case quantile == 0:
		return false
	case c.Base != nil:
		added := j.resolution(quantile, 0, round)
		if f.p < f.level && (f.rounds.ofNearBase(added) || c.To != "" && f.rounds.toNearBase(added)) {
			f.force(bench.ForcedInstrument, fmt.Sprintf(
				"the number and its base differ by less than %v, which the load generator may have added",
				added.Round(time.Microsecond)))
			return true
		}
		return false
	case c.To == "":
		return false
	}
	sign := c.sign()
	differences := f.rounds.each(func(p pairing) float64 { return sign * (p.of - p.to) })
	clock := j.clockError(round)
	if equal, p := inference.Region(differences, clock.Seconds()); equal == bench.PracticallyEqual && p < f.level {
		f.region, f.p, f.verdict, f.tested, f.threshold = equal, p, equal, differences, clock.Seconds()
		f.why = fmt.Sprintf("they differ by less than %v, the error of the clock", clock)
		return confirmed(c, f)
	}
	if f.region == bench.PracticallyEqual {
		return false
	}
	added := j.resolution(quantile, f.rounds.meanLag(quantile), round).Round(time.Microsecond)
	beyond, p := inference.Region(differences, added.Seconds())
	if beyond != f.region {
		p = 1
	}
	if f.p < f.level && p >= f.level {
		f.force(bench.ForcedInstrument, fmt.Sprintf("the ratio is beyond the margin, but the difference "+
			"may be less than %v, which the load generator may have added", added))
		return true
	}
	f.p = max(f.p, p)
	return false
}

// byInterval decides by Student's t.
func (j *judgment) byInterval(c *comparison, f *finding) (settled bool) {
	if f.p < f.level {
		f.verdict = f.region
	}
	f.why = f.inWords(c)
	return false
}

// confirmed keeps a decision only if it does not depend on the shape of the distribution. It always
// settles the finding.
func confirmed(_ *comparison, f *finding) (settled bool) {
	if f.verdict == bench.Inconclusive {
		return true
	}
	if p, fragile := inference.Fragile(f.tested, f.threshold, f.region, f.level); fragile {
		f.force(bench.ForcedFragile, fmt.Sprintf(
			"fragile: %s by Student's t, but the sign-flip test, which assumes less, has p %.2g", f.region, p))
	}
	return true
}

// inWords says what the interval shows.
func (f *finding) inWords(c *comparison) string {
	switch {
	case c.BoundIs != "" && f.verdict == bench.Inconclusive:
		return "the interval contains the bound"
	case c.BoundIs != "":
		return "the interval lies on one side of the bound"
	case f.verdict == bench.Supported:
		return "the whole interval is beyond the margin, as claimed"
	case f.verdict == bench.Contradicted:
		return "the whole interval is beyond the margin, against the claim"
	case f.verdict == bench.PracticallyEqual:
		return "the whole interval is within the margin"
	case f.low > 0:
		return "direction only: as claimed, but perhaps by less than the margin"
	case f.high < 0:
		return "direction only: against the claim, but perhaps by less than the margin"
	}
	return "the interval is too wide to tell"
}
