package report

import (
	"html/template"

	"github.com/claimbench/claimbench/internal/text"
)

// Plot draws a percentile of response time against the offered rate. A dot marks a rate that held, a cross
// one that did not. A dashed line marks each server's capacity, where the knee is.
func (l Load) Plot(id string) template.HTML {
	f := newFrame(70, 380)
	x, y := f.xAxis(), f.yAxis()
	for _, arm := range l.Arms {
		for _, point := range arm.Points {
			x.include(point.Rate)
			y.include(max(point.Value, shortest))
		}
	}
	p := newSVG(f.width, f.height, caption{
		id:    id,
		title: l.Title + ", " + l.Percentile(),
		description: "One mark per rate that was tried. A dot is a rate that held within the scenario's limits. " +
			"A cross is one that did not; its probe was cut short, so its time is a lower bound. " +
			"Dashed lines are each server's median capacity. The table below sums this up.",
	})
	if !(x.high > 0) {
		f.empty(p, "no rate has enough requests for a percentile")
		return p.done()
	}
	x.pad(.95, 1.05)
	y.pad(.9, 1.1)
	f.yTicks(p, y, "s")
	for _, t := range x.ticks() {
		f.xTick(p, x.at(t), text.Quantity(t, "1/s"))
	}
	f.xTitle(p, "offered rate")
	for i, arm := range l.Arms {
		color := colorClass(i)
		if arm.Capacity > 0 && !arm.AtLeast {
			knee := x.at(arm.Capacity)
			p.line("knee "+color, spot{knee, f.top}, spot{knee, f.bottom})
		}
		var held, over pen
		for _, point := range arm.Points {
			mark := held.dot
			if !point.Held {
				mark = over.cross
			}
			mark(spot{x.at(point.Rate), y.at(max(point.Value, shortest))})
		}
		p.path("dots "+color, &held)
		p.path("over "+color, &over)
		p.text("label "+color, "start", spot{f.right + 10, f.top + 14 + 18*float64(i)}, arm.Arm)
	}
	return p.done()
}
