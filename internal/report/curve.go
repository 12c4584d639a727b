package report

import (
	"fmt"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// farthestPeak is how far a peak may lie beyond the last point, as a ratio, to be reported as a number.
const farthestPeak = 1.5

// Curve is a server's throughput against the number of workers or connections: medians over rounds. The
// efficiency is the throughput relative to that of the first point, scaled in proportion.
type Curve struct {
	Target     string   `json:"target"`
	Of         string   `json:"of"` // what the columns count
	Columns    []string `json:"columns,omitempty"`
	Throughput []string `json:"throughput,omitempty"`
	Efficiency []string `json:"efficiency,omitempty"`
	Memory     []string `json:"memory,omitempty"`
	Fit        string   `json:"fit"` // of the scalability law, or why there is none

	points []bench.ScalingPoint
	law    *bench.USL
}

func newCurve(s bench.Scaling) Curve {
	c := Curve{
		Target: s.Target,
		Of:     s.Of,
		Fit:    describeFit(s),
		points: s.Points,
		law:    s.Fit,
	}
	first := s.Points[0]
	for _, p := range s.Points {
		throughput := text.Quantity(p.Throughput, "1/s")
		if p.AtLeast {
			throughput += " or more"
		}
		c.Columns = append(c.Columns, text.Number(p.N))
		c.Throughput = append(c.Throughput, throughput)
		c.Memory = append(c.Memory, text.Quantity(p.Memory, "B"))
		c.Efficiency = append(c.Efficiency, text.Number(p.Throughput/first.Throughput*first.N/p.N))
	}
	return c
}

// describeFit returns the coefficients of the scalability law with their bounds, or why there are none.
func describeFit(s bench.Scaling) string {
	f := s.Fit
	if f == nil {
		return s.Why
	}
	most := farthestPeak * s.Points[len(s.Points)-1].N
	law := fmt.Sprintf("contention %s, coherency %s, throughput of one %s",
		text.Number(f.Alpha), text.Number(f.Beta), text.Quantity(f.Gamma, "1/s"))
	switch {
	case f.Peak == nil:
	case *f.Peak > most:
		law += fmt.Sprintf(", peak beyond %s", text.Number(most))
	default:
		law += fmt.Sprintf(", peak at %s", text.Number(*f.Peak))
	}
	parts := []string{law}
	if low, high := s.Low, s.High; low != nil && high != nil {
		parts = append(parts, fmt.Sprintf(
			"at 95%%, over resampled rounds: contention %s to %s, coherency %s to %s, peak %s",
			text.Number(low.Alpha), text.Number(high.Alpha), text.Number(low.Beta), text.Number(high.Beta),
			peaks(low.Peak, high.Peak, most)))
	}
	if s.Why != "" {
		parts = append(parts, s.Why)
	}
	return strings.Join(parts, "; ")
}

// peaks formats the bounds of a peak. A nil bound is infinite; one beyond most is not reported.
func peaks(low, high *float64, most float64) string {
	switch {
	case low == nil || *low > most:
		return "none up to " + text.Number(most)
	case high == nil || *high > most:
		return "at " + text.Number(*low) + " or more"
	}
	return "at " + text.Number(*low) + " to " + text.Number(*high)
}
