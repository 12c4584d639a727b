package trend

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/record"
)

// Words for what became of a number.
const (
	Better       = "better"
	Worse        = "worse"
	Changed      = "changed" // of a number of which neither more nor less is better
	Equal        = "practically equal"
	Inconclusive = "inconclusive"
)

// Words are the known words.
var Words = []string{Better, Worse, Changed, Equal, Inconclusive}

// Change is what became of one number of one arm.
type Change struct {
	Name     string   `json:"name"` // arm, level, metric and offered load
	Metric   string   `json:"metric"`
	Unit     string   `json:"unit"`
	Base     float64  `json:"base"` // medians over rounds, in Unit
	New      float64  `json:"new"`
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

// drift is how much the load generator's own capacity may differ, as a ratio, for servers' figures to say
// anything: more, and the machine is another than it was.
const drift = 1.10

// Compare holds the numbers of a new run against those of a base, both summarised by the
// judge. Each number's logs, one a launch, are compared by Welch's t, and all of them are judged as one family
// by Holm's correction, against the metric's margin.
func Compare(base, new *record.Run, ofBase, ofNew []bench.Summary) (*Comparison, error) {
	c := &Comparison{Class: Class(new), Base: base.PlanHash, New: new.PlanHash, Warnings: []string{}}
	if was := Class(base); was != c.Class {
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
	machine := ""
	if was, is := capacity(base), capacity(new); was > 0 && is > 0 {
		if ratio := is / was; math.Abs(math.Log(ratio)) > math.Log(drift) {
			machine = fmt.Sprintf("the machine itself has changed: the load generator's own capacity is %.2f times what it was", ratio)
			warn("%s", machine)
		}
	} else {
		warn("whether the machine itself has changed is not known: a run has no certificate")
	}
	before, now := values(base, ofBase), values(new, ofNew)
	others := map[string]bool{}
	var differences []inference.Two
	for _, k := range slices.SortedFunc(maps.Keys(now), func(a, b key) int { return cmp.Compare(a.String(), b.String()) }) {
		is, was := now[k], before[k]
		if was.scenario != "" && work(base, was.scenario) != work(new, is.scenario) {
			if !others[is.scenario] {
				warn("scenario %s is measured otherwise than it was, and not compared", is.scenario)
			}
			others[is.scenario] = true
			continue
		}
		d, ok := inference.Welch(is.logs, was.logs)
		if !ok {
			continue
		}
		low, high := d.Interval(inference.Alpha)
		m := bench.Metrics[k.metric]
		c.Changes = append(c.Changes, Change{Name: k.String(), Metric: k.metric, Unit: m.Unit, Margin: m.Margin,
			Base: math.Exp(bench.Median(was.logs)), New: math.Exp(bench.Median(is.logs)), Ratio: math.Exp(d.Mean), Low: exp(low), High: exp(high)})
		differences = append(differences, d)
	}
	var regions []bench.Verdict
	var p []float64
	for i, d := range differences {
		region, level := d.Region(math.Log(c.Changes[i].Margin))
		regions, p = append(regions, region), append(p, level)
	}
	for i, adjusted := range inference.Holm(p) {
		x := &c.Changes[i]
		x.Adjusted, x.Word = adjusted, Inconclusive
		switch {
		case machine != "":
			x.Why = machine
		case adjusted < inference.Alpha:
			x.Word = word(bench.Metrics[x.Metric], regions[i])
		case p[i] < inference.Alpha:
			x.Why = fmt.Sprintf("%s by itself, but not as one of %d numbers", word(bench.Metrics[x.Metric], regions[i]), len(p))
		}
	}
	return c, nil
}

// word is what a region says of a metric: supported means that there is more of it.
func word(m bench.Metric, region bench.Verdict) string {
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

// numbers are the logs of a number, one a launch.
type numbers struct {
	scenario string
	logs     []float64
}

// values are the numbers of all trials that are measured, by what they are of.
func values(r *record.Run, summaries []bench.Summary) map[key]numbers {
	all := map[key]numbers{}
	for _, s := range summaries {
		if on, _ := r.Plan.Target(s.Trial.Target); on.TwinOf != "" {
			continue
		}
		for _, v := range s.Values {
			if bench.Metrics[v.Metric].Exact || !(v.Value > 0) || v.Share > 0 { // a share of another capacity is another load
				continue
			}
			k := key{bench.CellName(s.Trial.Arm(), v.Level), v.Metric, v.Offered}
			n := all[k]
			n.scenario, n.logs = s.Trial.Scenario, append(n.logs, math.Log(v.Value))
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
