package live

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// maxViewers is the number of viewers that the page is sent to at once. It bounds what they cost.
const maxViewers = 8

// board holds the state of the run that the page shows.
type board struct {
	start time.Time

	mu        sync.Mutex
	run       runInfo
	doing     string
	trial     *bench.Trial    // the current one; nil between trials
	openLoops []bench.PhaseID // of the trial
	counted   *snapshot       // of the current phase; nil between phases
	made      int             // trials
	invalid   int             // of those
	faults    int             // phases that a gate voided
	usage     usage
	arms      map[string]*arm
	gates     map[string]bench.Gate // the worst figure of each, by name
	claims    []claim
	round     int // after which claims was judged
	viewers   int

	draw sync.Mutex // held while a drawing is made
	last drawing
}

// usage holds what a server had used at the last reading.
type usage struct {
	used
	cores float64 // since the reading before; 0 for the first
}

// arm holds the figures of the last trial of a server under a scenario.
type arm struct {
	trials, invalid int
	counted         *snapshot     // of the last open loop; nil without one
	openLoop        bench.PhaseID // its identity
	throughput      float64       // 1/s; 0 if unknown
	cores           float64
	memory          int64
}

// claim is a verdict as it stands.
type claim struct {
	ID, Quote, Why string
	Verdict        bench.Verdict
}

func newBoard() *board {
	return &board{
		start: time.Now(),
		doing: "starting",
		arms:  map[string]*arm{},
		gates: map[string]bench.Gate{},
	}
}

// apply changes the state by an update.
func (b *board) apply(u update) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.Run != nil {
		b.run = *u.Run
	}
	if u.Doing != "" {
		b.doing = shorten(u.Doing)
	}
	if t := u.Began; t != nil {
		b.trial, b.openLoops, b.counted, b.usage = t, u.OpenLoops, nil, usage{}
		b.doing = fmt.Sprintf("round %d: %s on %s, launch", t.Round, t.Scenario, t.Target)
	}
	if u.Counted != nil {
		if b.counted != nil && b.counted.Phase != u.Counted.Phase {
			b.finishPhase()
		}
		b.counted = u.Counted
	}
	if u.Used != nil {
		b.use(*u.Used)
	}
	if u.Ended != nil {
		b.endTrial(*u.Ended)
	}
	if v := u.Judged; v != nil {
		b.round, b.claims = u.Round, nil
		for _, c := range v.Claims {
			b.claims = append(b.claims, claim{
				ID:      shorten(c.ID),
				Quote:   shorten(c.Quotes[0].Quote),
				Why:     shorten(c.Why),
				Verdict: c.Verdict,
			})
		}
	}
}

// shorten fits a text to the page and removes its control characters.
func shorten(s string) string { return text.Plain(text.Shorten(s, 300)) }

// use keeps a reading of the server's usage.
func (b *board) use(u used) {
	now := usage{used: u}
	if before := b.usage; !before.When.IsZero() {
		now.cores = (u.CPU - before.CPU).Seconds() / u.When.Sub(before.When).Seconds()
	}
	b.usage = now
}

// finishPhase gives the counts of an open loop to the trial's arm.
func (b *board) finishPhase() {
	s := b.counted
	if b.counted = nil; s == nil || b.trial == nil {
		return
	}
	if id := s.Phase.Unrepeated(); slices.Contains(b.openLoops, id) {
		a := b.arm(b.trial.Arm())
		a.counted, a.openLoop = s, id
	}
}

// endTrial keeps the result of a trial.
func (b *board) endTrial(r bench.TrialResult) {
	b.finishPhase()
	b.trial = nil
	b.made++
	a := b.arm(r.Trial.Arm())
	a.trials++
	if !r.Valid {
		b.invalid++
		a.invalid++
	}
	for _, p := range r.Phases {
		b.keepGates(p.Gates)
		a.keep(p)
	}
}

// keepGates keeps the worst figure of each gate.
func (b *board) keepGates(gates []bench.Gate) {
	for _, g := range gates {
		if !g.OK {
			b.faults++
		}
		if w, seen := b.gates[g.Name]; g.Limit > 0 && (!seen || g.Worse(w)) {
			b.gates[g.Name] = g
		}
	}
}

// keep keeps the figures of a phase.
func (a *arm) keep(p bench.PhaseResult) {
	if p.Void != "" && p.ID.Unrepeated() == a.openLoop {
		a.counted = nil
	}
	seconds := p.Drive.Elapsed.Seconds()
	if seconds <= 0 || p.Void != "" {
		return
	}
	a.memory, a.cores = p.Memory, p.CPU.Seconds()/seconds
	if p.Rate == 0 && p.Measure != bench.MeasureLatency && p.Measure != bench.MeasureDelivery {
		a.throughput = float64(p.GoodHits) / seconds
	}
}

// arm returns the arm of the name, and makes it if it is new.
func (b *board) arm(name string) *arm {
	a := b.arms[name]
	if a == nil {
		a = &arm{}
		b.arms[name] = a
	}
	return a
}

// enter counts a viewer until leave is called. It reports false if there are maxViewers.
func (b *board) enter() (leave func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.viewers == maxViewers {
		return nil, false
	}
	b.viewers++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.viewers--
	}, true
}
