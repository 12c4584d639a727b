package report

import (
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

// Trial is a row of the list of trials.
type Trial struct {
	N      int    `json:"n"`
	Round  int    `json:"round"`
	Arm    string `json:"arm"`
	State  string `json:"state"` // "valid", or the reason why it is not
	Valid  bool   `json:"valid"`
	Ready  string `json:"ready"` // time from the launch to the first answer
	CPU    string `json:"cpu"`
	Memory string `json:"memory"` // the largest of its phases
	Folder string `json:"folder"` // in the run directory
}

func newTrial(r bench.TrialResult) Trial {
	t := Trial{
		N:      r.Trial.N,
		Round:  r.Trial.Round,
		Arm:    r.Trial.Arm(),
		State:  "valid",
		Valid:  r.Valid,
		Ready:  text.Quantity(r.Ready.Seconds(), "s"),
		Folder: record.TrialsFolder + "/" + r.Trial.Folder(),
	}
	if !r.Valid {
		t.State = r.Reason
	} else if r.Reason != "" {
		t.State = "valid in part: " + r.Reason
	}
	var cpu time.Duration
	var memory int64
	for _, p := range r.Phases {
		cpu += p.CPU
		memory = max(memory, p.Memory)
	}
	t.CPU, t.Memory = text.Quantity(cpu.Seconds(), "s"), text.Quantity(float64(memory), "B")
	return t
}
