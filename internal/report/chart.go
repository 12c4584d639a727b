package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/text"
)

// ForestPlot draws the ratios with their intervals on a log axis, with the line of
// parity and, for each, the band within which it counts as equal.
func (d *Document) ForestPlot() template.HTML {
	const left, right, top, step, width = 580.0, 90.0, 34.0, 22.0, 1100.0
	axis := logAxis{low: .5, high: 2, from: left, to: width - right}
	for _, r := range d.Forest {
		for _, v := range []*float64{r.Low, &r.Ratio, r.High} {
			if v != nil {
				axis.low, axis.high = min(axis.low, max(*v, 1e-4)*.9), max(axis.high, min(*v, 1e4)*1.1)
			}
		}
	}
	claims := 0
	for i, r := range d.Forest {
		if i == 0 || r.Claim != d.Forest[i-1].Claim {
			claims++
		}
	}
	height := top + step*float64(len(d.Forest)+claims) + 34
	p := newDrawing(width, height, "forest", "Ratios with their 95% intervals",
		"One row a comparison, on a logarithmic axis. The same figures are in the table of comparisons.")
	bottom := height - 30
	for _, t := range axis.ticks() {
		p.line("grid", axis.at(t), top-8, axis.at(t), bottom)
		p.text("tick", "middle", axis.at(t), bottom+16, text.Number(t)+"×")
	}
	p.line("parity", axis.at(1), top-14, axis.at(1), bottom)
	p.text("tick", "middle", axis.at(1), top-18, "equal")
	y := top - step/2
	for i, r := range d.Forest {
		if y += step; i == 0 || r.Claim != d.Forest[i-1].Claim {
			p.text("label strong", "start", 0, y+4, r.Claim)
			y += step
		}
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
		p.text("label", "start", width-right+10, y+4, r.Sign+" "+text.Number(r.Ratio)+"×")
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
		p.text("tick", "end", left-8, y.at(t)+4, text.Quantity(t, "s"))
	}
	for _, q := range []float64{0, .5, .75, .9, .95, .99, .999, .9999} {
		if q <= most {
			p.line("grid", x(q), top, x(q), bottom)
			p.text("tick", "middle", x(q), bottom+18, fmt.Sprintf("p%g", q*100))
		}
	}
	p.text("tick", "middle", (left+width-right)/2, height-6, "percentile")
	ends := map[string]float64{}
	for i, arm := range arms {
		var lines pen
		for _, l := range s.Lines {
			if l.Arm != arm {
				continue
			}
			for k, point := range l.Points {
				to := lines.line
				if k == 0 {
					to = lines.move
				}
				ends[arm] = y.at(max(point.Value.Seconds(), 1e-6))
				to(x(point.Q), ends[arm])
			}
		}
		p.path(fmt.Sprintf("line s%d", i%colors), &lines)
	}
	p.names(arms, ends, width-right+10)
	return p.done()
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
		p.text("tick", "end", left-8, y.at(t)+4, text.Quantity(t, "1/s"))
	}
	for _, point := range s.Scaling[0].points {
		p.line("grid", x.at(point.N), top, x.at(point.N), bottom)
		p.text("tick", "middle", x.at(point.N), bottom+18, text.Number(point.N))
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

// dotted are the metrics whose launches are drawn one by one.
var dotted = []string{"throughput", "capacity", "cores_used", "cpu_seconds_per_1k", "memory_bytes",
	"cpu_seconds_per_1k_at_rate", "memory_bytes_at_rate", "cold_start", "idle_memory_bytes"}

// DotPlot draws what each launch gave, a dot a trial and a bar at their median: how far launches of the
// same server lie apart, beside how far servers do. Of metrics that are taken at rates, it draws the first.
func (s Scenario) DotPlot(id string) template.HTML {
	const left, right, top, step, gap, width = 200.0, 130.0, 6.0, 19.0, 56.0, 1000.0
	panels := map[string][]Figure{}
	for _, f := range s.Figures {
		if of := panels[f.Metric]; len(f.Values) > 0 && (len(of) == 0 || of[0].Column == f.Column) {
			panels[f.Metric] = append(of, f)
		}
	}
	height := top
	for _, metric := range dotted {
		if n := len(panels[metric]); n > 0 {
			height += step*float64(n) + gap
		}
	}
	p := newDrawing(width, height, id, "Launch by launch: scenario "+s.Name, "A dot a trial, a bar at the median, on a logarithmic axis for each metric. The medians are in the table above.")
	var arms []string
	for _, f := range s.Figures {
		if !slices.Contains(arms, f.Arm) {
			arms = append(arms, f.Arm)
		}
	}
	y := top
	for _, metric := range dotted {
		of := panels[metric]
		if len(of) == 0 {
			continue
		}
		axis, scale := logAxis{low: math.Inf(1), from: left, to: width - right}, 1.
		if of[0].Unit == "B" {
			scale = 1 << 20 // for round numbers of MiB
		}
		for _, f := range of {
			for _, v := range f.numbers() {
				v /= scale
				axis.low, axis.high = min(axis.low, max(v, 1e-9)), max(axis.high, v, 1e-9)
			}
		}
		axis.low, axis.high = axis.low*.93, axis.high*1.07
		p.text("label strong", "start", 0, y+14, of[0].Column)
		y += 20
		bottom := y + step*float64(len(of))
		for _, t := range axis.ticks() {
			p.line("grid", axis.at(t), y, axis.at(t), bottom)
			p.text("tick", "middle", axis.at(t), bottom+14, text.Quantity(t*scale, of[0].Unit))
		}
		for _, f := range of {
			color := slices.Index(arms, f.Arm) % colors
			p.text("label", "end", left-10, y+step/2+4, f.Arm)
			var dots pen
			for _, v := range f.numbers() {
				dots.dot(axis.at(v/scale), y+step/2)
			}
			p.path(fmt.Sprintf("dots s%d", color), &dots)
			p.line(fmt.Sprintf("median s%d", color), axis.at(f.Median/scale), y+2, axis.at(f.Median/scale), y+step-2)
			p.text("label", "start", width-right+10, y+step/2+4, f.Text())
			y += step
		}
		y = bottom + gap - 20
	}
	return p.done()
}

// colors are how many the style sheet has for lines.
const colors = 8

// Plot draws a percentile of response time against the offered rate: a dot where the rate held, a cross where
// it did not, and a dashed line at each server's capacity, which is where the knee is.
func (l Load) Plot(id string) template.HTML {
	const left, right, top, width, height = 70.0, 170.0, 16.0, 1000.0, 380.0
	bottom := height - 44
	x := logAxis{low: math.Inf(1), from: left, to: width - right}
	y := logAxis{low: math.Inf(1), from: bottom, to: top}
	for _, arm := range l.Arms {
		for _, point := range arm.Points {
			v := max(point.Value, 1e-6)
			x.low, x.high = min(x.low, point.Rate), max(x.high, point.Rate)
			y.low, y.high = min(y.low, v), max(y.high, v)
		}
	}
	p := newDrawing(width, height, id, l.Title+", "+l.Percentile(),
		"A mark a rate that was tried: a dot where it held the scenario's limits, a cross where it did not, cut short, so that the time is a lower bound. Dashed, each server's median capacity. The table below sums it up.")
	if !(x.high > 0) {
		p.text("label", "middle", width/2, height/2, "no rate has enough requests for a percentile")
		return p.done()
	}
	x.low, x.high, y.low, y.high = x.low*.95, x.high*1.05, y.low*.9, y.high*1.1
	for _, t := range y.ticks() {
		p.line("grid", left, y.at(t), width-right, y.at(t))
		p.text("tick", "end", left-8, y.at(t)+4, text.Quantity(t, "s"))
	}
	for _, t := range x.ticks() {
		p.line("grid", x.at(t), top, x.at(t), bottom)
		p.text("tick", "middle", x.at(t), bottom+18, text.Quantity(t, "1/s"))
	}
	p.text("tick", "middle", (left+width-right)/2, height-6, "offered rate")
	for i, arm := range l.Arms {
		color := i % colors
		if arm.Capacity > 0 && !arm.AtLeast {
			fmt.Fprintf(p, `<line class="knee s%d" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, color, x.at(arm.Capacity), top, x.at(arm.Capacity), bottom)
		}
		var held, over pen
		for _, point := range arm.Points {
			mark := held.dot
			if !point.Held {
				mark = over.cross
			}
			mark(x.at(point.Rate), y.at(max(point.Value, 1e-6)))
		}
		p.path(fmt.Sprintf("dots s%d", color), &held)
		p.path(fmt.Sprintf("over s%d", color), &over)
		p.text(fmt.Sprintf("label s%d", color), "start", width-right+10, top+14+18*float64(i), arm.Arm)
	}
	return p.done()
}

// Percentile is the name of the percentile that a load is shown at.
func (l Load) Percentile() string { return fmt.Sprintf("p%g", l.Quantile*100) }
