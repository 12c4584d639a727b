package judge

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// visiblySkewed is how many standard errors of skewness earn a warning: normal rounds show more in one
// comparison of a hundred.
const visiblySkewed = 2.58

// publish puts what was found into the comparison.
func (j *judgment) publish(c *comparison, f finding) {
	c.found = f
	c.Verdict, c.Why, c.Forced = f.verdict, f.why, f.forced
	c.Rounds, c.Confidence = len(f.rounds.pairings), 1-f.level
	if f.region != "" && f.p < 1 {
		c.P = finite(f.p)
	}
	if missing := len(f.rounds.launched) - c.Rounds; missing > 0 {
		c.warn("%d of %d rounds have no pair that counts", missing, len(f.rounds.launched))
	}
	if skew := inference.Skewness(f.signed); math.Abs(skew) > visiblySkewed {
		c.warn("the rounds are skewed (by %.1f standard errors): "+
			"the interval may contain the true value less often than stated", skew)
	}
	c.Pairs = j.pairedRounds(c, f.rounds)
	c.OfMedian = finite(inference.Median(f.rounds.each(func(p pairing) float64 { return p.of })))
	scale := c.Bound
	center := &c.Value
	if c.To != "" {
		c.ToMedian = finite(inference.Median(f.rounds.each(func(p pairing) float64 { return p.to })))
		scale, center = 1, &c.Ratio
	}
	*center = exp(scale, f.interval.Mean)
	c.Low, c.High = exp(scale, f.interval.Low), exp(scale, f.interval.High)
	if len(f.signed) < 2 {
		return
	}
	limit := math.Log(c.margin())
	if region, _ := inference.Region(f.signed, limit); region == f.region {
		if p, ok := inference.SignFlip(f.signed, limit, region); ok {
			c.SignFlip = finite(p)
		}
	}
	estimate, low, high := inference.HodgesLehmann(f.rounds.logs(), f.level)
	c.HodgesLehmann = &bench.Estimate{
		Value: scale * math.Exp(estimate),
		Low:   exp(scale, low),
		High:  exp(scale, high),
	}
}

// pairedRounds returns the rounds that entered, with the trials that they are from.
func (j *judgment) pairedRounds(c *comparison, r rounds) (list []bench.PairedRound) {
	trial := func(server string, round int) int {
		t := j.trials[bench.ArmName(c.Scenario, server, c.Variant)][round]
		if server == "" || t == nil {
			return 0
		}
		return t.Result.Trial.N
	}
	for _, p := range r.pairings {
		list = append(list, bench.PairedRound{
			Round:   p.round,
			Of:      p.of,
			OfTrial: trial(c.Of, p.round),
			To:      p.to,
			ToTrial: trial(c.To, p.round),
		})
	}
	return list
}

// exp returns scale·e^x for JSON, or nil if x is infinite: that side is open.
func exp(scale, x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return finite(scale * math.Exp(x))
}

// finite returns x for JSON, or nil if JSON has no such number.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}
