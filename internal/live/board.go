package live

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// board is what the page shows. The measuring goroutine takes mu for no longer than it takes to note something, and a
// drawing for no longer than to copy what there is: it is rendered without.
type board struct {
	plan  *bench.Plan
	start time.Time
	count atomic.Pointer[count] // of the phase that is driven

	// The measuring goroutine's own.
	phase   string        // that count is of
	timeout time.Duration // of the trial's requests

	mu      sync.Mutex
	what    string
	trial   *bench.Trial // that runs; nil between trials
	at      string       // the phase that is driven
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
	bench.Usage
	when  time.Time
	cores float64 // since the reading before; 0 for none
}

// arm is what the trials of one server under a scenario have shown: figures of the last of them.
type arm struct {
	trials, invalid int
	open            *count // of the last phase in an open loop
	at              string // what that was
	throughput      float64
	cores           float64
	memory          int64
}

// claim is a verdict as it stands.
type claim struct {
	ID, Quote, Why string
	Verdict        bench.Verdict
}

func newBoard(p *bench.Plan) *board {
	return &board{plan: p, start: time.Now(), what: "starting", arms: map[string]*arm{}, gates: map[string]bench.Gate{}}
}

func (b *board) doing(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.what = short(what)
}

// short is a text that a page has room for.
func short(text string) string {
	if r := []rune(text); len(r) > 300 {
		text = string(r[:299]) + "…"
	}
	return bench.Plain(text)
}

func (b *board) began(t bench.Trial) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trial, b.at, b.phase, b.used = &t, "", "", usage{}
	s, _ := b.plan.Scenario(t.Scenario)
	b.timeout = s.Workload.Timeout.Duration
	b.what = fmt.Sprintf("round %d: %s on %s, launch", t.Round, t.Scenario, t.Target)
}

// hit is called for every request, from the goroutine that measures. Those that were stopped with their probe say nothing, and
// those that failed count at the timeout, as in verdicts: a fast refusal must not improve a percentile.
func (b *board) hit(phase string, h bench.Hit) {
	if h.Err == bench.ErrStopped {
		return
	}
	c := b.count.Load()
	if c == nil || phase != b.phase {
		c, b.phase = &count{}, phase
		b.mu.Lock()
		b.keep()
		b.at = phase
		b.count.Store(c)
		b.mu.Unlock()
	}
	c.add(h, b.timeout)
}

// keep puts what was counted of a phase in an open loop to its arm. The lock is held.
func (b *board) keep() {
	c := b.count.Swap(nil)
	if c == nil || b.trial == nil {
		return
	}
	for _, p := range b.trial.Phases {
		if p.Name == strings.TrimSuffix(b.at, bench.Again) && (p.Measure == bench.MeasureLatency || p.Measure == bench.MeasureDelivery) {
			a := b.arm(b.trial.Arm())
			a.open, a.at = c, p.Name
		}
	}
}

func (b *board) usedUp(u bench.Usage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := usage{Usage: u, when: time.Now()}
	if before := b.used; !before.when.IsZero() {
		now.cores = (u.CPU - before.CPU).Seconds() / now.when.Sub(before.when).Seconds()
	}
	b.used = now
}

func (b *board) ended(r bench.TrialResult) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keep()
	b.trial, b.at = nil, ""
	b.made++
	a := b.arm(r.Trial.Arm())
	a.trials++
	if !r.Valid {
		b.invalid++
		a.invalid++
	}
	for _, p := range r.Phases {
		if p.Probe != nil || p.Measure == "" {
			continue
		}
		if p.Void != "" && strings.TrimSuffix(p.Name, bench.Again) == a.at {
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

func (b *board) judged(round int, v *bench.Verdicts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.round, b.claims = round, nil
	for _, c := range v.Claims {
		if c.Verdict != bench.NotTested {
			b.claims = append(b.claims, claim{short(c.ID), short(c.Quotes[0].Quote), short(c.Why), c.Verdict})
		}
	}
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
	of      *count
	answers uint64
	rates   []float64 // answers a second, a value a drawing, the last of them up to history
	cores   []float64
	memory  []float64
}

// history is how many drawings a line shows.
const history = 90

// drawn is the content of the page, about as old as a redraw at most, unless it is to be new: however many look, it is
// rendered once.
func (b *board) drawn(anew bool) string {
	b.draw.Lock()
	defer b.draw.Unlock()
	if !anew && time.Since(b.last.when) < redraw*9/10 {
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
	Running                       bool
	Arm, Phase                    string
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
		Profile: b.plan.Profile.Name, Guide: b.plan.Guide.Title, What: b.what, Elapsed: now.Sub(b.start).Round(time.Second).String(),
		Made: b.made, Planned: len(b.plan.Trials), Invalid: b.invalid, Faults: b.faults, Claims: b.claims, Round: b.round,
		P50: none, P90: none, P99: none, Rate: none, Cores: none, Memory: none,
	}
	c, rate := b.count.Load(), 0.0
	if b.trial != nil {
		v.Running, v.Arm, v.Phase = true, b.trial.Arm(), b.at
	}
	if c != nil {
		answers := c.good.Load() + c.failed.Load()
		before := b.last.answers
		if c != b.last.of {
			before = 0
		}
		if passed := now.Sub(b.last.when).Seconds(); passed < 10*redraw.Seconds() {
			rate = float64(answers-before) / passed
			v.Rate = bench.Quantity(rate, "1/s")
		}
		b.last.of, b.last.answers = c, answers
		v.P50, v.P90, v.P99 = percentile(c, .5), percentile(c, .9), percentile(c, .99)
		v.Failed = fmt.Sprint(c.failed.Load())
	}
	if !b.used.when.IsZero() {
		v.Memory = bench.Quantity(float64(b.used.Memory), "B")
		if b.used.cores > 0 {
			v.Cores = bench.Number(b.used.cores)
		}
	}
	b.last.rates = grown(b.last.rates, rate)
	b.last.cores = grown(b.last.cores, b.used.cores)
	b.last.memory = grown(b.last.memory, float64(b.used.Memory))
	b.last.when = now
	v.Rates, v.CoreLine, v.MemoryLine = line(b.last.rates), line(b.last.cores), line(b.last.memory)
	for _, name := range slices.Sorted(maps.Keys(b.arms)) {
		a := b.arms[name]
		row := armView{Name: name, At: a.at, P50: none, P90: none, P99: none, Throughput: none, Cores: none, Memory: none,
			Trials: a.trials, Invalid: a.invalid, Current: name == v.Arm}
		if a.open != nil {
			row.P50, row.P90, row.P99 = percentile(a.open, .5), percentile(a.open, .9), percentile(a.open, .99)
		}
		if a.throughput > 0 {
			row.Throughput = bench.Quantity(a.throughput, "1/s")
		}
		if a.memory > 0 {
			row.Memory, row.Cores = bench.Quantity(float64(a.memory), "B"), bench.Number(a.cores)
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

func percentile(c *count, q float64) string {
	if d, ok := c.quantile(q); ok {
		return bench.Quantity(d.Seconds(), "s")
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
