package report

import (
	"fmt"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/text"
)

// Spectrum holds the percentiles of response or delivery time at one load, one line per trial.
type Spectrum struct {
	Title string `json:"title"` // the time, the level and the load
	Lines []Line `json:"lines,omitempty"`
	// Columns and Rows are a table of the median over trials of each percentile, one row per arm.
	Columns []string `json:"columns,omitempty"`
	Rows    []Row    `json:"rows,omitempty"`
}

// Line is one trial.
type Line struct {
	Arm    string        `json:"arm"`
	Round  int           `json:"round"`
	Points []bench.Point `json:"points,omitempty"`
}

// tableQuantiles returns the quantiles of a spectrum's table.
func tableQuantiles() []float64 { return []float64{.5, .75, .9, .95, .99, .999} }

// newSpectra returns the spectra of a scenario, by measure, level and load.
func newSpectra(s bench.Scenario, p bench.Plan, summaries []bench.Summary) (list []Spectrum) {
	for _, measure := range []string{bench.MeasureLatency, bench.MeasureDelivery} {
		if !s.Measures(measure) {
			continue
		}
		for _, l := range s.AllLevels() {
			for _, load := range p.Profile.Offers(s) {
				spectrum := Spectrum{Title: answerTime(measure, l.Name) + " at " + load.String()}
				phase := bench.PhaseID{
					Level:   l.Name,
					Kind:    measure,
					Offered: load,
				}
				spectrum.fill(phase, s, p, summaries)
				list = append(list, spectrum)
			}
		}
	}
	return list
}

// fill adds the percentiles of the phase in every trial in which it counts.
func (s *Spectrum) fill(phase bench.PhaseID, of bench.Scenario, plan bench.Plan, summaries []bench.Summary) {
	seconds := map[string]map[float64][]float64{} // by arm and quantile
	trials := map[float64]int{}                   // that have the quantile
	for _, summary := range summaries {
		p, ok := summary.Phase(phase)
		if !ok || !p.Measured || len(p.Spectrum) == 0 { // void, or too few requests
			continue
		}
		arm := armOf(summary.Trial, of)
		s.Lines = append(s.Lines, Line{
			Arm:    arm.short,
			Round:  summary.Trial.Round,
			Points: p.Spectrum,
		})
		if seconds[arm.id] == nil {
			seconds[arm.id] = map[float64][]float64{}
		}
		for _, point := range p.Spectrum {
			seconds[arm.id][point.Q] = append(seconds[arm.id][point.Q], point.Value.Seconds())
			trials[point.Q]++
		}
	}
	slices.SortStableFunc(s.Lines, byArm)
	quantiles := slices.DeleteFunc(tableQuantiles(), func(q float64) bool {
		return trials[q] == 0 || trials[q] != len(s.Lines) // a median of some trials would mislead
	})
	for _, q := range quantiles {
		s.Columns = append(s.Columns, fmt.Sprintf("p%g", q*100))
	}
	for _, arm := range armsOf(plan, of) {
		row := Row{Name: arm.short}
		for _, q := range quantiles {
			row.Cells = append(row.Cells, text.Quantity(inference.Median(seconds[arm.id][q]), "s"))
		}
		s.Rows = append(s.Rows, row)
	}
}

// arms returns those of the lines in their order, which is the order of colors.
func (s Spectrum) arms() (names []string) {
	for _, l := range s.Lines {
		if !slices.Contains(names, l.Arm) {
			names = append(names, l.Arm)
		}
	}
	return names
}
