package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/claimbench/claimbench/internal/text"
)

// point is an entry of the input of github.com/benchmark-action/github-action-benchmark.
type point struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Range string  `json:"range"`
	Extra string  `json:"extra"`
}

// writePoints writes the medians of which more, or less, is better, in the formats customBiggerIsBetter and
// customSmallerIsBetter.
func (d *Document) writePoints(out io.Writer, better string) error {
	list := []point{}
	for _, s := range d.Scenarios {
		for _, f := range s.Figures {
			if f.Better == better {
				list = append(list, newPoint(s.Name, d.RunID, f))
			}
		}
	}
	return text.WriteJSON(out, list)
}

func newPoint(scenario, run string, f Figure) point {
	numbers := f.numbers()
	low, high := slices.Min(numbers), slices.Max(numbers)
	extra := fmt.Sprintf("median of %d launches; run %s", len(numbers), run)
	if f.lowerBounds() > 0 {
		extra += "; a lower bound in some"
	}
	return point{
		Name:  scenario + "/" + f.Arm + " " + f.series(),
		Unit:  f.Unit,
		Value: f.Median,
		Range: fmt.Sprintf("%s to %s", text.Quantity(low, f.Unit), text.Quantity(high, f.Unit)),
		Extra: extra,
	}
}
