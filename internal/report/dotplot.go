package report

import (
	"html/template"
	"slices"

	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/text"
)

// Sizes of the dot plot, in pixels.
const (
	dotLeft  = 200.0 // for names of servers
	dotRight = 870.0 // end of the axis
	dotWidth = 1000.0
	dotTop   = 6.0
	dotStep  = 19.0 // between servers
	dotHead  = 20.0 // above the servers of a metric
	dotFoot  = 36.0 // below them
)

// DotPlot draws one dot per trial and a bar at their median. It shows how far launches of one server lie
// apart, next to how far servers do. It draws a metric at its first load only.
func (s Scenario) DotPlot(id string) template.HTML {
	panels := s.dotPanels()
	height := dotTop
	for _, panel := range panels {
		height += dotHead + dotStep*float64(len(panel)) + dotFoot
	}
	p := newSVG(dotWidth, height, caption{
		id:    id,
		title: "Launch by launch: scenario " + s.Name,
		description: "One dot per trial and a bar at the median, on a logarithmic axis for each metric. " +
			"The table above has the medians.",
	})
	var arms []string
	for _, f := range s.Figures {
		if !slices.Contains(arms, f.Arm) {
			arms = append(arms, f.Arm)
		}
	}
	y := dotTop
	for _, panel := range panels {
		drawDots(p, panel, arms, y)
		y += dotHead + dotStep*float64(len(panel)) + dotFoot
	}
	return p.done()
}

// dotMetrics returns the metrics to draw. Percentiles have other plots, and counted metrics are the same in
// every launch.
func dotMetrics() []metric.Metric {
	return slices.DeleteFunc(metric.Columns(), func(m metric.Metric) bool { return m.Quantile > 0 || m.Counted })
}

// dotPanels returns the figures to draw, by metric in the order of tables.
func (s Scenario) dotPanels() (panels [][]Figure) {
	for _, m := range dotMetrics() {
		var panel []Figure
		for _, f := range s.Figures {
			if f.Metric == m.Name && len(f.Values) > 0 && (len(panel) == 0 || panel[0].Column == f.Column) {
				panel = append(panel, f)
			}
		}
		if len(panel) > 0 {
			panels = append(panels, panel)
		}
	}
	return panels
}

// drawDots draws the figures of one metric below y.
func drawDots(p *svg, figures []Figure, arms []string, y float64) {
	axis, scale, unit := newLogAxis(dotLeft, dotRight), 1., figures[0].Unit
	if unit == "B" {
		scale = 1 << 20 // for round numbers of MiB
	}
	for _, f := range figures {
		for _, v := range f.numbers() {
			axis.include(max(v/scale, 1e-9))
		}
	}
	axis.pad(.93, 1.07)
	p.text("label strong", "start", spot{0, y + 14}, figures[0].Column)
	y += dotHead
	bottom := y + dotStep*float64(len(figures))
	for _, t := range axis.ticks() {
		p.line("grid", spot{axis.at(t), y}, spot{axis.at(t), bottom})
		p.text("tick", "middle", spot{axis.at(t), bottom + 14}, text.Quantity(t*scale, unit))
	}
	for _, f := range figures {
		color := colorClass(slices.Index(arms, f.Arm))
		middle, median := y+dotStep/2, axis.at(f.Median/scale)
		p.text("label", "end", spot{dotLeft - 10, middle + 4}, f.Arm)
		var dots pen
		for _, v := range f.numbers() {
			dots.dot(spot{axis.at(v / scale), middle})
		}
		p.path("dots "+color, &dots)
		p.line("median "+color, spot{median, y + 2}, spot{median, y + dotStep - 2})
		p.text("label", "start", spot{dotRight + 10, middle + 4}, f.Text())
		y += dotStep
	}
}
