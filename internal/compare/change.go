package compare

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/record"
)

// Words for what became of a number.
const (
	Better       = "better"
	Worse        = "worse"
	Changed      = "changed" // of a number of which neither more nor less is better
	Gone         = "gone"    // there was one, and is none
	Equal        = "practically equal"
	Inconclusive = "inconclusive"
)

// Words are the known words.
var Words = []string{Better, Worse, Changed, Gone, Equal, Inconclusive}

// Change is what became of one number of one arm.
type Change struct {
	Name     string   `json:"name"` // arm, level, metric and offered load
	Metric   string   `json:"metric"`
	Unit     string   `json:"unit"`
	Base     float64  `json:"base"`  // medians over rounds, in Unit
	New      float64  `json:"new"`   // 0 where it is gone
	Ratio    float64  `json:"ratio"` // of geometric means, new to base
	Low      *float64 `json:"low,omitempty"`
	High     *float64 `json:"high,omitempty"` // at 95%
	Margin   float64  `json:"margin"`         // ratio above 1
	Adjusted float64  `json:"p_adjusted"`     // among all that is compared [Holm 1979]
	Word     string   `json:"word"`
	Why      string   `json:"why,omitempty"`
}

// Comparison is what became of all numbers that two runs share.
type Comparison struct {
	Class    string   `json:"class"`
	Base     string   `json:"base"` // plan hashes
	New      string   `json:"new"`
	Changes  []Change `json:"changes"`
	Warnings []string `json:"warnings"`
}

// drift is how much the load generator's own capacity may differ, as a ratio, for servers' figures
// to say anything: more, and the machine is another than it was. What it does differ by widens the
// margins.
const drift = 1.10

// Run is a judged run.
type Run struct {
	*record.Run
	Verdicts  *bench.Verdicts
	Summaries []bench.Summary
}

// void is why nothing may be concluded from the run; empty where that is not so.
func (r Run) void() string {
	for _, why := range slices.Concat(r.Verdicts.Void, r.Environment.Void) {
		return why
	}
	return ""
}

// Compare holds the numbers of a new run against those of a base, both as the judge summarised
// them. Each number's logs, one a launch, are compared by Welch's t, and all of them are judged as
// one family by Holm's correction, against the metric's margin. What the judge would not decide is
// not decided here either: numbers known from below, without a steady state, or within what the
// instrument may have added; and nothing of a run that is void.
func Compare(base, new Run) (*Comparison, error) {
	c := &Comparison{Class: Class(new.Run), Base: base.PlanHash, New: new.PlanHash, Warnings: []string{}}
	if was := Class(base.Run); was != c.Class {
		return nil, &ClassError{was, c.Class}
	}
	warn := func(format string, args ...any) { c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...)) }
	if base.Environment.Kernel != new.Environment.Kernel {
		warn("the kernel was %s, and is %s", base.Environment.Kernel, new.Environment.Kernel)
	}
	for _, name := range slices.Sorted(maps.Keys(new.Environment.Runtimes)) {
		if was, is := base.Environment.Runtimes[name], new.Environment.Runtimes[name]; was != "" && was != is {
			warn("%s was %s, and is %s", name, was, is)
		}
	}
	nothing, wider := c.standing(base, new)
	before, now := values(base), values(new)
	others := map[string]bool{}
	var p []float64
	var regions []bench.Verdict
	for _, k := range slices.SortedFunc(maps.Keys(before), func(a, b key) int { return cmp.Compare(a.String(), b.String()) }) {
		was, is := before[k], now[k]
		m := metric.Find(k.metric)
		x := Change{Name: k.String(), Metric: k.metric, Unit: m.Unit, Margin: m.Margin * math.Exp(wider), Base: math.Exp(inference.Median(was.logs)), Word: Inconclusive}
		if _, still := new.Plan.Scenario(was.scenario); !still { // it was not asked for
			continue
		}
		if work(base.Run, was.scenario) != work(new.Run, was.scenario) {
			if !others[was.scenario] {
				warn("scenario %s is measured otherwise than it was, and not compared", was.scenario)
			}
			others[was.scenario] = true
			continue
		}
		if _, planned := new.Plan.Target(was.target); len(is.logs) == 0 && planned {
			x.Word, x.Why = Gone, "no launch of the new run has this number"
			c.Changes, p, regions = append(c.Changes, x), append(p, 1), append(regions, bench.Inconclusive)
			continue
		}
		d, ok := inference.Welch(is.logs, was.logs)
		if !ok {
			continue
		}
		low, high := d.Interval(inference.Alpha)
		x.New, x.Ratio, x.Low, x.High = math.Exp(inference.Median(is.logs)), math.Exp(d.Mean), exp(low), exp(high)
		region, level := d.Region(math.Log(x.Margin))
		if x.Why = cmp.Or(nothing, limited(was, is, x, region)); x.Why != "" {
			level = 1
		}
		c.Changes, p, regions = append(c.Changes, x), append(p, level), append(regions, region)
	}
	for i, adjusted := range inference.Holm(p) {
		x := &c.Changes[i]
		x.Adjusted = adjusted
		switch word := word(metric.Find(x.Metric), regions[i]); {
		case x.Why != "":
		case adjusted < inference.Alpha:
			x.Word = word
		case p[i] < inference.Alpha:
			x.Why = fmt.Sprintf("%s by itself, but not as one of %d numbers", word, len(p))
		}
	}
	return c, nil
}

// standing says what keeps anything from being concluded, and by how much, on the log scale, margins are
// wider, since the machine itself may have changed.
func (c *Comparison) standing(base, new Run) (nothing string, wider float64) {
	for _, r := range []Run{base, new} {
		if why := r.void(); why != "" {
			nothing = "a run is void: " + why
		}
	}
	was, is := capacity(base.Run), capacity(new.Run)
	if was > 0 && is > 0 {
		if wider = math.Abs(math.Log(is / was)); wider > math.Log(drift) && nothing == "" {
			nothing = fmt.Sprintf("the machine itself has changed: the load generator's own capacity is %.2f times what it was", is/was)
		}
	} else {
		c.Warnings = append(c.Warnings, "whether the machine itself has changed is not known: a run has no certificate")
	}
	if nothing != "" {
		c.Warnings = append(c.Warnings, nothing)
	}
	return nothing, wider
}

// limited says what keeps a number from being decided; empty for nothing.
func limited(was, is numbers, x Change, region bench.Verdict) string {
	switch {
	case was.open || is.open:
		return "it is known from below only"
	case 5*was.unsteady > len(was.logs) || 5*is.unsteady > len(is.logs):
		return "more than a fifth of a run's launches have no steady state"
	case region != bench.PracticallyEqual && math.Abs(x.New-x.Base) < max(was.error, is.error):
		return "the two differ by less than the instrument may have added"
	}
	return ""
}

// word is what a region says of a metric: supported means that there is more of it.
func word(m metric.Metric, region bench.Verdict) string {
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

// numbers are the logs of a number, one a launch, and what limits them.
type numbers struct {
	scenario, target string
	logs             []float64
	open             bool    // one of them is known from below only
	unsteady         int     // launches without a steady state
	error            float64 // most that the instrument may have added, in the metric's unit
}

// values are the numbers of all trials that are measured, by what they are of.
func values(r Run) map[key]numbers {
	all := map[key]numbers{}
	for _, s := range r.Summaries {
		if on, _ := r.Plan.Target(s.Trial.Target); on.TwinOf != "" {
			continue
		}
		for _, v := range s.Values {
			if metric.Find(v.Metric).Counted || !(v.Value > 0) || v.Share > 0 { // a share of another capacity is another load
				continue
			}
			k := key{bench.Cell{Arm: s.Trial.Arm(), Level: v.Level}, v.Metric, v.Offered}
			n := all[k]
			n.scenario, n.target, n.logs = s.Trial.Scenario, s.Trial.Target, append(n.logs, math.Log(v.Value))
			n.open, n.error = n.open || v.LowerBound, max(n.error, v.Error)
			if v.Unsteady {
				n.unsteady++
			}
			all[k] = n
		}
	}
	return all
}

func exp(x float64) *float64 {
	if x = math.Exp(x); math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}
