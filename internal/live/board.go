package live

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// board is what the page shows.
type board struct {
	start time.Time

	mu      sync.Mutex
	run     about
	what    string
	trial   *bench.Trial    // that runs; nil between trials
	inOpen  []bench.PhaseID // its phases in an open loop
	counted *snapshot       // of the phase that is driven; nil between phases
	made    int
	invalid int
	faults  int // phases that a gate made void
	used    usage
	arms    map[string]*arm
	gates   map[string]bench.Gate // the worst, by name
	claims  []claim
	round   int // that claims are of
	viewers int

	draw sync.Mutex // held while a drawing is made
	last drawing
}

// usage is what a server has used, as last read.
type usage struct {
	used
	cores float64 // since the reading before; 0 for none
}

// arm is what the trials of one server under a scenario have shown: figures of the last of them.
type arm struct {
	trials, invalid int
	open            *snapshot     // of the last phase in an open loop
	at              bench.PhaseID // what that was
	throughput      float64
	cores           float64
	memory          int64
}

// claim is a verdict as it stands.
type claim struct {
	ID, Quote, Why string
	Verdict        bench.Verdict
}

func newBoard() *board {
	return &board{start: time.Now(), what: "starting", arms: map[string]*arm{}, gates: map[string]bench.Gate{}}
}

// told takes a message in.
func (b *board) told(m message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.Run != nil {
		b.run = *m.Run
	}
	if m.Doing != "" {
		b.what = short(m.Doing)
	}
	if t := m.Began; t != nil {
		b.trial, b.inOpen, b.counted, b.used = t, m.OpenLoops, nil, usage{}
		b.what = fmt.Sprintf("round %d: %s on %s, launch", t.Round, t.Scenario, t.Target)
	}
	if m.Counted != nil {
		if b.counted != nil && b.counted.Phase != m.Counted.Phase {
			b.keep()
		}
		b.counted = m.Counted
	}
	if u := m.Used; u != nil {
		now := usage{used: *u}
		if before := b.used; !before.When.IsZero() {
			now.cores = (u.CPU - before.CPU).Seconds() / u.When.Sub(before.When).Seconds()
		}
		b.used = now
	}
	if m.Ended != nil {
		b.ended(*m.Ended)
	}
	if v := m.Judged; v != nil {
		b.round, b.claims = m.Round, nil
		for _, c := range v.Claims {
			b.claims = append(b.claims, claim{short(c.ID), short(c.Quotes[0].Quote), short(c.Why), c.Verdict})
		}
	}
}

// short shortens s to what the page has room for, without control characters.
func short(s string) string { return text.Plain(text.Shorten(s, 300)) }

// keep puts what was counted of a phase in an open loop to its arm.
func (b *board) keep() {
	s := b.counted
	if b.counted = nil; s == nil || b.trial == nil {
		return
	}
	if id := s.Phase.Unrepeated(); slices.Contains(b.inOpen, id) {
		a := b.arm(b.trial.Arm())
		a.open, a.at = s, id
	}
}

func (b *board) ended(r bench.TrialResult) {
	b.keep()
	b.trial = nil
	b.made++
	a := b.arm(r.Trial.Arm())
	a.trials++
	if !r.Valid {
		b.invalid++
		a.invalid++
	}
	for _, p := range r.Phases {
		if p.Void != "" && p.ID.Unrepeated() == a.at {
			a.open = nil
		}
		for _, g := range p.Gates {
			if !g.OK {
				b.faults++
			}
			if w, seen := b.gates[g.Name]; g.Limit > 0 && (!seen || g.Worse(w)) {
				b.gates[g.Name] = g
			}
		}
		if seconds := p.Drive.Elapsed.Seconds(); seconds > 0 && p.Void == "" {
			a.memory, a.cores = p.Memory, p.CPU.Seconds()/seconds
			if p.Rate == 0 && p.Measure != bench.MeasureLatency && p.Measure != bench.MeasureDelivery {
				a.throughput = float64(p.GoodHits) / seconds
			}
		}
	}
}

// arm is that of the name, which is made where there is none.
func (b *board) arm(name string) *arm {
	a := b.arms[name]
	if a == nil {
		a = &arm{}
		b.arms[name] = a
	}
	return a
}

// enter counts a viewer in, where there is room for one more.
func (b *board) enter() (leave func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.viewers == mostViewers {
		return nil, false
	}
	b.viewers++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.viewers--
	}, true
}

// drawing is the page's content as it was last drawn, and what it takes to tell rates from one drawing to the next.
type drawing struct {
	when    time.Time
	html    string
	phase   bench.PhaseID
	answers uint64
	rates   []float64 // answers a second, a value a drawing, the last of them up to history
	cores   []float64
	memory  []float64
}

// history is how many drawings a line shows.
const history = 90

// drawn is the content of the page, about a second old at most, unless it is to be new: however many look, it is
// rendered once.
func (b *board) drawn(anew bool) string {
	b.draw.Lock()
	defer b.draw.Unlock()
	if !anew && time.Since(b.last.when) < telling*9/10 {
		return b.last.html
	}
	var out bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&out, "content", b.view()); err != nil {
		return template.HTMLEscapeString(err.Error())
	}
	b.last.html = out.String()
	return b.last.html
}

// now is the content for a page that is opened.
func (b *board) now() template.HTML { return template.HTML(b.drawn(false)) } // which a template has made

// view is what the content shows.
type view struct {
	Profile, Guide, What, Elapsed string
	Made, Planned, Invalid        int
	Arm                           string
	Rate, Failed                  string
	P50, P90, P99                 string
	Cores, Memory                 string
	Rates, CoreLine, MemoryLine   template.HTML
	Arms                          []armView
	Gates                         []gateView
	Faults                        int
	Claims                        []claim
	Round                         int
}

type armView struct {
	Name, At, P50, P90, P99, Throughput, Cores, Memory string
	Trials, Invalid                                    int
	Current                                            bool
}

type gateView struct {
	Name, Figure string
	OK           bool
}

// view copies what there is. The lock of drawings is held.
func (b *board) view() view {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	v := view{
		Profile: b.run.Profile, Guide: b.run.Guide, What: b.what, Elapsed: now.Sub(b.start).Round(time.Second).String(),
		Made: b.made, Planned: b.run.Trials, Invalid: b.invalid, Faults: b.faults, Claims: b.claims, Round: b.round,
		P50: none, P90: none, P99: none, Rate: none, Cores: none, Memory: none,
	}
	rate := 0.
	if b.trial != nil {
		v.Arm = b.trial.Arm()
	}
	if c := b.counted; c != nil {
		answers, before := c.answers(), b.last.answers
		if c.Phase != b.last.phase || answers < before {
			before = 0
		}
		if passed := now.Sub(b.last.when); passed < 10*telling {
			rate = float64(answers-before) / passed.Seconds()
			v.Rate = text.Quantity(rate, "1/s")
		}
		b.last.phase, b.last.answers = c.Phase, answers
		v.P50, v.P90, v.P99 = percentile(c, .5), percentile(c, .9), percentile(c, .99)
		v.Failed = fmt.Sprint(answers - c.Good)
	}
	if !b.used.When.IsZero() {
		v.Memory = text.Quantity(float64(b.used.Memory), "B")
		if b.used.cores > 0 {
			v.Cores = text.Number(b.used.cores)
		}
	}
	b.last.rates = grown(b.last.rates, rate)
	b.last.cores = grown(b.last.cores, b.used.cores)
	b.last.memory = grown(b.last.memory, float64(b.used.Memory))
	b.last.when = now
	v.Rates, v.CoreLine, v.MemoryLine = line(b.last.rates), line(b.last.cores), line(b.last.memory)
	for _, name := range slices.Sorted(maps.Keys(b.arms)) {
		a := b.arms[name]
		row := armView{Name: name, At: a.at.String(), P50: none, P90: none, P99: none, Throughput: none, Cores: none, Memory: none,
			Trials: a.trials, Invalid: a.invalid, Current: name == v.Arm}
		if a.open != nil {
			row.P50, row.P90, row.P99 = percentile(a.open, .5), percentile(a.open, .9), percentile(a.open, .99)
		}
		if a.throughput > 0 {
			row.Throughput = text.Quantity(a.throughput, "1/s")
		}
		if a.memory > 0 {
			row.Memory, row.Cores = text.Quantity(float64(a.memory), "B"), text.Number(a.cores)
		}
		v.Arms = append(v.Arms, row)
	}
	for _, name := range bench.GateNames {
		if g, ok := b.gates[name]; ok {
			v.Gates = append(v.Gates, gateView{name, g.Figure(), g.OK})
		}
	}
	return v
}

// none stands for what is not known.
const none = "–"

func percentile(c *snapshot, q float64) string {
	if d, ok := c.quantile(q); ok {
		return text.Quantity(d.Seconds(), "s")
	}
	return none
}

// grown is a line with one value more.
func grown(values []float64, x float64) []float64 {
	return append(values[max(0, len(values)+1-history):], x)
}

// line draws the last values, from 0 to the largest of them.
func line(values []float64) template.HTML {
	const width, height = 180.0, 34.0
	most := max(slices.Max(values), 1e-9)
	var points []string
	for i, x := range values {
		points = append(points, fmt.Sprintf("%.1f,%.1f", width-float64(len(values)-1-i)*width/(history-1), height-2-x/most*(height-4)))
	}
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %g %g" aria-hidden="true"><polyline points="%s"/></svg>`, width, height, strings.Join(points, " ")))
}

var pageTemplate = template.Must(template.New("live").Funcs(template.FuncMap{
	"class": func(v bench.Verdict) string { return "v-" + strings.ReplaceAll(string(v), " ", "-") },
}).ParseFS(files, "live.html.tmpl"))
