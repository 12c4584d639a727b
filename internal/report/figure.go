package report

import (
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/text"
)

// Figure is a metric of an arm, with its number in every valid trial.
type Figure struct {
	Arm    string   `json:"arm"` // with its level
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"`
	Better string   `json:"better,omitempty"` // higher or lower; empty if it depends on the user's purpose
	Column string   `json:"column"`           // title of the metric, with the load
	Median float64  `json:"median"`
	Values []Sample `json:"values"`

	load bench.Offered // of Column
}

// Sample is the number of one trial.
type Sample struct {
	Trial int     `json:"trial"`
	Value float64 `json:"value"`
	// AtLeast marks a lower bound: something other than the server reached its limit.
	AtLeast bool `json:"at_least,omitempty"`
}

// newFigure collects the numbers of a cell for a column.
func newFigure(c column, cell bench.Cell, summaries []bench.Summary) Figure {
	f := Figure{
		Metric: c.metric.Name,
		Unit:   c.metric.Unit,
		Better: c.metric.Better,
		Column: c.title(),
		load:   c.load,
	}
	for _, s := range summaries {
		if v, ok := s.Value(c.metric.Name, cell.Level, c.load); ok && s.Trial.Arm() == cell.Arm {
			f.Values = append(f.Values, Sample{
				Trial:   s.Trial.N,
				Value:   v.Value,
				AtLeast: v.LowerBound,
			})
		}
	}
	f.Median = inference.Median(f.numbers())
	return f
}

// Text returns the median with its unit.
func (f Figure) Text() string {
	s := text.Quantity(f.Median, f.Unit)
	if f.lowerBounds() > 0 {
		s += " or more"
	}
	return s
}

// series returns the name of the metric and the load in files for other programs: "memory bytes at 500/s".
func (f Figure) series() string { return metric.Find(f.Metric).SeriesAt(f.load) }

// lowerBounds counts the trials whose number is a lower bound.
func (f Figure) lowerBounds() (n int) {
	for _, v := range f.Values {
		if v.AtLeast {
			n++
		}
	}
	return n
}

// numbers returns those of all trials.
func (f Figure) numbers() (list []float64) {
	for _, v := range f.Values {
		list = append(list, v.Value)
	}
	return list
}
