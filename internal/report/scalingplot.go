package report

import (
	"html/template"
	"math"

	"github.com/claimbench/claimbench/internal/text"
)

// ScalingPlot draws throughput against the number of workers or connections, both on log axes. It has one
// line per server. The fitted law is dashed, and growth in proportion to the first point is gray.
func (s Scenario) ScalingPlot(id string) template.HTML {
	f := newFrame(90, 360)
	x, y := f.xAxis(), f.yAxis()
	var names []string
	for _, c := range s.Scaling {
		names = append(names, c.Target)
		for _, p := range c.points {
			x.include(p.N)
			y.include(p.Throughput)
		}
	}
	of := s.Scaling[0].Of
	p := newSVG(f.width, f.height, caption{
		id:    id,
		title: "Throughput against " + of,
		description: "One line per server. The fitted law is dashed, and proportional growth is gray. " +
			"The table below has the figures.",
	})
	if x.high <= x.low {
		f.empty(p, "there is one level only")
		return p.done()
	}
	y.pad(.8, 1.2)
	f.yTicks(p, y, "1/s")
	for _, point := range s.Scaling[0].points {
		f.xTick(p, x.at(point.N), text.Number(point.N))
	}
	f.xTitle(p, of)
	ends := map[string]float64{}
	for i, c := range s.Scaling {
		c.draw(p, colorClass(i), x, y)
		ends[c.Target] = y.at(c.points[len(c.points)-1].Throughput)
	}
	p.names(names, ends, f.right+10)
	return p.done()
}

// draw draws the measured line, the law and proportional growth.
func (c Curve) draw(p *svg, color string, x, y logAxis) {
	var measured []spot
	for _, point := range c.points {
		measured = append(measured, spot{x.at(point.N), y.at(point.Throughput)})
	}
	first := c.points[0]
	until := min(x.high, y.high/first.Throughput*first.N) // where proportional growth leaves the picture
	p.line("parity", measured[0], spot{x.at(until), y.at(first.Throughput * until / first.N)})
	if c.law != nil {
		const steps = 60
		var law []spot
		for k := 0.0; k <= steps; k++ {
			n := x.low * math.Pow(x.high/x.low, k/steps)
			law = append(law, spot{x.at(n), y.at(c.law.At(n))})
		}
		p.polyline("line law "+color, law)
	}
	p.polyline("line "+color, measured)
}
