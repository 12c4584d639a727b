package report

import (
	"html/template"
	"unicode/utf8"

	"github.com/claimbench/claimbench/internal/text"
)

// Sizes of the forest plot, in pixels.
const (
	forestTop      = 34.0
	forestStep     = 22.0  // between rows
	forestRight    = 90.0  // for the ratio in numbers
	forestAxis     = 430.0 // the axis
	forestLeft     = 580.0 // for labels; more if one is longer
	forestPerRune  = 6.6   // estimated width of a character
	forestLabelGap = 12.0
)

// ForestPlot draws the ratios with their intervals on a log axis. It has the line of parity and, for each
// ratio, the band in which it counts as equal.
func (d *Document) ForestPlot() template.HTML {
	left, claims := forestLeft, 0
	for i, r := range d.Forest {
		left = max(left, forestPerRune*float64(utf8.RuneCountInString(r.Label))+2*forestLabelGap)
		if d.firstOfClaim(i) {
			claims++
		}
	}
	axis := d.forestAxis(left)
	right := left + forestAxis
	height := forestTop + forestStep*float64(len(d.Forest)+claims) + 34
	p := newSVG(right+forestRight, height, caption{
		id:    "forest",
		title: "Ratios with their 95% intervals",
		description: "One row per comparison, on a logarithmic axis. " +
			"The table of comparisons has the same figures.",
	})
	bottom := height - 30
	for _, t := range axis.ticks() {
		p.line("grid", spot{axis.at(t), forestTop - 8}, spot{axis.at(t), bottom})
		p.text("tick", "middle", spot{axis.at(t), bottom + 16}, text.Number(t)+"×")
	}
	p.line("parity", spot{axis.at(1), forestTop - 14}, spot{axis.at(1), bottom})
	p.text("tick", "middle", spot{axis.at(1), forestTop - 18}, "equal")
	y := forestTop - forestStep/2
	for i, r := range d.Forest {
		if y += forestStep; d.firstOfClaim(i) {
			p.text("label strong", "start", spot{0, y + 4}, r.Claim)
			y += forestStep
		}
		p.text("label", "end", spot{left - forestLabelGap, y + 4}, r.Label)
		r.draw(p, axis, y)
		p.text("label", "start", spot{right + 10, y + 4}, r.Sign+" "+text.Number(r.Ratio)+"×")
	}
	return p.done()
}

// firstOfClaim reports whether the i-th ratio is the first of its claim.
func (d *Document) firstOfClaim(i int) bool {
	return i == 0 || d.Forest[i].Claim != d.Forest[i-1].Claim
}

// forestAxis returns an axis for all ratios and finite bounds, at least from 0.5 to 2.
func (d *Document) forestAxis(left float64) logAxis {
	axis := logAxis{
		low:  .5,
		high: 2,
		from: left,
		to:   left + forestAxis,
	}
	for _, r := range d.Forest {
		for _, v := range []*float64{r.Low, &r.Ratio, r.High} {
			if v != nil {
				axis.include(max(*v, 1e-4) * .9)
				axis.include(min(*v, 1e4) * 1.1)
			}
		}
	}
	return axis
}

// draw draws the band, the interval and the ratio. An arrow stands for a bound beyond the axis.
func (r Ratio) draw(p *svg, axis logAxis, y float64) {
	const band = forestStep * .72
	p.rect("band", spot{axis.at(1 / r.Margin), y - band/2}, axis.at(r.Margin)-axis.at(1/r.Margin), band)
	class := "mark " + verdictClass(r.Verdict)
	from, to := axis.from, axis.to
	if r.Low != nil && *r.Low >= axis.low {
		from = axis.at(*r.Low)
	} else {
		p.text(class, "middle", spot{from, y + 4}, "◂")
	}
	if r.High != nil && *r.High <= axis.high {
		to = axis.at(*r.High)
	} else {
		p.text(class, "middle", spot{to, y + 4}, "▸")
	}
	p.line(class, spot{from, y}, spot{to, y})
	p.circle(class, spot{axis.at(r.Ratio), y}, 4.5)
}
