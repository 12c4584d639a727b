package compare

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
)

// Trend is the history of the machine class of its last night.
type Trend struct {
	Class    string   `json:"class"`
	Nights   int      `json:"nights"`
	Baseline int      `json:"baseline"` // nights
	Series   []Series `json:"series"`
	Warnings []string `json:"warnings"`
}

// Series is one number over the nights.
type Series struct {
	Name   string      `json:"name"`  // see Change
	Title  string      `json:"title"` // Name for people, or Name if the last night is of an older version
	Metric string      `json:"metric"`
	Unit   string      `json:"unit"`
	Times  []time.Time `json:"times"`
	Values []float64   `json:"values"`           // in Unit
	Breaks []time.Time `json:"breaks,omitempty"` // first nights of the second and later segments
	// Ratio is the mean of the nights after the baseline ÷ the mean of the baseline. Low and High
	// bound it at every night at once.
	Ratio *float64 `json:"ratio,omitempty"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	Word  string   `json:"word"`
	Why   string   `json:"why,omitempty"`
}

// PELT searches for change points with the cost of normal mean and variance, in segments of at least
// five nights, at a penalty of 6 ln n. TestAlarmsOfFollow shows that noise alone hardly ever yields a
// point, and that steps of three standard deviations are found. A smaller scatter than a hundredth
// counts as a hundredth.
const (
	leastSegment = 5
	penaltyFold  = 6
	leastScatter = .01
)

// Follow reports what became of each number of the history's last machine class. The first nights
// are the baseline: Student's interval bounds its mean. A confidence sequence bounds the mean of the
// later nights, so that you may look every night. The numbers share 5% in equal parts [Bonferroni],
// and each bound spends half of its part. A number has changed if the difference of the two means
// lies beyond the metric's margin.
func Follow(nights []Night, baseline int) (*Trend, error) {
	if len(nights) == 0 {
		return nil, errors.New("the history is empty")
	}
	t := &Trend{Class: nights[len(nights)-1].Class, Baseline: baseline, Warnings: []string{}}
	kept := t.keep(nights)
	t.Nights = len(kept)
	if len(kept) == 0 {
		return t, nil
	}
	// The family is the largest of any night: fewer numbers on later nights must not make it easier
	// to call one of them changed.
	family := 0
	for _, n := range kept {
		family = max(family, len(n.Values))
	}
	last := kept[len(kept)-1]
	for _, name := range slices.Sorted(maps.Keys(last.Values)) {
		t.Series = append(t.Series, series(kept, name, baseline, inference.Alpha/float64(family)))
	}
	return t, nil
}

// keep returns the nights that may be compared, and warns of those that it leaves out.
func (t *Trend) keep(nights []Night) []Night {
	var void, others int
	var kept []Night
	for _, n := range nights {
		switch {
		case n.Class != t.Class:
			others++
		case len(n.Void) > 0:
			void++
		default:
			kept = append(kept, n)
		}
	}
	kept, moved := sameMachine(kept, t.Baseline)
	if others > 0 {
		t.warn("%d nights of other machine classes are left out", others)
	}
	if void > 0 {
		t.warn("%d nights that are void as evidence are left out", void)
	}
	if moved > 0 {
		t.warn("%d nights are left out because the machine itself had changed: the load generator's own capacity "+
			"was more than %.0f%% off the baseline's", moved, 100*(drift-1))
	}
	return kept
}

func (t *Trend) warn(format string, args ...any) {
	t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...))
}

// sameMachine returns the nights on which the load generator's own capacity was about that of the
// baseline, and the number of the other nights.
func sameMachine(nights []Night, baseline int) (kept []Night, moved int) {
	var capacities []float64
	for _, n := range nights[:min(baseline, len(nights))] {
		if n.Capacity > 0 {
			capacities = append(capacities, n.Capacity)
		}
	}
	usual := inference.Median(capacities)
	for _, n := range nights {
		if n.Capacity > 0 && math.Abs(math.Log(n.Capacity/usual)) > math.Log(drift) {
			moved++
			continue
		}
		kept = append(kept, n)
	}
	return kept, moved
}

// series returns one number of the nights that did the work of the last night, judged at the level
// alpha.
func series(nights []Night, name string, baseline int, alpha float64) Series {
	last := nights[len(nights)-1].Values[name]
	s := Series{
		Name:   name,
		Title:  cmp.Or(last.title(), name),
		Metric: last.Metric,
		Unit:   metric.Find(last.Metric).Unit,
	}
	var logs []float64
	for _, n := range nights {
		if v, ok := n.Values[name]; ok && v.Work == last.Work {
			s.Times = append(s.Times, n.Time)
			s.Values = append(s.Values, math.Exp(v.Log))
			logs = append(logs, v.Log)
		}
	}
	penalty := penaltyFold * math.Log(float64(len(logs)))
	starts := inference.Segments(logs, penalty, leastSegment, leastScatter)
	for _, start := range starts[1:] {
		s.Breaks = append(s.Breaks, s.Times[start])
	}
	s.judge(logs, baseline, alpha)
	if last := starts[len(starts)-1]; s.Word == Equal && last > 0 {
		// The mean of the nights since the baseline hides a change that came late.
		s.Word = Inconclusive
		s.Why = fmt.Sprintf("it changed on %s; the mean of all nights is no longer that of the last ones",
			s.Times[last].Format(time.DateOnly))
	}
	return s
}

// judge sets the nights after the baseline against the baseline, at the level alpha.
func (s *Series) judge(logs []float64, baseline int, alpha float64) {
	s.Word = Inconclusive
	if len(logs) < baseline+2 {
		s.Why = fmt.Sprintf("%d nights so far; the baseline needs %d, and two more must follow", len(logs), baseline)
		return
	}
	before, after := inference.TInterval(logs[:baseline], alpha/2), inference.Sequence(logs[baseline:], alpha/2)
	low, high := after.Low-before.High, after.High-before.Low
	s.Ratio, s.Low, s.High = expOrNil(after.Mean-before.Mean), expOrNil(low), expOrNil(high)
	if math.IsInf(low, -1) {
		s.Low = nil
	}
	m := metric.Find(s.Metric)
	s.Word = wordOf(m, inference.Decide(inference.Interval{Low: low, High: high}, math.Log(m.Margin)))
}
