package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

// Load is the response or delivery time of servers against the offered rate, over all launches. It has one
// point per probe of the search for a capacity, and one per phase at a rate.
type Load struct {
	Title string `json:"title"`
	// Quantile is the highest for which three quarters of the rates have bench.BeyondQuantile samples.
	Quantile float64   `json:"quantile"`
	Left     int       `json:"left_out"` // rates that have fewer
	Arms     []LoadArm `json:"arms,omitempty"`
	// Columns and Rows are a table of the median of that percentile, by the rate as a share of the capacity.
	Columns []string `json:"columns,omitempty"`
	Rows    []Row    `json:"rows,omitempty"`
}

// LoadArm is one server under load.
type LoadArm struct {
	Arm      string  `json:"arm"`
	Capacity float64 `json:"capacity,omitempty"` // 1/s, median over launches; 0 if unknown
	// AtLeast marks a capacity that is a lower bound in half of the launches or more. The plot then has no
	// knee to show.
	AtLeast bool        `json:"at_least,omitempty"`
	Points  []LoadPoint `json:"points,omitempty"`

	capacityText string
}

// LoadPoint is one rate that was tried.
type LoadPoint struct {
	Trial int     `json:"trial"`
	Rate  float64 `json:"rate"`  // 1/s
	Value float64 `json:"value"` // s
	Held  bool    `json:"held"`  // within the SLO
}

// Percentile returns the name of the percentile that the load is shown at.
func (l Load) Percentile() string { return fmt.Sprintf("p%g", l.Quantile*100) }

// loadQuantiles returns the quantiles that a load may be shown at, the highest first.
func loadQuantiles() []float64 { return []float64{.99, .95, .9, .75, .5} }

// share is a column of a load's table: rates up to a share of the capacity.
type share struct {
	most  float64
	title string
}

// shares returns the columns of a load's table.
func shares() []share {
	return []share{
		{.25, "to 25% of capacity"},
		{.5, "to 50%"},
		{.75, "to 75%"},
		{.9, "to 90%"},
		{1, "to 100%"},
		{math.Inf(1), "beyond, at least"},
	}
}

// newLoads returns the rates that were tried in a search for a capacity, by level.
func newLoads(s bench.Scenario, r *record.Run, summaries []bench.Summary) (list []Load) {
	if !s.Measures(bench.MeasureCapacity) {
		return nil
	}
	measure := bench.MeasureLatency
	if s.Measures(bench.MeasureDelivery) {
		measure = bench.MeasureDelivery
	}
	for _, l := range s.AllLevels() {
		var all []tried
		for _, summary := range summaries {
			all = append(all, triedRates(r, summary, l.Name)...)
		}
		quantile, left, ok := shownQuantile(all)
		if !ok {
			continue
		}
		load := Load{
			Title:    answerTime(measure, "") + " against the offered rate",
			Quantile: quantile,
			Left:     left,
		}
		if l.Name != "" {
			load.Title += ", " + l.Name
		}
		for _, arm := range armsOf(r.Plan, s) {
			one := LoadArm{
				Arm:    arm.short,
				Points: loadPoints(s, arm.id, quantile, all),
			}
			f := newFigure(column{metric: metric.Capacity}, bench.Cell{Arm: arm.id, Level: l.Name}, summaries)
			if len(f.Values) > 0 {
				one.Capacity, one.AtLeast, one.capacityText = f.Median, 2*f.lowerBounds() >= len(f.Values), f.Text()
			}
			load.Arms = append(load.Arms, one)
		}
		load.summarize()
		list = append(list, load)
	}
	return list
}

// shownQuantile returns the highest quantile that three quarters of the rates have samples for, and the
// number of rates that have too few. It reports false if there is none.
func shownQuantile(rates []tried) (quantile float64, left int, ok bool) {
	have := map[float64]int{}
	for _, t := range rates {
		for _, point := range t.Spectrum {
			have[point.Q]++
		}
	}
	for _, q := range loadQuantiles() {
		if len(rates) > 0 && 4*have[q] >= 3*len(rates) {
			return q, len(rates) - have[q], true
		}
	}
	return 0, 0, false
}

// loadPoints returns an arm's points at the quantile.
func loadPoints(s bench.Scenario, arm string, quantile float64, rates []tried) (points []LoadPoint) {
	for _, t := range rates {
		for _, point := range t.Spectrum {
			if t.trial.Arm() == arm && point.Q == quantile {
				points = append(points, LoadPoint{
					Trial: t.trial.N,
					Rate:  float64(t.Rate) * float64(s.Workload.Answers()),
					Value: point.Value.Seconds(),
					Held:  t.Held,
				})
			}
		}
	}
	return points
}

// tried is a phase at a rate that counts.
type tried struct {
	bench.PhaseSummary
	trial bench.Trial
}

// triedRates returns the phases of a trial at a rate that count.
func triedRates(r *record.Run, s bench.Summary, level string) (list []tried) {
	i := slices.IndexFunc(r.Results, func(t bench.TrialResult) bool { return t.Trial.N == s.Trial.N })
	for _, phase := range r.Results[i].Phases {
		if phase.Probe != nil && (phase.Void != "" || phase.Probe.LimitedBy != "") {
			continue // the load generator was at its limit
		}
		p, ok := s.Phase(phase.ID)
		if ok && (phase.Probe != nil || p.Measured) && p.Level == level && p.Rate > 0 {
			list = append(list, tried{p, s.Trial})
		}
	}
	return list
}

// summarize fills the table with the medians of the points.
func (l *Load) summarize() {
	columns := shares()
	for _, share := range columns {
		l.Columns = append(l.Columns, share.title)
	}
	for _, arm := range l.Arms {
		if arm.Capacity == 0 {
			continue
		}
		within := make([][]float64, len(columns))
		for _, p := range arm.Points {
			i := slices.IndexFunc(columns, func(s share) bool { return p.Rate <= s.most*arm.Capacity })
			within[i] = append(within[i], p.Value)
		}
		row := Row{Name: arm.Arm + ", capacity " + arm.capacityText}
		for _, values := range within {
			row.Cells = append(row.Cells, text.Quantity(inference.Median(values), "s"))
		}
		l.Rows = append(l.Rows, row)
	}
}
