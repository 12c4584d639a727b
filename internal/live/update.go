package live

import (
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// interval is the time between two messages to the page process, and between two updates of a page.
const interval = time.Second

// update is one event of the run. The page process gets it as a line of JSON; one field is set.
type update struct {
	Run     *runInfo     `json:"run,omitempty"`
	Doing   string       `json:"doing,omitempty"`
	Began   *bench.Trial `json:"began,omitempty"` // without its phases
	Counted *snapshot    `json:"counted,omitempty"`
	Used    *used        `json:"used,omitempty"`
	// Spent is the CPU time of the measuring process so far.
	Spent time.Duration      `json:"spent_ns,omitempty"`
	Ended *bench.TrialResult `json:"ended,omitempty"`
	// OpenLoops are the phases of the trial that began in which response or delivery times are measured.
	OpenLoops []bench.PhaseID `json:"open,omitempty"`
	// Judged are the verdicts after Round.
	Judged *bench.Verdicts `json:"judged,omitempty"`
	Round  int             `json:"round,omitempty"`

	// count is read into Counted when the update is sent.
	count *count
}

// runInfo describes a run before it starts.
type runInfo struct {
	Profile string `json:"profile"`
	Guide   string `json:"guide"`
	Trials  int    `json:"trials"`
}

// used is the resources that a server has used, and when they were read.
type used struct {
	bench.Usage
	When time.Time `json:"when"`
}

// withoutPhases returns what identifies the trial.
func withoutPhases(t bench.Trial) *bench.Trial {
	return &bench.Trial{
		N:        t.N,
		Round:    t.Round,
		Scenario: t.Scenario,
		Target:   t.Target,
		Variant:  t.Variant,
	}
}
