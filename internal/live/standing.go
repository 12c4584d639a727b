package live

import (
	"runtime"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Standing is a Live that also shows the verdicts so far. It judges between two rounds, while nothing
// is measured. What it shows decides nothing.
type Standing struct {
	*Live
	// Judge judges the rounds that were made, and returns the last of them.
	Judge func() (round int, v *bench.Verdicts, err error)

	start time.Time
	round int           // of the last trial that started
	spent time.Duration // on judging
	took  time.Duration // by the last judgment
}

// patience is the largest share of a run's time that may go into judging for the page.
const patience = .05

// Began marks the trial as running. Before the first trial of a round it judges the rounds so far.
func (s *Standing) Began(t bench.Trial) {
	if s.start.IsZero() {
		s.start, s.round = time.Now(), t.Round
	}
	if t.Round > s.round && s.affordable() {
		s.judge()
	}
	s.round = t.Round
	s.Live.Began(t)
}

// affordable reports whether one more judgment stays within patience.
func (s *Standing) affordable() bool {
	return float64(s.spent+s.took) <= patience*float64(time.Since(s.start))
}

func (s *Standing) judge() {
	s.Doing("judging the rounds so far, for this page")
	start := time.Now()
	round, verdicts, err := s.Judge()
	s.took = time.Since(start)
	s.spent += s.took
	runtime.GC() // the next trial must not pay for the garbage
	if err == nil {
		s.Judged(round, verdicts)
	}
}
