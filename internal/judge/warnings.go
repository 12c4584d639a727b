package judge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
)

// runWarnings returns what a reader must know about the run as a whole.
func (j *judgment) runWarnings() []string {
	p := j.run.Plan
	if !p.Profile.Evidence {
		j.warn("profile %s is a preview of %d rounds, not evidence", p.Profile.Name, p.Profile.Rounds)
	}
	if j.userFrom > 0 {
		j.warn("clock: user. Latencies less than %v apart count as equal", userClockError)
	}
	if n := j.unmade(); n > 0 {
		why := ""
		if j.run.OutOfTime() {
			why = ": the budget was used up"
		}
		j.warn("%d of %d trials were not made%s", n, len(p.Trials), why)
	}
	if cells := j.voidPhases(); len(cells) > 0 {
		j.warn("phases that do not count: %s", strings.Join(cells, ", "))
	}
	for _, arm := range slices.Sorted(maps.Keys(j.invalid)) {
		j.warn("%s: %d trials are not valid", arm, j.invalid[arm])
	}
	for _, r := range j.run.Results {
		for _, w := range slices.Concat(r.Placement.Warnings, r.Warnings) {
			j.warn("%s: %s", r.Trial.Target, w)
		}
	}
	for _, w := range slices.Concat(j.run.Environment.Warnings, j.run.Environment.Void, j.run.Warnings) {
		j.warn("%s", w)
	}
	return j.warnings
}

// voidPhases counts the phases of valid trials that do not count, by cell: "2 of json/node-http". A
// phase that was repeated does not enter.
func (j *judgment) voidPhases() (list []string) {
	void := map[string]int{}
	for _, rounds := range j.trials {
		for _, t := range rounds {
			for _, p := range t.Result.Phases {
				if p.Void != "" && p.Measure != "" && !p.ID.Repeated {
					void[bench.Cell{Arm: t.Result.Trial.Arm(), Level: p.Level}.String()]++
				}
			}
		}
	}
	for _, cell := range slices.Sorted(maps.Keys(void)) {
		list = append(list, fmt.Sprintf("%d of %s", void[cell], cell))
	}
	return list
}

// unmade counts the planned trials that were neither made, nor left out, nor dropped by a look.
func (j *judgment) unmade() (n int) {
	for _, t := range j.run.Plan.Trials {
		if j.isUnmade(t) {
			n++
		}
	}
	return n
}

func (j *judgment) isUnmade(t bench.Trial) bool {
	return !j.run.Done(t.N) && slices.ContainsFunc(t.Phases, func(p bench.Phase) bool {
		cell := bench.Cell{Arm: t.Arm(), Level: p.Level}
		return j.excluded[cell] == "" && j.missing[cell] == "" && !j.run.Dropped(cell, t.Round)
	})
}

// void returns why a run that was planned as evidence is not evidence; nothing if it is.
func (j *judgment) void(v *bench.Verdicts) []string {
	var why []string
	add := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	for _, cell := range sortedCells(j.excluded) {
		add("%s does not keep its contract", cell)
	}
	if n := j.unmade(); n > 0 && !j.run.OutOfTime() {
		add("%d of %d trials were not made", n, len(j.run.Plan.Trials))
	}
	why = append(why, j.run.Unusable...)
	why = append(why, v.Analysis.Unlike...)
	for _, r := range j.run.Results {
		if r.Valid && r.Placement.CPUs != r.Trial.CPUs {
			add("%s ran on CPUs %q, not on %s", r.Trial.Target, r.Placement.CPUs, r.Trial.CPUs)
			break
		}
	}
	if len(v.Twins) == 0 {
		add("no A/A twin was measured")
	}
	for _, c := range different(v.Twins) {
		add("the A/A twin was decided different: %s of %s under two names", metric.Find(c.Metric).Title, c.Of)
	}
	if len(v.Controls) == 0 {
		add("no positive control was measured")
	}
	for _, c := range v.Controls {
		if c.Found {
			continue
		}
		found := fmt.Sprintf("%.3f times (%.3f to %.3f)", c.Ratio, c.Low, c.High)
		if c.Rounds < 2 {
			found = "unknown, because there are too few rounds"
		}
		add("the positive control was not found: %s of %s is %s for %.3f times the work",
			metric.Find(c.Metric).Title, c.Target, found, c.Work)
	}
	return append(why, j.run.Environment.Void...)
}

// sortedCells returns the keys in the order of their names.
func sortedCells[V any](cells map[bench.Cell]V) []bench.Cell {
	return slices.SortedFunc(maps.Keys(cells), func(a, b bench.Cell) int {
		return strings.Compare(a.String(), b.String())
	})
}
