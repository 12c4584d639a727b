package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/runner"
)

// progress shows how far a run is: as a bar on a terminal, and as one line per round elsewhere. It
// prints one line per trial if it is verbose, and nothing if it is quiet.
type progress struct {
	w      io.Writer
	bar    *progressbar.ProgressBar // nil without a terminal
	level  verbosity
	rounds int // of the plan

	start  time.Time     // of the first trial
	trials int           // to make
	made   int           // so far
	total  time.Duration // expected of all trials
	spent  time.Duration // expected of the trials made
	round  roundCount
}

// roundCount counts the trials of the current round.
type roundCount struct{ n, made, valid int }

// barWidth is the width of the bar in columns.
const barWidth = 24

func newProgress(w io.Writer, level verbosity, p *bench.Plan, done func(trial int) bool) *progress {
	pr := &progress{w: w, level: level, rounds: p.Profile.Rounds, start: time.Now()}
	for _, t := range p.Trials {
		if !done(t.N) {
			pr.trials++
			pr.total += runner.Takes(t)
		}
	}
	switch {
	case level == quiet:
	case isTerminal(w):
		pr.bar = progressbar.NewOptions64(int64(pr.total/time.Millisecond),
			progressbar.OptionSetWriter(w), progressbar.OptionThrottle(time.Second),
			progressbar.OptionSetWidth(barWidth), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(true), progressbar.OptionSetPredictTime(true),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetRenderBlankState(true))
	default:
		pr.line("%d trials, about %s", pr.trials, about(pr.total))
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

// line prints one line, above the bar if there is one.
func (p *progress) line(format string, args ...any) {
	if p.level == quiet {
		return
	}
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *progress) Doing(what string) {
	switch {
	case p.bar != nil:
		p.bar.Describe(what)
	case p.level == verbose && p.round.n == 0: // later, each trial has its own line
		p.line("%s", what)
	}
}

func (p *progress) Began(t bench.Trial) {
	if p.round.n == 0 {
		p.start = time.Now()
		if p.bar != nil {
			p.bar.Reset()
		}
	}
	if t.Round != p.round.n {
		p.endRound()
		p.round = roundCount{n: t.Round}
	}
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("round %d: %s on %s, launch", t.Round, t.Scenario, t.Target))
	}
}

func (p *progress) Hit(bench.Trial, bench.PhaseID, bench.Hit) {}
func (p *progress) Used(bench.Trial, bench.Usage)             {}

func (p *progress) Ended(r bench.TrialResult) {
	p.made++
	p.spent += runner.Takes(r.Trial)
	p.round.made++
	state := "ok"
	switch {
	case !r.Valid:
		state = "not valid: " + r.Reason
	case r.Reason != "":
		state = "valid, except: " + r.Reason
	}
	if r.Valid {
		p.round.valid++
	}
	if p.level == verbose || p.bar != nil && r.Reason != "" {
		p.line("[%d/%d] %s: %s; %s left", p.made, p.trials, r.Trial.Arm(), state, about(p.left()))
	}
	if p.bar != nil {
		_ = p.bar.Set64(int64(p.spent / time.Millisecond))
	}
}

// left returns how long the other trials will take, at the pace so far.
func (p *progress) left() time.Duration {
	if p.spent == 0 {
		return 0
	}
	pace := float64(time.Since(p.start)) / float64(p.spent)
	return time.Duration(pace * float64(p.total-p.spent))
}

// endRound prints the line of the round that is over.
func (p *progress) endRound() {
	if p.round.made > 0 && p.bar == nil && p.level == normal {
		p.line("round %d of %d: %d of %d trials are valid; %s left",
			p.round.n, p.rounds, p.round.valid, p.round.made, about(p.left()))
	}
}

func (p *progress) Looked(round int, found string) {
	p.endRound()
	p.round.made = 0
	p.line("after round %d: %s", round, found)
}

// finish prints the last round, and removes the bar.
func (p *progress) finish() {
	p.endRound()
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}
