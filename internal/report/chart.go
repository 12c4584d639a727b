package report

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
)

// drawing collects the parts of an SVG picture. Colours come from the page's
// style sheet, so that pictures follow light, dark and print.
type drawing struct {
	strings.Builder
	width, height float64
}

func newDrawing(width, height float64, id, title, description string) *drawing {
	d := &drawing{width: width, height: height}
	fmt.Fprintf(d, `<svg class="chart" viewBox="0 0 %g %g" role="img" aria-labelledby="%s-t %s-d" xmlns="http://www.w3.org/2000/svg">`, width, height, id, id)
	fmt.Fprintf(d, `<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, id, html.EscapeString(title), id, html.EscapeString(description))
	return d
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (d *drawing) rect(class string, x, y, w, h float64) {
	fmt.Fprintf(d, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class, x, y, w, h)
}

func (d *drawing) text(class, anchor string, x, y float64, s string) {
	fmt.Fprintf(d, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`, class, anchor, x, y, html.EscapeString(s))
}

func (d *drawing) done() template.HTML {
	d.WriteString("</svg>")
	return template.HTML(d.String()) // every text in it was escaped
}

// logAxis maps values onto pixels, evenly by ratio.
type logAxis struct{ low, high, from, to float64 }

func (a logAxis) at(v float64) float64 {
	v = min(max(v, a.low), a.high)
	return a.from + (math.Log(v)-math.Log(a.low))/(math.Log(a.high)-math.Log(a.low))*(a.to-a.from)
}

// ticks are 1, 2 and 5 times powers of ten within the axis; powers alone where
// there would be many, and even steps where there would be few.
func (a logAxis) ticks() []float64 {
	var all, tens []float64
	for e := math.Floor(math.Log10(a.low)); e <= math.Ceil(math.Log10(a.high)); e++ {
		for _, m := range []float64{1, 2, 5} {
			if v := m * math.Pow(10, e); v >= a.low*.999 && v <= a.high*1.001 {
				all = append(all, v)
				if m == 1 {
					tens = append(tens, v)
				}
			}
		}
	}
	if len(all) > 9 && len(tens) >= 2 {
		return tens
	}
	if len(all) >= 3 {
		return all
	}
	step := math.Pow(10, math.Floor(math.Log10((a.high-a.low)/3)))
	for _, m := range []float64{5, 2} { // the largest step that gives three ticks or more
		if step*m*3 <= a.high-a.low {
			step *= m
			break
		}
	}
	all = nil
	for v := math.Ceil(a.low/step) * step; v <= a.high; v += step {
		all = append(all, v)
	}
	return all
}

// ForestPlot draws the ratios with their intervals on a log axis, with the line of
// parity and, for each, the band within which it counts as equal.
func (d *Document) ForestPlot() template.HTML {
	const left, right, top, step = 430.0, 130.0, 34.0, 22.0
	width := 1000.0
	axis := logAxis{low: .5, high: 2, from: left, to: width - right}
	for _, r := range d.Forest {
		for _, v := range []*float64{r.Low, &r.Ratio, r.High} {
			if v != nil {
				axis.low, axis.high = min(axis.low, max(*v, 1e-4)*.9), max(axis.high, min(*v, 1e4)*1.1)
			}
		}
	}
	height := top + step*float64(len(d.Forest)) + 34
	p := newDrawing(width, height, "forest", "Ratios with their 95% intervals",
		"One row a comparison, on a logarithmic axis. The same figures are in the table of comparisons.")
	bottom := height - 30
	for _, t := range axis.ticks() {
		p.line("grid", axis.at(t), top-8, axis.at(t), bottom)
		p.text("tick", "middle", axis.at(t), bottom+16, number(t)+"×")
	}
	p.line("parity", axis.at(1), top-14, axis.at(1), bottom)
	p.text("tick", "middle", axis.at(1), top-18, "equal")
	for i, r := range d.Forest {
		y := top + step*(float64(i)+.5)
		p.rect("band", axis.at(1/r.Margin), y-step*.36, axis.at(r.Margin)-axis.at(1/r.Margin), step*.72)
		p.text("label", "end", left-12, y+4, r.Label)
		class := "mark v-" + strings.ReplaceAll(string(r.Verdict), " ", "-")
		from, to := axis.from, axis.to
		if r.Low != nil && *r.Low >= axis.low {
			from = axis.at(*r.Low)
		} else {
			p.text(class, "middle", from, y+4, "◂")
		}
		if r.High != nil && *r.High <= axis.high {
			to = axis.at(*r.High)
		} else {
			p.text(class, "middle", to, y+4, "▸")
		}
		p.line(class, from, y, to, y)
		fmt.Fprintf(p, `<circle class="%s" cx="%.1f" cy="%.1f" r="4.5"/>`, class, axis.at(r.Ratio), y)
		p.text("label", "start", width-right+10, y+4, r.Sign+" "+number(r.Ratio)+"×")
	}
	return p.done()
}

// Plot draws the percentiles of response time, a line a trial. The horizontal
// axis widens the upper percentiles, where users suffer.
func (s Spectrum) Plot(id string) template.HTML {
	const left, right, top, width, height = 70.0, 170.0, 16.0, 1000.0, 360.0
	bottom := height - 44
	y := logAxis{low: math.Inf(1), high: 0, from: bottom, to: top}
	most := 0.0 // largest q
	arms := s.arms()
	for _, l := range s.Lines {
		for _, point := range l.Points {
			v := max(point.Value.Seconds(), 1e-6)
			y.low, y.high, most = min(y.low, v), max(y.high, v), max(most, point.Q)
		}
	}
	p := newDrawing(width, height, id, "Percentiles: "+s.Title,
		"One line a trial, coloured by server. The medians over trials are in the table below.")
	if len(s.Lines) == 0 || y.high == 0 {
		p.text("label", "middle", width/2, height/2, "no trial has enough requests for a percentile")
		return p.done()
	}
	y.low, y.high = y.low*.9, y.high*1.1
	spread := func(q float64) float64 { return -math.Log10(1 - q) }
	x := func(q float64) float64 { return left + spread(q)/max(spread(most), .1)*(width-left-right) }
	for _, t := range y.ticks() {
		p.line("grid", left, y.at(t), width-right, y.at(t))
		p.text("tick", "end", left-8, y.at(t)+4, Quantity(t, "s"))
	}
	for _, q := range []float64{0, .5, .75, .9, .95, .99, .999, .9999} {
		if q <= most {
			p.line("grid", x(q), top, x(q), bottom)
			p.text("tick", "middle", x(q), bottom+18, fmt.Sprintf("p%g", q*100))
		}
	}
	p.text("tick", "middle", (left+width-right)/2, height-6, "percentile")
	ends := map[string]float64{}
	for _, l := range s.Lines {
		var points []string
		for _, point := range l.Points {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(point.Q), y.at(max(point.Value.Seconds(), 1e-6))))
			ends[l.Arm] = y.at(max(point.Value.Seconds(), 1e-6))
		}
		fmt.Fprintf(p, `<polyline class="line s%d" points="%s"/>`, slices.Index(arms, l.Arm), strings.Join(points, " "))
	}
	p.names(arms, ends, width-right+10)
	return p.done()
}

// names puts names at the ends of their lines, moved apart where they would overlap.
func (d *drawing) names(names []string, ends map[string]float64, x float64) {
	byEnd := slices.Clone(names)
	slices.SortFunc(byEnd, func(a, b string) int { return cmp.Compare(ends[a], ends[b]) })
	last := math.Inf(-1)
	for _, name := range byEnd {
		last = max(ends[name], last+15)
		d.text(fmt.Sprintf("label s%d", slices.Index(names, name)), "start", x, last+4, name)
	}
}

// ScalingPlot draws throughput against how many share the work, both on log axes: a
// line a server, dashed the law that was fitted, and grey what as many times the
// first would be.
func (s Scenario) ScalingPlot(id string) template.HTML {
	const left, right, top, width, height = 90.0, 170.0, 16.0, 1000.0, 360.0
	bottom := height - 44
	x := logAxis{low: math.Inf(1), from: left, to: width - right}
	y := logAxis{low: math.Inf(1), from: bottom, to: top}
	var names []string
	for _, c := range s.Scaling {
		names = append(names, c.Target)
		for _, p := range c.points {
			x.low, x.high = min(x.low, p.N), max(x.high, p.N)
			y.low, y.high = min(y.low, p.Throughput), max(y.high, p.Throughput)
		}
	}
	p := newDrawing(width, height, id, "Throughput against "+s.Scaling[0].Of, "One line a server, with the fitted law dashed and the ideal in grey. The figures are in the table below.")
	if x.high <= x.low {
		p.text("label", "middle", width/2, height/2, "there is one level only")
		return p.done()
	}
	y.low, y.high = y.low*.8, y.high*1.2
	for _, t := range y.ticks() {
		p.line("grid", left, y.at(t), width-right, y.at(t))
		p.text("tick", "end", left-8, y.at(t)+4, Quantity(t, "1/s"))
	}
	for _, point := range s.Scaling[0].points {
		p.line("grid", x.at(point.N), top, x.at(point.N), bottom)
		p.text("tick", "middle", x.at(point.N), bottom+18, number(point.N))
	}
	p.text("tick", "middle", (left+width-right)/2, height-6, s.Scaling[0].Of)
	ends := map[string]float64{}
	for i, c := range s.Scaling {
		var line, law []string
		for _, point := range c.points {
			line = append(line, fmt.Sprintf("%.1f,%.1f", x.at(point.N), y.at(point.Throughput)))
			ends[c.Target] = y.at(point.Throughput)
		}
		first := c.points[0]
		until := min(x.high, y.high/first.Throughput*first.N) // where the ideal leaves the picture
		p.line("parity", x.at(first.N), y.at(first.Throughput), x.at(until), y.at(first.Throughput*until/first.N))
		if c.law != nil {
			const steps = 60
			for k := 0.0; k <= steps; k++ {
				n := x.low * math.Pow(x.high/x.low, k/steps)
				law = append(law, fmt.Sprintf("%.1f,%.1f", x.at(n), y.at(c.law.At(n))))
			}
			fmt.Fprintf(p, `<polyline class="line law s%d" stroke-dasharray="4 4" points="%s"/>`, i, strings.Join(law, " "))
		}
		fmt.Fprintf(p, `<polyline class="line s%d" points="%s"/>`, i, strings.Join(line, " "))
	}
	p.names(names, ends, width-right+10)
	return p.done()
}

// arms are those of the lines, each once, in their order: the order of colours.
func (s Spectrum) arms() []string {
	var arms []string
	for _, l := range s.Lines {
		if !slices.Contains(arms, l.Arm) {
			arms = append(arms, l.Arm)
		}
	}
	return arms
}
