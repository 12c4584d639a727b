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

// tenth is a length in whole tenths of a pixel.
func tenth(x float64) float64 { return math.Round(x*10) / 10 }

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<line class="%s" x1="%g" y1="%g" x2="%g" y2="%g"/>`, class, tenth(x1), tenth(y1), tenth(x2), tenth(y2))
}

func (d *drawing) rect(class string, x, y, w, h float64) {
	fmt.Fprintf(d, `<rect class="%s" x="%g" y="%g" width="%g" height="%g"/>`, class, tenth(x), tenth(y), tenth(w), tenth(h))
}

func (d *drawing) text(class, anchor string, x, y float64, s string) {
	fmt.Fprintf(d, `<text class="%s" text-anchor="%s" x="%g" y="%g">%s</text>`, class, anchor, tenth(x), tenth(y), html.EscapeString(s))
}

func (d *drawing) done() template.HTML {
	d.WriteString("</svg>")
	return template.HTML(d.String()) // every text in it was escaped
}

// pen writes the data of a path, in whole pixels and relative to the point before, since a report may have thousands
// of lines.
type pen struct {
	strings.Builder
	x, y int
}

// move begins a line, and line continues it.
func (p *pen) move(x, y float64) {
	p.x, p.y = int(math.Round(x)), int(math.Round(y))
	fmt.Fprintf(p, "M%d %d", p.x, p.y)
}

func (p *pen) line(x, y float64) {
	a, b := int(math.Round(x)), int(math.Round(y))
	fmt.Fprintf(p, "l%d %d", a-p.x, b-p.y)
	p.x, p.y = a, b
}

// dot is a line of no length, whose ends are round, and cross a mark of that size.
func (p *pen) dot(x, y float64) {
	a, b := int(math.Round(x)), int(math.Round(y))
	if p.Len() == 0 {
		fmt.Fprintf(p, "M%d %dh0", a, b)
	} else {
		fmt.Fprintf(p, "m%d %dh0", a-p.x, b-p.y)
	}
	p.x, p.y = a, b
}

func (p *pen) cross(x, y float64) {
	p.move(x-4, y-4)
	p.WriteString("l8 8m0-8l-8 8")
}

// path draws what a pen has written; nothing where that is nothing.
func (d *drawing) path(class string, p *pen) {
	if p.Len() > 0 {
		fmt.Fprintf(d, `<path class="%s" d="%s"/>`, class, p.String())
	}
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

// names puts names at the ends of their lines, moved apart where they would overlap.
func (d *drawing) names(names []string, ends map[string]float64, x float64) {
	byEnd := slices.Clone(names)
	slices.SortFunc(byEnd, func(a, b string) int { return cmp.Compare(ends[a], ends[b]) })
	last := math.Inf(-1)
	for _, name := range byEnd {
		last = max(ends[name], last+15)
		d.text(fmt.Sprintf("label s%d", slices.Index(names, name)%colors), "start", x, last+4, name)
	}
}
