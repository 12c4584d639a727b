package report

import (
	"fmt"
	"html/template"
)

// Plot draws the percentiles of response time, one line per trial.
func (s Spectrum) Plot(id string) template.HTML {
	f := newFrame(70, 360)
	y := f.yAxis()
	x := percentileAxis{
		from: f.left,
		to:   f.right,
	}
	for _, l := range s.Lines {
		for _, point := range l.Points {
			y.include(max(point.Value.Seconds(), shortest))
			x.most = max(x.most, point.Q)
		}
	}
	p := newSVG(f.width, f.height, caption{
		id:    id,
		title: "Percentiles: " + s.Title,
		description: "One line per trial, colored by server. " +
			"The table below has the medians over trials.",
	})
	if y.high == 0 {
		f.empty(p, "no trial has enough requests for a percentile")
		return p.done()
	}
	y.pad(.9, 1.1)
	f.yTicks(p, y, "s")
	for _, q := range []float64{0, .5, .75, .9, .95, .99, .999, .9999} {
		if q <= x.most {
			f.xTick(p, x.at(q), fmt.Sprintf("p%g", q*100))
		}
	}
	f.xTitle(p, "percentile")
	arms, ends := s.arms(), map[string]float64{}
	for i, arm := range arms {
		var lines pen
		for _, l := range s.Lines {
			if l.Arm != arm {
				continue
			}
			for k, point := range l.Points {
				draw := lines.line
				if k == 0 {
					draw = lines.move
				}
				ends[arm] = y.at(max(point.Value.Seconds(), shortest))
				draw(spot{x.at(point.Q), ends[arm]})
			}
		}
		p.path("line "+colorClass(i), &lines)
	}
	p.names(arms, ends, f.right+10)
	return p.done()
}
