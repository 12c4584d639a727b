package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/record"
)

// serve begins to serve the live page of a run.
func (s *session) serve(p *bench.Plan) (*live.Live, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cpus, err := cpuset.Parse(p.CPUs.Generator)
	if err != nil {
		return nil, err
	}
	l, err := live.Start(s.listen, program, cpus, p)
	if errors.Is(err, live.ErrListen) {
		return nil, badInput("choose another address for --listen; a port alone is of loopback", "%w", err)
	} else if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.stderr, "live: %s (Prometheus metrics at %smetrics)\n", l.URL(), l.URL())
	if !l.Loopback() {
		fmt.Fprintln(s.stderr, "! who reaches this address can read the page")
	}
	return l, nil
}

// watched is a live page that also shows the verdicts as they stand. They are judged between two rounds, while
// nothing is measured, and decide nothing.
type watched struct {
	*live.Live
	dir   string
	start time.Time
	round int           // of the last trial that began
	spent time.Duration // on judging
	took  time.Duration // the last time
}

// patience is the share of a run's time that may go into judging for the page.
const patience = .05

func (w *watched) Began(t bench.Trial) {
	if w.start.IsZero() {
		w.start, w.round = time.Now(), t.Round
	}
	if t.Round > w.round && float64(w.spent+w.took) <= patience*float64(time.Since(w.start)) {
		w.judge()
	}
	w.round = t.Round
	w.Live.Began(t)
}

func (w *watched) judge() {
	w.Doing("judging what there is, for this page")
	begin := time.Now()
	r, verdicts, _, err := rejudge(w.dir)
	w.took = time.Since(begin)
	w.spent += w.took
	runtime.GC() // what judging has left is not for the next trial to clear away
	if err == nil {
		w.Judged(rounds(r), verdicts)
	}
}

// rounds are those that were made.
func rounds(r *record.Run) (made int) {
	for _, t := range r.Results {
		made = max(made, t.Trial.Round)
	}
	return made
}
