package compare

import (
	"cmp"
	"math"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
)

// Words for what became of a number.
const (
	Better       = "better"
	Worse        = "worse"
	Changed      = "changed" // the metric has no better direction
	Gone         = "gone"    // the base has the number, the new run does not
	Equal        = "practically equal"
	Inconclusive = "inconclusive"
)

// Words lists every word, in the order in which results count them.
var Words = []string{Better, Worse, Changed, Gone, Equal, Inconclusive}

// Change says what became of one number of one arm.
type Change struct {
	Name     string   `json:"name"`  // arm, level, metric and offered load
	Title    string   `json:"title"` // Name for people: "json/node-a: median response time at 500/s"
	Metric   string   `json:"metric"`
	Unit     string   `json:"unit"`
	Base     float64  `json:"base"`          // median over rounds, in Unit
	New      float64  `json:"new"`           // the same; 0 if the number is gone
	Ratio    float64  `json:"ratio"`         // geometric mean of the new run ÷ that of the base
	Low      *float64 `json:"low,omitempty"` // bounds of Ratio at 95%; nil if unbounded
	High     *float64 `json:"high,omitempty"`
	Margin   float64  `json:"margin"`     // smallest ratio above 1 that matters
	Adjusted float64  `json:"p_adjusted"` // among all numbers compared [Holm 1979]
	Word     string   `json:"word"`
	Why      string   `json:"why,omitempty"`
}

// wordOf returns the word for a region. Supported means that the metric is larger in the new run.
func wordOf(m metric.Metric, region bench.Verdict) string {
	switch {
	case region == bench.PracticallyEqual:
		return Equal
	case region == bench.Inconclusive:
		return Inconclusive
	case m.Better == "":
		return Changed
	case (m.Better == bench.Higher) == (region == bench.Supported):
		return Better
	}
	return Worse
}

// undecidable returns why a number must stay undecided; empty if nothing stands against a decision.
func undecidable(base, head figure, c Change, region bench.Verdict) string {
	switch {
	case base.lowerBound || head.lowerBound:
		return "only a lower bound is known"
	case !base.mostlySteady() || !head.mostlySteady():
		return "more than a fifth of a run's launches have no steady state"
	case region != bench.PracticallyEqual && math.Abs(c.New-c.Base) < max(base.error, head.error):
		return "the difference is smaller than what the load generator may have added"
	}
	return ""
}

// expOrNil returns e to the power x, or nil if that is not finite.
func expOrNil(x float64) *float64 {
	if x = math.Exp(x); math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

// byName orders figures by their names.
func byName(a, b figureID) int { return cmp.Compare(a.String(), b.String()) }
