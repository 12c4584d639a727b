package report

import (
	"fmt"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/text"
)

func newTest(t bench.Comparison) Test {
	out := Test{Comparison: t, Label: label(t), Sign: t.Verdict.Sign()}
	switch {
	case t.Ratio != nil:
		out.Estimate = text.Number(*t.Ratio) + "×" + interval(t.Low, t.High, text.Number)
		if metric.Find(t.Metric).Counted {
			out.Estimate = text.Number(*t.Ratio) + "×, counted"
		}
	case t.Value != nil:
		in := func(x float64) string { return text.Quantity(x, t.Unit) }
		out.Estimate = in(*t.Value) + interval(t.Low, t.High, in)
	}
	out.Beside = beside(t)
	for _, p := range t.Pairs {
		pair := Pair{PairedRound: p, OfText: text.Quantity(p.Of, t.Unit), ToText: text.Quantity(p.To, t.Unit)}
		if t.To != "" {
			pair.Ratio = text.Number(p.Of/p.To) + "×"
		}
		out.ByRound = append(out.ByRound, pair)
	}
	if t.OfMedian != nil {
		out.OfText = text.Quantity(*t.OfMedian, t.Unit)
	}
	if t.ToMedian != nil {
		out.ToText = text.Quantity(*t.ToMedian, t.Unit)
	}
	switch t.BoundIs {
	case "at_most":
		out.Expected = "at most " + text.Quantity(t.Bound, t.Unit)
	case "at_least":
		out.Expected = "at least " + text.Quantity(t.Bound, t.Unit)
	default:
		out.Expected = fmt.Sprintf("%s, by more than %s×", t.Expect, text.Number(t.Margin))
	}
	return out
}

// beside is what methods say that assume less than the interval does.
func beside(t bench.Comparison) string {
	h := t.HodgesLehmann
	if h == nil {
		return ""
	}
	format := func(x float64) string { return text.Quantity(x, t.Unit) }
	unit := ""
	if t.Ratio != nil {
		format, unit = text.Number, "×"
	}
	text := "Hodges-Lehmann " + format(h.Value) + unit + interval(h.Low, h.High, format)
	if t.P != nil {
		text += fmt.Sprintf("; p %s", probability(*t.P))
	}
	if t.SignFlip != nil {
		text += fmt.Sprintf(", by sign-flips %s", probability(*t.SignFlip))
	}
	return text
}

// probability has two significant digits.
func probability(p float64) string {
	if p < .0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("%.2g", p)
}

// interval is what stands behind an estimate; a side that is nil is open.
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

// label says what a comparison compares.
func label(t bench.Comparison) string {
	text := fmt.Sprintf("%s, %s", bench.Cell{Arm: t.Scenario, Level: t.Level}, words(t.Metric))
	if len(t.Variant) > 0 && t.Base != nil && len(t.Base.Variant) > 0 {
		text += " with " + t.Variant.String()
	}
	if at := t.Offered.String(); at != "" {
		text += " at " + at
	}
	if t.Base != nil {
		text += ", relative to " + base(*t.Base)
	}
	if t.To == "" {
		return text + ": " + t.Of
	}
	return fmt.Sprintf("%s: %s / %s", text, t.Of, t.To)
}

// words are a metric's name for people.
func words(metric string) string {
	return strings.ReplaceAll(strings.TrimSuffix(metric, "_at_rate"), "_", " ")
}

// base says what a number is relative to.
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
