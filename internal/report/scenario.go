package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

// columns of a scenario's table: each metric, at each rate where it is taken at one.
type column struct {
	metric metric.Metric
	at     bench.Offered
}

// row is an arm at a level.
type row struct{ arm, level string }

// shown are the metrics of a scenario's table, in this order.
var shown = []string{"capacity", "throughput", "cores_used", "cpu_seconds_per_1k", "memory_bytes",
	"p50", "p90", "p99", "delivery_p50", "delivery_p90", "delivery_p99", "cpu_seconds_per_1k_at_rate", "memory_bytes_at_rate",
	"cold_start", "idle_memory_bytes", "image_bytes"}

func newScenario(s bench.Scenario, r *record.Run, v *bench.Verdicts, summaries []bench.Summary) Scenario {
	out := Scenario{Name: s.Name, Why: s.Why, Request: request(s)}
	mine := slices.DeleteFunc(slices.Clone(summaries), func(x bench.Summary) bool { return x.Trial.Scenario != s.Name })
	var columns []column
	for _, name := range shown {
		m := metric.Find(name)
		for _, at := range m.Offers(s, r.Plan.Profile) {
			c := column{m, at}
			if !slices.ContainsFunc(mine, func(x bench.Summary) bool {
				return slices.ContainsFunc(x.Values, func(v bench.Value) bool { return v.Metric == m.Name && v.Offered == at })
			}) {
				continue
			}
			columns = append(columns, c)
			title := words(m.Name)
			if text := at.String(); text != "" {
				title += " at " + text
			}
			out.Columns = append(out.Columns, title)
		}
	}
	for _, at := range rows(r.Plan, s) {
		line := Row{Name: bench.Cell{Arm: short(at.arm, s), Level: at.level}.String()}
		for i, c := range columns {
			f := newFigure(line.Name, out.Columns[i], mine, at, c)
			line.Cells = append(line.Cells, f.Text())
			if len(f.Values) > 0 {
				out.Figures = append(out.Figures, f)
			}
		}
		out.Rows = append(out.Rows, line)
	}
	out.Head = "Server"
	if len(out.Columns) > len(out.Rows) {
		out.transpose()
	}
	out.Loads = newLoads(s, r, mine)
	for _, measure := range []string{bench.MeasureLatency, bench.MeasureDelivery} {
		if !s.Measures(measure) {
			continue
		}
		for _, l := range s.AllLevels() {
			for _, at := range r.Plan.Profile.Offers(s) {
				spectrum := newSpectrum(bench.PhaseID{Level: l.Name, Kind: measure, Offered: at}, s, arms(r.Plan, s.Name), mine)
				spectrum.Title = spectrumTitle(measure, l.Name, at)
				out.Spectra = append(out.Spectra, spectrum)
			}
		}
	}
	for _, curve := range v.Scaling {
		if curve.Scenario == s.Name {
			out.Scaling = append(out.Scaling, newCurve(curve))
		}
	}
	return out
}

// transpose makes metrics the rows: a table may be long, but not wide.
func (s *Scenario) transpose() {
	rows := make([]Row, len(s.Columns))
	for i, column := range s.Columns {
		rows[i].Name = column
		for _, row := range s.Rows {
			rows[i].Cells = append(rows[i].Cells, row.Cells[i])
		}
	}
	columns := make([]string, len(s.Rows))
	for i, row := range s.Rows {
		columns[i] = row.Name
	}
	s.Head, s.Columns, s.Rows = "Metric", columns, rows
}

func spectrumTitle(measure, level string, at bench.Offered) string {
	title := "Response time"
	if measure == bench.MeasureDelivery {
		title = "Time of delivery"
	}
	if level != "" {
		title += ", " + level
	}
	return title + " at " + at.String()
}

// request is what the scenario asks of servers.
func request(s bench.Scenario) string {
	text := fmt.Sprintf("%s %s", s.Workload.Method, s.Workload.Path)
	switch s.Workload.Driver {
	case bench.DriverRoom, bench.DriverDashboard:
		text = fmt.Sprintf("%s: each message to %d members", s.Workload.Path, s.Workload.Members)
	case bench.DriverTokens:
		text = fmt.Sprintf("%s: streams of %d events, one each %v", s.Workload.Path, s.Workload.Expect.Events, s.Workload.Expect.Every)
	}
	for _, l := range s.Levels {
		if l.Path != "" {
			text += fmt.Sprintf("; %s: %s", l.Name, l.Path)
		}
	}
	return text
}

func newCurve(c bench.Scaling) Curve {
	out := Curve{Target: c.Target, Of: c.Of, Fit: c.Why, points: c.Points, law: c.Fit}
	if f := c.Fit; f != nil {
		out.Fit = fmt.Sprintf("contention %s, coherency %s, one brings %s", text.Number(f.Alpha), text.Number(f.Beta), text.Quantity(f.Gamma, "1/s"))
		if f.Peak != nil {
			out.Fit += fmt.Sprintf(", peak at %s", text.Number(*f.Peak))
			if last := c.Points[len(c.Points)-1].N; *f.Peak > 1.5*last {
				out.Fit = strings.TrimSuffix(out.Fit, text.Number(*f.Peak)) + "more than 1.5 times what was measured"
			}
		}
		if low, high := c.Low, c.High; low != nil && high != nil {
			out.Fit += fmt.Sprintf("; at 95%%, over resampled rounds: contention %s to %s, coherency %s to %s, peak %s",
				text.Number(low.Alpha), text.Number(high.Alpha), text.Number(low.Beta), text.Number(high.Beta), peaks(low.Peak, high.Peak, 1.5*c.Points[len(c.Points)-1].N))
		}
		if c.Why != "" {
			out.Fit += "; " + c.Why
		}
	}
	first := c.Points[0]
	for _, p := range c.Points {
		out.Columns = append(out.Columns, text.Number(p.N))
		throughput := text.Quantity(p.Throughput, "1/s")
		if p.AtLeast {
			throughput += " or more"
		}
		out.Throughput = append(out.Throughput, throughput)
		out.Memory = append(out.Memory, text.Quantity(p.Memory, "B"))
		out.Efficiency = append(out.Efficiency, text.Number(p.Throughput/first.Throughput*first.N/p.N))
	}
	return out
}

// peaks are the bounds of a peak; one that is absent is infinite. Nothing is said of what is beyond most.
func peaks(low, high *float64, most float64) string {
	switch {
	case low == nil || *low > most:
		return "none up to " + text.Number(most)
	case high == nil || *high > most:
		return "at " + text.Number(*low) + " or more"
	}
	return "at " + text.Number(*low) + " to " + text.Number(*high)
}

// rows of a scenario's table: each arm at each level.
func rows(p bench.Plan, s bench.Scenario) (list []row) {
	for _, arm := range arms(p, s.Name) {
		for _, l := range s.AllLevels() {
			list = append(list, row{arm, l.Name})
		}
	}
	return list
}

// arms of a scenario in the plan, by name.
func arms(p bench.Plan, scenario string) []string {
	var names []string
	for _, t := range p.Trials {
		if t.Scenario == scenario {
			names = append(names, t.Arm())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// short is an arm's name in its scenario's own section: without the scenario, and
// without the variant where there is but one.
func short(arm string, s bench.Scenario) string {
	name := strings.TrimPrefix(arm, s.Name+"/")
	if len(s.Variants) == 1 {
		name, _, _ = strings.Cut(name, "[")
	}
	return name
}

// newFigure gathers the numbers of an arm at a level.
func newFigure(arm, title string, summaries []bench.Summary, at row, c column) Figure {
	f := Figure{Arm: arm, Metric: c.metric.Name, Unit: c.metric.Unit, Better: c.metric.Better, Column: title}
	for _, s := range summaries {
		if v, ok := s.Value(c.metric.Name, at.level, c.at); ok && s.Trial.Arm() == at.arm {
			f.Values = append(f.Values, Sample{s.Trial.N, v.Value, v.LowerBound})
		}
	}
	f.Median = inference.Median(f.numbers())
	return f
}

// Text is the median with its unit.
func (f Figure) Text() string {
	text := text.Quantity(f.Median, f.Unit)
	if f.open() > 0 {
		text += " or more"
	}
	return text
}

// open counts the launches of which a lower bound is known.
func (f Figure) open() (n int) {
	for _, v := range f.Values {
		if v.AtLeast {
			n++
		}
	}
	return n
}

// numbers are those of all trials.
func (f Figure) numbers() (list []float64) {
	for _, v := range f.Values {
		list = append(list, v.Value)
	}
	return list
}

// quantiles are those that a load may be shown at, the highest first.
var quantiles = []float64{.99, .95, .9, .75, .5}

// share is a rate as a share of the capacity.
type share struct {
	most  float64
	title string
}

// shares are the edges of the columns of a load's table.
var shares = []share{{.25, "to 25% of capacity"}, {.5, "to 50%"}, {.75, "to 75%"}, {.9, "to 90%"}, {1, "to 100%"}, {math.Inf(1), "beyond, at least"}}

// newLoads are the rates that were tried in a search for a capacity, by level.
func newLoads(s bench.Scenario, r *record.Run, summaries []bench.Summary) (list []Load) {
	if !s.Measures(bench.MeasureCapacity) {
		return nil
	}
	for _, l := range s.AllLevels() {
		load := Load{Title: "Response time against the offered rate"}
		if s.Measures(bench.MeasureDelivery) {
			load.Title = "Time of delivery against the offered rate"
		}
		if l.Name != "" {
			load.Title += ", " + l.Name
		}
		var all []tried
		bear := map[float64]int{} // rates, by the quantiles that they have the samples for
		for _, summary := range summaries {
			all = append(all, triedRates(r, summary, l.Name)...)
		}
		for _, t := range all {
			for _, point := range t.Spectrum {
				bear[point.Q]++
			}
		}
		i := slices.IndexFunc(quantiles, func(q float64) bool { return len(all) > 0 && 4*bear[q] >= 3*len(all) })
		if i < 0 {
			continue
		}
		load.Quantile, load.Left = quantiles[i], len(all)-bear[quantiles[i]]
		capacity := column{metric: metric.Capacity}
		for _, arm := range arms(r.Plan, s.Name) {
			one := LoadArm{Arm: short(arm, s)}
			if f := newFigure("", "", summaries, row{arm, l.Name}, capacity); len(f.Values) > 0 {
				one.Capacity, one.AtLeast, one.text = f.Median, 2*f.open() >= len(f.Values), f.Text()
			}
			for _, t := range all {
				for _, point := range t.Spectrum {
					if t.trial.Arm() == arm && point.Q == load.Quantile {
						one.Points = append(one.Points, LoadPoint{t.trial.N, float64(t.Rate) * float64(s.Workload.Answers()), point.Value.Seconds(), t.Held})
					}
				}
			}
			load.Arms = append(load.Arms, one)
		}
		load.table()
		list = append(list, load)
	}
	return list
}

// tried is a phase that was driven at a rate and counts.
type tried struct {
	bench.PhaseSummary
	trial bench.Trial
}

// triedRates are those of a trial.
func triedRates(r *record.Run, s bench.Summary, level string) (list []tried) {
	i := slices.IndexFunc(r.Results, func(t bench.TrialResult) bool { return t.Trial.N == s.Trial.N })
	for _, phase := range r.Results[i].Phases {
		if phase.Probe != nil && (phase.Void != "" || phase.Probe.Limit != "") { // of the instrument
			continue
		}
		if p, ok := s.Phase(phase.ID); ok && (phase.Probe != nil || p.Measured) && p.Level == level && p.Rate > 0 {
			list = append(list, tried{p, s.Trial})
		}
	}
	return list
}

// table sums the points up.
func (l *Load) table() {
	for _, share := range shares {
		l.Columns = append(l.Columns, share.title)
	}
	for _, arm := range l.Arms {
		if arm.Capacity == 0 {
			continue
		}
		within := make([][]float64, len(shares))
		for _, p := range arm.Points {
			i := slices.IndexFunc(shares, func(s share) bool { return p.Rate <= s.most*arm.Capacity })
			within[i] = append(within[i], p.Value)
		}
		row := Row{Name: arm.Arm + ", capacity " + arm.text}
		for _, values := range within {
			row.Cells = append(row.Cells, text.Quantity(inference.Median(values), "s"))
		}
		l.Rows = append(l.Rows, row)
	}
}

// tabled are the percentiles in a spectrum's table.
var tabled = []float64{.5, .75, .9, .95, .99, .999}

func newSpectrum(phase bench.PhaseID, of bench.Scenario, arms []string, summaries []bench.Summary) Spectrum {
	var out Spectrum
	points := map[string]map[float64][]float64{} // arm, q, seconds
	seen := map[float64]int{}                    // in how many trials
	for _, s := range summaries {
		p, ok := s.Phase(phase)
		if !ok || !p.Measured || len(p.Spectrum) == 0 { // void, or too few requests
			continue
		}
		arm := s.Trial.Arm()
		out.Lines = append(out.Lines, Line{Arm: short(arm, of), Round: s.Trial.Round, Points: p.Spectrum})
		if points[arm] == nil {
			points[arm] = map[float64][]float64{}
		}
		for _, point := range p.Spectrum {
			points[arm][point.Q] = append(points[arm][point.Q], point.Value.Seconds())
			seen[point.Q]++
		}
	}
	slices.SortStableFunc(out.Lines, func(a, b Line) int {
		if c := strings.Compare(a.Arm, b.Arm); c != 0 {
			return c
		}
		return a.Round - b.Round
	})
	whole := func(q float64) bool { return seen[q] > 0 && seen[q] == len(out.Lines) } // a median of some trials would mislead
	for _, q := range tabled {
		if whole(q) {
			out.Columns = append(out.Columns, fmt.Sprintf("p%g", q*100))
		}
	}
	for _, arm := range arms {
		row := Row{Name: short(arm, of)}
		for _, q := range tabled {
			if whole(q) {
				row.Cells = append(row.Cells, text.Quantity(inference.Median(points[arm][q]), "s"))
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
