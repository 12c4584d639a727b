package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Class is what must be the same of two runs for their figures to be compared: the kind of
// machine, what runs where, and how servers are started.
func Class(r *record.Run) string {
	e, p := r.Environment, r.Plan
	return strings.Join([]string{cmp.Or(e.CPU, "unknown CPU"), fmt.Sprintf("%d CPUs", e.CPUs), e.Arch,
		fmt.Sprintf("%.0f GiB", float64(e.Memory)/(1<<30)), "servers as " + p.Runner,
		"generator on " + cmp.Or(p.CPUs.Generator, "any CPU") + ", servers on " + cmp.Or(p.CPUs.Target, "any CPU")}, "; ")
}

// ClassError says that two runs are of machines of different classes.
type ClassError struct{ Base, New string }

func (e *ClassError) Error() string {
	return fmt.Sprintf("the runs are of different machine classes, whose figures cannot be compared:\n  %s\n  %s", e.Base, e.New)
}

// work identifies how the numbers of a scenario are taken.
func work(r *record.Run, scenario string) string {
	s, _ := r.Plan.Scenario(scenario)
	s.Targets, s.Why = nil, ""
	p := r.Plan.Profile
	text, err := json.Marshal([]any{s, p.Warmup, p.Measure, p.Probe, p.Resolution, p.Launches, p.Stretch})
	if err != nil { // what was read from JSON can be written
		panic(err)
	}
	return string(text)
}

// capacity is the load generator's own, by the run's last certificate; 0 where there is none.
func capacity(r *record.Run) float64 {
	if n := len(r.Certificates); n > 0 {
		return r.Certificates[n-1].Limit.Rate
	}
	return 0
}

// key names a number that every trial of an arm yields.
type key struct {
	cell   bench.Cell
	metric string
	at     bench.Offered
}

func (k key) String() string {
	text := k.cell.String() + " " + k.metric
	if at := k.at.String(); at != "" {
		text += " at " + at
	}
	return text
}
