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
)

// Comparison says what became of all numbers that two runs share.
type Comparison struct {
	Class    string   `json:"class"`
	Base     string   `json:"base"` // plan hashes
	New      string   `json:"new"`
	Changes  []Change `json:"changes"`
	Warnings []string `json:"warnings"`
}

// drift is the largest ratio by which the load generator's own rate may differ between runs. Beyond
// it the machine has changed, and figures of servers prove nothing. Within it, margins grow by the
// ratio itself.
const drift = 1.10

// candidate is a change on its way through the correction for many tests.
type candidate struct {
	change  Change
	level   float64       // p-value before the correction; 1 if nothing may be decided
	region  bench.Verdict // the position of the interval, seen alone
	settled bool          // the word and its reason are final
}

// Compare sets the numbers of the run head against those of base, both as the judge summarized them.
// Welch's t compares the logs of each number, one log per launch, against the metric's margin. Holm's
// correction judges all numbers as one family. Compare decides nothing that the judge would leave
// undecided: lower bounds, launches without a steady state, differences within the load generator's
// own error, and runs that are void. It returns a ClassError if the machine classes differ.
func Compare(base, head Run) (*Comparison, error) {
	classes := ClassError{Base: ClassOf(base.Run), Head: ClassOf(head.Run)}
	if !classes.Base.SameAs(classes.Head) {
		return nil, &classes
	}
	c := &Comparison{Class: classes.Head.String(), Base: base.PlanHash, New: head.PlanHash, Warnings: []string{}}
	c.warnOfEnvironment(base, head)
	nothing, wider := c.standing(base, head)
	c.decide(c.candidates(pair{base: base, head: head, nothing: nothing, wider: wider}))
	return c, nil
}

func (c *Comparison) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// warnOfEnvironment warns of another kernel and of other runtimes.
func (c *Comparison) warnOfEnvironment(base, head Run) {
	if base.Environment.Kernel != head.Environment.Kernel {
		c.warn("the kernel was %s and is now %s", base.Environment.Kernel, head.Environment.Kernel)
	}
	for _, name := range slices.Sorted(maps.Keys(head.Environment.Runtimes)) {
		was, is := base.Environment.Runtimes[name], head.Environment.Runtimes[name]
		if was != "" && was != is {
			c.warn("%s was %s and is now %s", name, was, is)
		}
	}
}

// standing returns why nothing may be decided at all, and by how much margins are wider on the log
// scale, because the machine itself may have changed.
func (c *Comparison) standing(base, head Run) (nothing string, wider float64) {
	for _, r := range []Run{base, head} {
		if why := r.void(); why != "" {
			nothing = "a run is void: " + why
		}
	}
	was, is := base.generatorRate(), head.generatorRate()
	if was > 0 && is > 0 {
		wider = math.Abs(math.Log(is / was))
		if wider > math.Log(drift) && nothing == "" {
			nothing = fmt.Sprintf(
				"the machine itself has changed: the load generator's own capacity is %.2f times what it was", is/was)
		}
	} else {
		c.warn("a run has no certificate, so it is unknown whether the machine itself has changed")
	}
	if nothing != "" {
		c.warn("%s", nothing)
	}
	return nothing, wider
}

// pair is two runs, and what limits every comparison between them.
type pair struct {
	base, head Run
	nothing    string  // why nothing may be decided; empty if something may
	wider      float64 // added to every margin, on the log scale
}

// candidates returns the changes of all figures that both runs were asked for, and warns of
// scenarios whose work differs.
func (c *Comparison) candidates(p pair) []candidate {
	base, head := figuresOf(p.base), figuresOf(p.head)
	launches := launchesOf(p.head)
	otherWork := map[string]bool{}
	var list []candidate
	for _, id := range slices.SortedFunc(maps.Keys(base), byName) {
		scenario := base[id].scenario
		if _, planned := p.head.Plan.Scenario(scenario); !planned {
			continue
		}
		if workOf(p.base.Run, scenario).digest() != workOf(p.head.Run, scenario).digest() {
			if !otherWork[scenario] {
				c.warn("scenario %s is measured in another way now, so it is not compared", scenario)
			}
			otherWork[scenario] = true
			continue
		}
		now := head[id]
		now.launches = launches[id.cell.Arm] // also if no launch has the number
		if candidate, ok := p.candidate(id, base[id], now); ok {
			list = append(list, candidate)
		}
	}
	return list
}

// candidate compares one figure. It returns false if the new run was not asked for it, or if it does not vary.
func (p pair) candidate(id figureID, base, head figure) (candidate, bool) {
	m := metric.Find(id.metric)
	change := Change{
		Name:   id.String(),
		Title:  id.title(),
		Metric: id.metric,
		Unit:   m.Unit,
		Margin: m.Margin * math.Exp(p.wider),
		Base:   math.Exp(inference.Median(base.logs)),
		Word:   Inconclusive,
	}
	if _, planned := p.head.Plan.Target(base.target); !planned {
		return candidate{}, false
	}
	if change.Word, change.Why = fewLaunches(base, head); change.Why != "" {
		return candidate{change: change, level: 1, region: bench.Inconclusive, settled: true}, true
	}
	difference, ok := inference.Welch(head.logs, base.logs)
	if !ok { // no launch differs from another: it is not measured
		return candidate{}, false
	}
	low, high := difference.Interval(inference.Alpha)
	change.New = math.Exp(inference.Median(head.logs))
	change.Ratio = math.Exp(difference.Mean)
	change.Low, change.High = expOrNil(low), expOrNil(high)
	region, level := difference.Region(math.Log(change.Margin))
	if why := cmp.Or(p.nothing, undecidable(base, head, change, region)); why != "" {
		change.Why = why
		return candidate{change: change, level: 1, region: region, settled: true}, true
	}
	return candidate{change: change, level: level, region: region}, true
}

// fewLaunches returns a word, and why launches are missing or too few to compare; why is empty if they are not.
func fewLaunches(base, head figure) (word, why string) {
	switch {
	case len(head.logs) == 0:
		return Gone, "no launch of the new run has this number"
	case len(head.logs) == 1 && head.launches > 1:
		return Gone, fmt.Sprintf("only one of %d launches of the new run has this number", head.launches)
	case len(head.logs) == 1 || len(base.logs) == 1:
		return Inconclusive, "one launch shows no variation; at least two are needed"
	case !head.mostlyAlive():
		return Inconclusive, fmt.Sprintf("%d of %d launches of the new run lack this number, and the others may be "+
			"the survivors", head.missing(), head.launches)
	case !base.mostlyAlive():
		return Inconclusive, fmt.Sprintf("%d of %d launches of the base lack this number, and the others may be "+
			"the survivors", base.missing(), base.launches)
	}
	return Inconclusive, ""
}

// decide corrects the levels for the number of candidates, and keeps the changes.
func (c *Comparison) decide(list []candidate) {
	levels := make([]float64, len(list))
	for i, each := range list {
		levels[i] = each.level
	}
	for i, adjusted := range inference.Holm(levels) {
		each := list[i]
		each.change.Adjusted = adjusted
		word := wordOf(metric.Find(each.change.Metric), each.region)
		switch {
		case each.settled:
		case adjusted < inference.Alpha:
			each.change.Word = word
		case each.level < inference.Alpha:
			each.change.Why = fmt.Sprintf("%s by itself, but not as one of %d numbers", word, len(list))
		}
		c.Changes = append(c.Changes, each.change)
	}
}
