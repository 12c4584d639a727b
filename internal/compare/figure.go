package compare

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
)

// figureID identifies a number that every trial of an arm yields.
type figureID struct {
	cell    bench.Cell
	metric  string
	offered bench.Offered
}

// String returns the name of the figure in results and histories.
func (id figureID) String() string {
	name := id.cell.String() + " " + id.metric
	if at := id.offered.String(); at != "" {
		name += " at " + at
	}
	return name
}

// title returns the name of the figure for people: "json/node-a: median response time at 500/s".
func (id figureID) title() string {
	return id.cell.String() + ": " + metric.Find(id.metric).TitleAt(id.offered)
}

// figure is one number of a run over all of its launches.
type figure struct {
	scenario   string
	target     string
	logs       []float64 // natural logarithms, one per launch
	launches   int       // that were made, with and without this number
	lowerBound bool      // at least one launch gave a lower bound only
	unsteady   int       // launches without a steady state
	error      float64   // the most that the load generator may have added, in the metric's unit
}

// mostlySteady reports whether at most a fifth of the launches have no steady state.
func (f figure) mostlySteady() bool { return 5*f.unsteady <= len(f.logs) }

// missing returns the number of launches without this number.
func (f figure) missing() int { return f.launches - len(f.logs) }

// mostlyAlive reports whether at most a fifth of the launches lack the number. Beyond that, the others may be the
// survivors.
func (f figure) mostlyAlive() bool { return 5*f.missing() <= f.launches }

// figuresOf returns the numbers that a run measured. It skips counted metrics, twins, and numbers at
// a share of a capacity: a share of another capacity is another load.
func figuresOf(r Run) map[figureID]figure {
	all := map[figureID]figure{}
	launches := launchesOf(r)
	for _, s := range r.Summaries {
		if server, _ := r.Plan.Target(s.Trial.Target); server.TwinOf != "" {
			continue
		}
		for _, v := range s.Values {
			if metric.Find(v.Metric).Counted || !(v.Value > 0) || v.Share > 0 {
				continue
			}
			id := figureID{
				cell:    bench.Cell{Arm: s.Trial.Arm(), Level: v.Level},
				metric:  v.Metric,
				offered: v.Offered,
			}
			f := all[id]
			f.scenario, f.target, f.launches = s.Trial.Scenario, s.Trial.Target, launches[id.cell.Arm]
			f.logs = append(f.logs, math.Log(v.Value))
			f.lowerBound = f.lowerBound || v.LowerBound
			f.error = max(f.error, v.Error)
			if v.Unsteady {
				f.unsteady++
			}
			all[id] = f
		}
	}
	return all
}

// launchesOf counts the launches of each arm that the run made, valid or not.
func launchesOf(r Run) map[string]int {
	launches := map[string]int{}
	for _, t := range r.Plan.Trials {
		if r.Launched(t.N) {
			launches[t.Arm()]++
		}
	}
	return launches
}
