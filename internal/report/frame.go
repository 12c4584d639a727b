package report

import (
	"math"

	"github.com/claimbench/claimbench/internal/text"
)

// shortest is the shortest time that plots show, in seconds: a log axis has no 0.
const shortest = 1e-6

// frame is the area of a plot with two axes, in pixels. Names of lines go to the right of it.
type frame struct {
	left, right, top, bottom float64
	width, height            float64 // of the picture
}

// newFrame returns the frame of a picture of that height, with space for tick labels on the left.
func newFrame(left, height float64) frame {
	const width = 1000.0
	return frame{
		left:   left,
		right:  width - 170,
		top:    16,
		bottom: height - 44,
		width:  width,
		height: height,
	}
}

// xAxis returns an empty horizontal log axis.
func (f frame) xAxis() logAxis { return newLogAxis(f.left, f.right) }

// yAxis returns an empty vertical log axis.
func (f frame) yAxis() logAxis { return newLogAxis(f.bottom, f.top) }

// empty writes why there is nothing to draw.
func (f frame) empty(p *svg, why string) {
	p.text("label", "middle", spot{f.width / 2, f.height / 2}, why)
}

// yTicks draws the horizontal lines of an axis, with their values.
func (f frame) yTicks(p *svg, y logAxis, unit string) {
	for _, t := range y.ticks() {
		p.line("grid", spot{f.left, y.at(t)}, spot{f.right, y.at(t)})
		p.text("tick", "end", spot{f.left - 8, y.at(t) + 4}, text.Quantity(t, unit))
	}
}

// xTick draws one vertical line with its label.
func (f frame) xTick(p *svg, x float64, label string) {
	p.line("grid", spot{x, f.top}, spot{x, f.bottom})
	p.text("tick", "middle", spot{x, f.bottom + 18}, label)
}

// xTitle names the horizontal axis.
func (f frame) xTitle(p *svg, title string) {
	p.text("tick", "middle", spot{(f.left + f.right) / 2, f.height - 6}, title)
}

// percentileAxis maps quantiles onto pixels. It widens the upper percentiles, which users suffer from.
type percentileAxis struct{ most, from, to float64 }

func (a percentileAxis) at(q float64) float64 {
	spread := func(q float64) float64 { return -math.Log10(1 - q) }
	return a.from + spread(q)/max(spread(a.most), .1)*(a.to-a.from)
}
