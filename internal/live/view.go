package live

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

var pageTemplate = template.Must(template.New("live").Funcs(template.FuncMap{
	"class": func(v bench.Verdict) string { return "v-" + strings.ReplaceAll(string(v), " ", "-") },
}).ParseFS(files, "live.html.tmpl"))

// history is the number of drawings that a sparkline shows.
const history = 90

// unknown stands for a figure that is not known.
const unknown = "–"

// drawing is the page's content as it was last drawn. It keeps what the next drawing needs for rates.
type drawing struct {
	when    time.Time
	html    string
	phase   bench.PhaseID
	answers uint64
	// One value per drawing, up to history of them.
	rates  []float64 // answers per second
	cores  []float64
	memory []float64
}

// content returns the content of the page, at most about one interval old. It is drawn once for all viewers.
func (b *board) content() string {
	b.draw.Lock()
	defer b.draw.Unlock()
	if time.Since(b.last.when) < interval*9/10 {
		return b.last.html
	}
	return b.redraw()
}

// finalContent returns the content of the page as it is now.
func (b *board) finalContent() string {
	b.draw.Lock()
	defer b.draw.Unlock()
	return b.redraw()
}

// redraw draws the content. The caller holds b.draw.
func (b *board) redraw() string {
	var out bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&out, "content", b.view()); err != nil {
		return template.HTMLEscapeString(err.Error())
	}
	b.last.html = out.String()
	return b.last.html
}

// view is the data of the content template.
type view struct {
	Profile, Guide, Doing, Elapsed string
	Made, Planned, Invalid         int // trials
	Now                            current
	Arms                           []armView
	Gates                          []gateView
	Faults                         int // phases that a gate voided
	Claims                         []claim
	Round                          int
}

// current holds the figures of the current phase, as text and as sparklines.
type current struct {
	Rate, Failed                   string
	P50, P90, P99                  string
	Cores, Memory                  string
	RateLine, CoreLine, MemoryLine template.HTML
}

type armView struct {
	Name, OpenLoop, P50, P90, P99, Throughput, Cores, Memory string

	Trials, Invalid int
	Current         bool
}

type gateView struct {
	Name, Figure string
	OK           bool
}

// view returns the state for the template. The caller holds b.draw.
func (b *board) view() view {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	v := view{
		Profile: b.run.Profile,
		Guide:   b.run.Guide,
		Doing:   b.doing,
		Elapsed: now.Sub(b.start).Round(time.Second).String(),
		Made:    b.made,
		Planned: b.run.Trials,
		Invalid: b.invalid,
		Now:     b.current(now),
		Faults:  b.faults,
		Claims:  b.claims,
		Round:   b.round,
	}
	for _, name := range slices.Sorted(maps.Keys(b.arms)) {
		row := b.arms[name].view()
		row.Name = name
		row.Current = b.trial != nil && name == b.trial.Arm()
		v.Arms = append(v.Arms, row)
	}
	for _, name := range bench.GateNames {
		if g, ok := b.gates[name]; ok {
			v.Gates = append(v.Gates, gateView{
				Name:   name,
				Figure: g.Figure(),
				OK:     g.OK,
			})
		}
	}
	return v
}

// current returns the figures of the current phase. It adds one value to each sparkline.
func (b *board) current(now time.Time) current {
	c := current{
		Rate:   unknown,
		Failed: unknown,
		P50:    unknown,
		P90:    unknown,
		P99:    unknown,
		Cores:  unknown,
		Memory: unknown,
	}
	rate := 0.
	if s := b.counted; s != nil {
		answers, before := s.answers(), b.last.answers
		if s.Phase != b.last.phase || answers < before {
			before = 0
		}
		if passed := now.Sub(b.last.when); passed < 10*interval {
			rate = float64(answers-before) / passed.Seconds()
			c.Rate = text.Quantity(rate, "1/s")
		}
		b.last.phase, b.last.answers = s.Phase, answers
		c.P50, c.P90, c.P99 = percentile(s, .5), percentile(s, .9), percentile(s, .99)
		c.Failed = fmt.Sprint(answers - s.Good)
	}
	if !b.usage.When.IsZero() {
		c.Memory = text.Quantity(float64(b.usage.Memory), "B")
		if b.usage.cores > 0 {
			c.Cores = text.Number(b.usage.cores)
		}
	}
	b.last.when = now
	b.last.rates = appendValue(b.last.rates, rate)
	b.last.cores = appendValue(b.last.cores, b.usage.cores)
	b.last.memory = appendValue(b.last.memory, float64(b.usage.Memory))
	c.RateLine, c.CoreLine, c.MemoryLine = sparkline(b.last.rates), sparkline(b.last.cores), sparkline(b.last.memory)
	return c
}

// view returns the figures of the arm's last trial.
func (a *arm) view() armView {
	v := armView{
		OpenLoop:   a.openLoop.String(),
		P50:        unknown,
		P90:        unknown,
		P99:        unknown,
		Throughput: unknown,
		Cores:      unknown,
		Memory:     unknown,
		Trials:     a.trials,
		Invalid:    a.invalid,
	}
	if s := a.counted; s != nil {
		v.P50, v.P90, v.P99 = percentile(s, .5), percentile(s, .9), percentile(s, .99)
	}
	if a.throughput > 0 {
		v.Throughput = text.Quantity(a.throughput, "1/s")
	}
	if a.memory > 0 {
		v.Memory, v.Cores = text.Quantity(float64(a.memory), "B"), text.Number(a.cores)
	}
	return v
}

// percentile formats a quantile of the response times, or returns unknown.
func percentile(s *snapshot, q float64) string {
	if d, ok := s.quantile(q); ok {
		return text.Quantity(d.Seconds(), "s")
	}
	return unknown
}

// appendValue adds a value to a sparkline, and drops the first one if there are more than history.
func appendValue(values []float64, x float64) []float64 {
	return append(values[max(0, len(values)+1-history):], x)
}

// sparkline draws the values, from 0 to the largest of them.
func sparkline(values []float64) template.HTML {
	const width, height = 180.0, 34.0
	most := max(slices.Max(values), 1e-9)
	var points []string
	for i, value := range values {
		x := width - float64(len(values)-1-i)*width/(history-1)
		y := height - 2 - value/most*(height-4)
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
	}
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %g %g" aria-hidden="true"><polyline points="%s"/></svg>`,
		width, height, strings.Join(points, " ")))
}
