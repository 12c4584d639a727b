package bench

import (
	"fmt"
	"time"
)

// Plan holds everything that a run will do, fixed before the first launch.
type Plan struct {
	Schema    int        `json:"schema"` // version of this type
	Seed      uint64     `json:"seed"`
	Profile   Profile    `json:"profile"`
	Runner    string     `json:"runner"` // "docker" or "process"
	CPUs      CPUs       `json:"cpus"`
	Gates     Gates      `json:"gates"`
	Guide     Guide      `json:"guide"`
	Scenarios []Scenario `json:"scenarios"`
	Targets   []Target   `json:"targets"`
	Services  []Service  `json:"services,omitempty"` // needed by the scenarios
	Trials    []Trial    `json:"trials"`             // in the order in which they run
	// Skipped holds scenarios that this machine or profile cannot run, with the reason.
	Skipped map[string]string `json:"skipped,omitempty"`
}

// PlanSchema is the current version of Plan.
const PlanSchema = 4

// Profile says how much is measured.
type Profile struct {
	Name   string `json:"name"`
	Rounds int    `json:"rounds"`
	// Looks are the rounds after which the run is judged, and decided claims are measured no longer; the last is
	// Rounds. Without looks the number of rounds is fixed.
	Looks   []int    `json:"looks,omitempty"`
	Warmup  Duration `json:"warmup"`  // of each trial
	Measure Duration `json:"measure"` // of each phase
	Rates   int      `json:"rates"`   // how many of a scenario's rates are measured, 0 for all
	// Shares of the smallest capacity of the servers that are compared, at which they are also measured.
	Shares []Percent `json:"shares,omitempty"`
	Tiers  int       `json:"tiers"` // how many of a scenario's tiers are measured, 0 for all
	// Probe is how long one rate is tried in the search for a capacity; 0 for no search. Resolution is how close
	// the highest rate that held and the lowest that did not must come.
	Probe      Duration `json:"probe,omitzero"`
	Resolution Percent  `json:"resolution,omitempty"`
	Launches   int      `json:"launches"` // cold starts of a trial that measures them
	// Stretch is the longest that a phase at a common rate may become, for the scenario's percentile or at least
	// the 90th or 50th; 0 if none is stretched.
	Stretch Duration `json:"stretch,omitzero"`
	// Evidence is false if the profile's verdicts are only a preview.
	Evidence bool `json:"evidence"`
}

// Offers returns the loads at which the profile measures the scenario's latency or delivery: its rates and, if
// its capacity is searched for, shares of that.
func (p Profile) Offers(s Scenario) (list []Offered) {
	for i, rate := range s.Rates {
		if p.Rates == 0 || i < p.Rates {
			list = append(list, Offered{Rate: rate})
		}
	}
	if s.Measures(MeasureCapacity) && p.Probe.Duration > 0 {
		for _, share := range p.Shares {
			list = append(list, Offered{Share: share})
		}
	}
	return list
}

// Lasts returns how long a phase at the rate lasts: as long as the profile says or, if the profile allows it, as
// the scenario's percentile takes, otherwise the 90th or the 50th. Poisson arrivals scatter, so 5% more are
// planned.
func (p Profile) Lasts(s Scenario, rate Rate) Duration {
	for _, q := range []float64{float64(s.Percentile), .9, .5} {
		samples := BeyondQuantile / (1 - q) * 1.05
		needed := time.Duration(samples / float64(rate) / float64(s.Workload.Answers()) * float64(time.Second))
		if q <= float64(s.Percentile) && needed <= p.Stretch.Duration {
			return Duration{max(p.Measure.Duration, needed.Round(10*time.Millisecond))}
		}
	}
	return p.Measure
}

// CPUs says what runs where. Lists are in the kernel's form ("0", "0-3,8"); an empty one is not pinned.
type CPUs struct {
	Generator string `json:"generator"` // the load generator, and the services in this process
	Target    string `json:"target"`
	// SharedCore says that both are hardware threads of the same core.
	SharedCore bool `json:"shared_core,omitempty"`
}

// Trial is one fresh launch of a server under a scenario.
type Trial struct {
	N        int     `json:"n"`     // from 1, in running order
	Round    int     `json:"round"` // from 1
	Scenario string  `json:"scenario"`
	Target   string  `json:"target"`
	Variant  Variant `json:"variant,omitempty"`
	// CPUs are the server's, as a list; empty if not pinned. Shared says that the load generator runs on some of
	// them.
	CPUs     string  `json:"cpus,omitempty"`
	Shared   bool    `json:"shared,omitempty"`
	Launches int     `json:"launches,omitempty"` // cold starts, the last of which is put under load
	Phases   []Phase `json:"phases"`
}

// Phase is one drive of a trial. A phase that measures capacity is a search, of many drives.
type Phase struct {
	ID       PhaseID  `json:"name"`
	Measure  string   `json:"measure,omitempty"` // empty for a warm-up
	Level    string   `json:"level,omitempty"`
	Schedule Schedule `json:"schedule"`
}

// Duration estimates how long the phases of the trial last. A search for a capacity takes several probes.
func (t Trial) Duration() time.Duration {
	var d time.Duration
	for _, p := range t.Phases {
		if p.Measure == MeasureCapacity {
			d += 8 * p.Schedule.Duration.Duration
		}
		d += p.Schedule.Duration.Duration
	}
	return d
}

// Arm names the thing that the trial repeats: scenario, server and variant.
func (t Trial) Arm() string { return ArmName(t.Scenario, t.Target, t.Variant) }

// Folder returns the name of the trial's folder in a run directory.
func (t Trial) Folder() string { return fmt.Sprintf("%03d-%s-%s", t.N, t.Scenario, t.Target) }

// Target returns the server entry of that name.
func (p *Plan) Target(name string) (Target, bool) {
	for _, t := range p.Targets {
		if t.Name == name {
			return t, true
		}
	}
	return Target{}, false
}

// Scenario returns the scenario of that name.
func (p *Plan) Scenario(name string) (Scenario, bool) {
	for _, s := range p.Scenarios {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}
