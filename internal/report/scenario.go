package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/record"
)

// Scenario is the section of a scenario.
type Scenario struct {
	Name    string     `json:"name"`
	Why     string     `json:"why"`
	Request string     `json:"request"`
	Head    string     `json:"head"` // what rows are: servers or metrics, whichever are more
	Columns []string   `json:"columns,omitempty"`
	Rows    []Row      `json:"rows,omitempty"`
	Figures []Figure   `json:"figures,omitempty"`
	Loads   []Load     `json:"loads,omitempty"`
	Spectra []Spectrum `json:"spectra,omitempty"`
	Scaling []Curve    `json:"scaling,omitempty"`
}

// Row is a row of a table: mostly an arm, with a median over rounds in each column.
type Row struct {
	Name  string   `json:"name"`
	Cells []string `json:"cells,omitempty"`
}

// column is a column of a scenario's table: a metric, at a load if it is taken at one.
type column struct {
	metric metric.Metric
	load   bench.Offered
}

// title returns the head of the column.
func (c column) title() string { return c.metric.TitleAt(c.load) }

// in reports whether any of the summaries has a number for the column.
func (c column) in(summaries []bench.Summary) bool {
	return slices.ContainsFunc(summaries, func(s bench.Summary) bool {
		return slices.ContainsFunc(s.Values, func(v bench.Value) bool {
			return v.Metric == c.metric.Name && v.Offered == c.load
		})
	})
}

func newScenario(s bench.Scenario, r *record.Run, v *bench.Verdicts, summaries []bench.Summary) Scenario {
	out := Scenario{
		Name:    s.Name,
		Why:     s.Why,
		Request: request(s),
		Head:    "Server",
	}
	mine := slices.DeleteFunc(slices.Clone(summaries), func(t bench.Summary) bool {
		return t.Trial.Scenario != s.Name
	})
	out.fill(r.Plan, s, mine)
	if len(out.Columns) > len(out.Rows) {
		out.transpose()
	}
	out.Loads = newLoads(s, r, mine)
	out.Spectra = newSpectra(s, r.Plan, mine)
	for _, curve := range v.Scaling {
		if curve.Scenario == s.Name {
			out.Scaling = append(out.Scaling, newCurve(curve))
		}
	}
	return out
}

// fill puts the numbers of the trials into the table and the figures.
func (s *Scenario) fill(p bench.Plan, of bench.Scenario, summaries []bench.Summary) {
	var columns []column
	for _, m := range metric.Columns() {
		for _, load := range m.Offers(of, p.Profile) {
			if c := (column{m, load}); c.in(summaries) {
				columns = append(columns, c)
				s.Columns = append(s.Columns, c.title())
			}
		}
	}
	for _, arm := range armsOf(p, of) {
		for _, level := range of.AllLevels() {
			row := Row{Name: bench.Cell{Arm: arm.short, Level: level.Name}.String()}
			for _, c := range columns {
				f := newFigure(c, bench.Cell{Arm: arm.id, Level: level.Name}, summaries)
				f.Arm = row.Name
				row.Cells = append(row.Cells, f.Text())
				if len(f.Values) > 0 {
					s.Figures = append(s.Figures, f)
				}
			}
			s.Rows = append(s.Rows, row)
		}
	}
}

// transpose makes the columns rows: a table may be long, but not wide.
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

// request describes what the scenario asks servers for.
func request(s bench.Scenario) string {
	w := s.Workload
	text := w.Method + " " + w.Path
	switch w.Driver {
	case bench.DriverRoom, bench.DriverDashboard:
		text = fmt.Sprintf("%s: each message to %d members", w.Path, w.Members)
	case bench.DriverTokens:
		text = fmt.Sprintf("%s: streams of %d events, one each %v", w.Path, w.Expect.Events, w.Expect.Every)
	}
	for _, l := range s.Levels {
		if l.Path != "" {
			text += fmt.Sprintf("; %s: %s", l.Name, l.Path)
		}
	}
	return text
}

// answerTime names the time that the measure takes, with its level if that has a name.
func answerTime(measure, level string) string {
	name := "Response time"
	if measure == bench.MeasureDelivery {
		name = "Delivery time"
	}
	if level != "" {
		name += ", " + level
	}
	return name
}

// byArm orders lines by arm, and those of an arm by round.
func byArm(a, b Line) int {
	return cmp.Or(strings.Compare(a.Arm, b.Arm), a.Round-b.Round)
}
