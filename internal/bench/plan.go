package bench

import (
	"fmt"
	"time"
)

// Plan is everything that a run will do, fixed before the first launch.
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
	Services  []Service  `json:"services,omitempty"` // that the scenarios need
	Trials    []Trial    `json:"trials"`             // in the order in which they run
	// Skipped are scenarios that this machine or profile cannot run, with the reason.
	Skipped map[string]string `json:"skipped,omitempty"`
}

// PlanSchema is the current version of Plan.
const PlanSchema = 4

// Profile is how much is measured.
type Profile struct {
	Name   string `json:"name"`
	Rounds int    `json:"rounds"`
	// Looks are the rounds after which the run is judged, and what is decided is measured no more; the last
	// is Rounds. Without any, the number of rounds is fixed.
	Looks   []int    `json:"looks,omitempty"`
	Warmup  Duration `json:"warmup"`  // of each trial
	Measure Duration `json:"measure"` // of each phase
	Rates   int      `json:"rates"`   // how many of a scenario's rates are measured, 0 for all
	// Shares of the smallest capacity of those compared, at which they are measured beside the rates.
	Shares []Percent `json:"shares,omitempty"`
	Tiers  int       `json:"tiers"` // how many of a scenario's tiers are measured, 0 for all
	// Probe is how long one rate is tried in the search for a capacity, 0 for no search;
	// Resolution how close the rates that held and that did not have to come.
	Probe      Duration `json:"probe,omitzero"`
	Resolution Percent  `json:"resolution,omitempty"`
	Launches   int      `json:"launches"` // cold starts of a trial that measures them
	// Stretch is the most that a phase at a common rate may be made longer to, for the
	// scenario's percentile, or else for the 90th or 50th; 0 where none is.
	Stretch Duration `json:"stretch,omitzero"`
	// Evidence is false where the profile's verdicts are a first look only.
	Evidence bool `json:"evidence"`
}

// Offers are the loads at which the profile measures the scenario's latency or delivery: its rates and, where
// its capacity is found, shares of that.
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

// Lasts is how long a phase at the rate lasts: as long as the profile says or, where the
// profile allows that, as the scenario's percentile takes, or else the 90th or the
// 50th. Poisson arrivals scatter: 5% more are planned.
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

// CPUs is who runs where. Lists are in the kernel's form ("0", "0-3,8"); empty
// means not pinned.
type CPUs struct {
	Generator string `json:"generator"` // the load, and the services in this process
	Target    string `json:"target"`
	// SharedCore says that the two are hardware threads of the same core.
	SharedCore bool `json:"shared_core,omitempty"`
}

// Trial is one fresh launch of a target under a scenario.
type Trial struct {
	N        int     `json:"n"`     // from 1, in running order
	Round    int     `json:"round"` // from 1
	Scenario string  `json:"scenario"`
	Target   string  `json:"target"`
	Variant  Variant `json:"variant,omitempty"`
	// CPUs are those of the server, as a list; empty for no pinning. Shared says that the
	// generator runs on some of them.
	CPUs     string  `json:"cpus,omitempty"`
	Shared   bool    `json:"shared,omitempty"`
	Launches int     `json:"launches,omitempty"` // cold starts before the one that is put under load
	Phases   []Phase `json:"phases"`
}

// Phase is one drive of a trial; one that measures capacity is a search, of many drives.
type Phase struct {
	ID       PhaseID  `json:"name"`
	Measure  string   `json:"measure,omitempty"` // empty for a warm-up
	Level    string   `json:"level,omitempty"`
	Schedule Schedule `json:"schedule"`
}

// Duration is about how long the phases of the trial last: a search for a capacity
// takes several probes.
func (t Trial) Duration() time.Duration {
	var d time.Duration
	for _, p := range t.Phases {
		if p.Measure == MeasureCapacity {
			d += 5 * p.Schedule.Duration.Duration
		}
		d += p.Schedule.Duration.Duration
	}
	return d
}

// Arm names what a trial is a repetition of: scenario, target and variant.
func (t Trial) Arm() string { return ArmName(t.Scenario, t.Target, t.Variant) }

// Folder is the name of the trial's folder in a run directory.
func (t Trial) Folder() string { return fmt.Sprintf("%03d-%s-%s", t.N, t.Scenario, t.Target) }

// Target returns the target of that name.
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
