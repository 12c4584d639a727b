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

// colors is the number of colors for lines in the style sheet.
const colors = 8

// colorClass returns the class of the i-th server's color.
func colorClass(i int) string { return fmt.Sprintf("s%d", i%colors) }

// svg collects the elements of an SVG picture. Colors come from the page's style sheet, so that pictures
// follow light, dark and print.
type svg struct {
	strings.Builder
}

// caption names and describes a picture for people who do not see it. The id is that of the element.
type caption struct {
	id          string
	title       string
	description string
}

func newSVG(width, height float64, c caption) *svg {
	s := &svg{}
	fmt.Fprintf(s, `<svg class="chart" viewBox="0 0 %g %g" role="img" aria-labelledby="%s-t %s-d" `+
		`xmlns="http://www.w3.org/2000/svg">`, width, height, c.id, c.id)
	fmt.Fprintf(s, `<title id="%s-t">%s</title>`, c.id, html.EscapeString(c.title))
	fmt.Fprintf(s, `<desc id="%s-d">%s</desc>`, c.id, html.EscapeString(c.description))
	return s
}

// spot is a position in a picture, in pixels from the top left.
type spot struct{ x, y float64 }

// tenth rounds a length to tenths of a pixel.
func tenth(x float64) float64 { return math.Round(x*10) / 10 }

func (s *svg) line(class string, from, to spot) {
	fmt.Fprintf(s, `<line class="%s" x1="%g" y1="%g" x2="%g" y2="%g"/>`,
		class, tenth(from.x), tenth(from.y), tenth(to.x), tenth(to.y))
}

// polyline draws straight lines through the points.
func (s *svg) polyline(class string, points []spot) {
	var list []string
	for _, p := range points {
		list = append(list, fmt.Sprintf("%.1f,%.1f", p.x, p.y))
	}
	fmt.Fprintf(s, `<polyline class="%s" points="%s"/>`, class, strings.Join(list, " "))
}

func (s *svg) rect(class string, corner spot, width, height float64) {
	fmt.Fprintf(s, `<rect class="%s" x="%g" y="%g" width="%g" height="%g"/>`,
		class, tenth(corner.x), tenth(corner.y), tenth(width), tenth(height))
}

func (s *svg) circle(class string, center spot, radius float64) {
	fmt.Fprintf(s, `<circle class="%s" cx="%.1f" cy="%.1f" r="%g"/>`, class, center.x, center.y, radius)
}

// text writes a text that starts at the position, ends there, or has its middle there.
func (s *svg) text(class, anchor string, at spot, text string) {
	fmt.Fprintf(s, `<text class="%s" text-anchor="%s" x="%g" y="%g">%s</text>`,
		class, anchor, tenth(at.x), tenth(at.y), html.EscapeString(text))
}

// path draws what a pen has drawn, or nothing if that is empty.
func (s *svg) path(class string, p *pen) {
	if p.Len() > 0 {
		fmt.Fprintf(s, `<path class="%s" d="%s"/>`, class, p.String())
	}
}

// names writes names at the ends of their lines, and moves them apart if they would overlap.
func (s *svg) names(names []string, ends map[string]float64, x float64) {
	byEnd := slices.Clone(names)
	slices.SortFunc(byEnd, func(a, b string) int { return cmp.Compare(ends[a], ends[b]) })
	last := math.Inf(-1)
	for _, name := range byEnd {
		last = max(ends[name], last+15)
		s.text("label "+colorClass(slices.Index(names, name)), "start", spot{x, last + 4}, name)
	}
}

func (s *svg) done() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) // every text in it was escaped
}

// pen writes the data of a path. It uses whole pixels, relative to the point before, since a report may have
// thousands of lines.
type pen struct {
	strings.Builder
	x, y int
}

// move starts a line at a point.
func (p *pen) move(to spot) {
	p.x, p.y = pixels(to)
	fmt.Fprintf(p, "M%d %d", p.x, p.y)
}

// line continues the line to a point.
func (p *pen) line(to spot) {
	x, y := pixels(to)
	fmt.Fprintf(p, "l%d %d", x-p.x, y-p.y)
	p.x, p.y = x, y
}

// dot draws a line of length 0, whose ends are round.
func (p *pen) dot(at spot) {
	x, y := pixels(at)
	if p.Len() == 0 {
		fmt.Fprintf(p, "M%d %dh0", x, y)
	} else {
		fmt.Fprintf(p, "m%d %dh0", x-p.x, y-p.y)
	}
	p.x, p.y = x, y
}

// cross draws a mark of the size of a dot.
func (p *pen) cross(at spot) {
	p.move(spot{at.x - 4, at.y - 4})
	p.WriteString("l8 8m0-8l-8 8")
}

func pixels(at spot) (x, y int) { return int(math.Round(at.x)), int(math.Round(at.y)) }
