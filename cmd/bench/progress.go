package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/runner"
)

// progress tells the person at the keyboard what is running: with a bar where
// there is a terminal, in a line for each trial where there is none.
type progress struct {
	w      io.Writer
	bar    *progressbar.ProgressBar // nil where there is no terminal
	start  time.Time
	trials int           // to be made
	made   int           // so far
	total  time.Duration // expected of all
	spent  time.Duration // of those made, as planned
}

func newProgress(w io.Writer, p *bench.Plan, done func(int) bool) *progress {
	pr := &progress{w: w, start: time.Now()}
	for _, t := range p.Trials {
		if !done(t.N) {
			pr.trials++
			pr.total += runner.Takes(t)
		}
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		pr.bar = progressbar.NewOptions64(int64(pr.total/time.Millisecond),
			progressbar.OptionSetWriter(w), progressbar.OptionThrottle(time.Second),
			progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(true), progressbar.OptionSetPredictTime(true),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetRenderBlankState(true))
	} else {
		fmt.Fprintf(w, "%d trials, about %s\n", pr.trials, about(pr.total))
	}
	return pr
}

// about rounds a duration for people.
func about(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

func (p *progress) Doing(what string) {
	if p.bar != nil {
		p.bar.Describe(what)
	} else if p.made == 0 {
		fmt.Fprintf(p.w, "%s\n", what)
	}
}

func (p *progress) Began(t bench.Trial) {
	p.Doing(fmt.Sprintf("round %d: %s on %s, launch", t.Round, t.Scenario, t.Target))
	if p.made == 0 {
		p.start = time.Now()
		p.made = -1 // from here on, a line a trial
		if p.bar != nil {
			p.bar.Reset()
		}
	}
}

func (p *progress) Hit(bench.Trial, bench.PhaseID, bench.Hit) {}
func (p *progress) Used(bench.Trial, bench.Usage)             {}

func (p *progress) Ended(r bench.TrialResult) {
	p.made = max(p.made, 0) + 1
	p.spent += runner.Takes(r.Trial)
	state := "ok"
	switch {
	case !r.Valid:
		state = "not valid: " + r.Reason
	case r.Reason != "":
		state = "valid but for " + r.Reason
	}
	if p.bar != nil {
		if r.Reason != "" {
			p.bar.Clear()
			fmt.Fprintf(p.w, "trial %d, %s: %s\n", r.Trial.N, r.Trial.Arm(), state)
		}
		p.bar.Set64(int64(p.spent / time.Millisecond))
		return
	}
	left := time.Duration(0)
	if p.spent > 0 {
		left = time.Duration(float64(time.Since(p.start)) / float64(p.spent) * float64(p.total-p.spent))
	}
	fmt.Fprintf(p.w, "[%d/%d] %s: %s; %s left\n", p.made, p.trials, r.Trial.Arm(), state, about(left))
}

func (p *progress) Looked(round int, found string) {
	if p.bar != nil {
		p.bar.Clear()
	}
	fmt.Fprintf(p.w, "after round %d: %s\n", round, found)
}

func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish()
		p.bar.Clear()
	}
}

// observers tell each of several observers.
type observers []runner.Observer

func (o observers) Doing(what string) {
	for _, each := range o {
		each.Doing(what)
	}
}

func (o observers) Began(t bench.Trial) {
	for _, each := range o {
		each.Began(t)
	}
}

func (o observers) Hit(t bench.Trial, phase bench.PhaseID, h bench.Hit) {
	for _, each := range o {
		each.Hit(t, phase, h)
	}
}

func (o observers) Used(t bench.Trial, u bench.Usage) {
	for _, each := range o {
		each.Used(t, u)
	}
}

func (o observers) Ended(r bench.TrialResult) {
	for _, each := range o {
		each.Ended(r)
	}
}

func (o observers) Looked(round int, found string) {
	for _, each := range o {
		each.Looked(round, found)
	}
}
