package report

import (
	"fmt"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/text"
)

// Test is one comparison in words and numbers.
type Test struct {
	bench.Comparison
	Label    string `json:"label"`    // the metric and the servers that are compared
	Sign     string `json:"sign"`     // of the verdict
	Estimate string `json:"estimate"` // ratio or value with its interval
	OfText   string `json:"of_text"`  // medians with units
	ToText   string `json:"to_text"`
	Expected string `json:"expected"` // by the claim
	Beside   string `json:"beside"`   // results of methods with weaker assumptions
	ByRound  []Pair `json:"by_round,omitempty"`
}

// Pair is one round of a comparison, with its numbers in words.
type Pair struct {
	bench.PairedRound
	OfText string `json:"of_text"`
	ToText string `json:"to_text"`
	Ratio  string `json:"ratio"`
}

// Ratio is a row of the forest plot.
type Ratio struct {
	Claim   string        `json:"claim"`
	Label   string        `json:"label"`
	Ratio   float64       `json:"ratio"`
	Low     *float64      `json:"low,omitempty"` // absent if the interval has no bound on that side
	High    *float64      `json:"high,omitempty"`
	Margin  float64       `json:"margin"` // ratio above 1
	Verdict bench.Verdict `json:"verdict"`
	Sign    string        `json:"sign"`
	Expect  string        `json:"expect"`
}

func newTest(c bench.Comparison) Test {
	t := Test{
		Comparison: c,
		Label:      label(c),
		Sign:       c.Verdict.Sign(),
		Estimate:   estimate(c),
		Expected:   expected(c),
		Beside:     robust(c),
	}
	for _, p := range c.Pairs {
		pair := Pair{
			PairedRound: p,
			OfText:      text.Quantity(p.Of, c.Unit),
			ToText:      text.Quantity(p.To, c.Unit),
		}
		if c.To != "" {
			pair.Ratio = text.Number(p.Of/p.To) + "×"
		}
		t.ByRound = append(t.ByRound, pair)
	}
	if c.OfMedian != nil {
		t.OfText = text.Quantity(*c.OfMedian, c.Unit)
	}
	if c.ToMedian != nil {
		t.ToText = text.Quantity(*c.ToMedian, c.Unit)
	}
	return t
}

// newRatio returns the row of a comparison that has a ratio.
func newRatio(claim string, c bench.Comparison) Ratio {
	return Ratio{
		Claim:   claim,
		Label:   label(c),
		Ratio:   *c.Ratio,
		Low:     c.Low,
		High:    c.High,
		Margin:  c.Margin,
		Verdict: c.Verdict,
		Sign:    c.Verdict.Sign(),
		Expect:  c.Expect,
	}
}

// estimate returns the ratio or value with its interval, or nothing if there is neither.
func estimate(c bench.Comparison) string {
	switch {
	case c.Ratio != nil && metric.Find(c.Metric).Counted:
		return text.Number(*c.Ratio) + "×, counted"
	case c.Ratio != nil:
		return text.Number(*c.Ratio) + "×" + interval(c.Low, c.High, text.Number)
	case c.Value != nil:
		format := quantity(c.Unit)
		return format(*c.Value) + interval(c.Low, c.High, format)
	}
	return ""
}

// expected returns what the comparison shows if the claim is true.
func expected(c bench.Comparison) string {
	switch c.BoundIs {
	case "at_most":
		return "at most " + text.Quantity(c.Bound, c.Unit)
	case "at_least":
		return "at least " + text.Quantity(c.Bound, c.Unit)
	}
	return fmt.Sprintf("%s, by more than %s×", c.Expect, text.Number(c.Margin))
}

// robust returns the results of methods that assume less than the interval does.
func robust(c bench.Comparison) string {
	h := c.HodgesLehmann
	if h == nil {
		return ""
	}
	format, unit := quantity(c.Unit), ""
	if c.Ratio != nil {
		format, unit = text.Number, "×"
	}
	s := "Hodges-Lehmann " + format(h.Value) + unit + interval(h.Low, h.High, format)
	if c.P != nil {
		s += "; p " + probability(*c.P)
	}
	if c.SignFlip != nil {
		s += ", by sign-flips " + probability(*c.SignFlip)
	}
	return s
}

// quantity returns the format of numbers of a unit.
func quantity(unit string) func(float64) string {
	return func(x float64) string { return text.Quantity(x, unit) }
}

// probability formats p with two significant digits.
func probability(p float64) string {
	if p < .0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("%.2g", p)
}

// interval formats the bounds that follow an estimate. A nil bound is infinite.
func interval(low, high *float64, format func(float64) string) string {
	switch {
	case low != nil && high != nil:
		return fmt.Sprintf(" (%s to %s)", format(*low), format(*high))
	case low != nil:
		return fmt.Sprintf(" (%s or more)", format(*low))
	case high != nil:
		return fmt.Sprintf(" (%s or less)", format(*high))
	}
	return " (not bounded)"
}

// label names the scenario, the metric and the servers of a comparison.
func label(c bench.Comparison) string {
	s := bench.Cell{Arm: c.Scenario, Level: c.Level}.String() + ", " + measured(c)
	if c.To == "" {
		return s + ": " + c.Of
	}
	return fmt.Sprintf("%s: %s / %s", s, c.Of, c.To)
}

// measured names the metric of a comparison with the variant, load and base that it is taken at.
func measured(c bench.Comparison) string {
	s := metric.Find(c.Metric).TitleAt(c.Offered)
	if len(c.Variant) > 0 && c.Base != nil && len(c.Base.Variant) > 0 {
		s += " with " + c.Variant.String()
	}
	if c.Base != nil {
		s += ", relative to " + base(*c.Base)
	}
	return s
}

// base names what a number is relative to.
func base(b bench.Base) string {
	var parts []string
	if b.Quickstart {
		parts = append(parts, "its quick start")
	}
	for _, part := range []string{b.Target, b.Variant.String(), b.Level} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}
