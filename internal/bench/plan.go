package bench

import (
	"fmt"
	"sort"
	"strings"
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
	Trials    []Trial    `json:"trials"` // in the order in which they run
}

// PlanSchema is the current version of Plan.
const PlanSchema = 2

// Profile is how much is measured.
type Profile struct {
	Name    string   `json:"name"`
	Rounds  int      `json:"rounds"`
	Warmup  Duration `json:"warmup"`  // of each trial
	Measure Duration `json:"measure"` // of each phase
	Rates   int      `json:"rates"`   // how many of a scenario's rates are measured, 0 for all
	// Evidence is false where the profile's verdicts are a first look only.
	Evidence bool `json:"evidence"`
}

// Profiles are the known profiles, least first.
var Profiles = []Profile{
	{Name: "demo", Rounds: 3, Warmup: seconds(.4), Measure: seconds(.6), Rates: 1},
	{Name: "quick", Rounds: 6, Warmup: seconds(2), Measure: seconds(5)},
	{Name: "ci", Rounds: 10, Warmup: seconds(2), Measure: seconds(5), Evidence: true},
	{Name: "evidence", Rounds: 10, Warmup: seconds(3), Measure: seconds(10), Evidence: true},
}

func seconds(s float64) Duration { return Duration{time.Duration(s * float64(time.Second))} }

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
	Phases   []Phase `json:"phases"`
}

// Phase is one drive of a trial.
type Phase struct {
	Name     string   `json:"name"` // "warmup", "latency@200/s", "throughput"
	Measure  string   `json:"measure,omitempty"`
	Schedule Schedule `json:"schedule"`
}

// LatencyPhase is the name of the phase that measures latency at a rate.
func LatencyPhase(r Rate) string { return "latency@" + r.String() }

// Duration is how long the phases of the trial are planned to last.
func (t Trial) Duration() time.Duration {
	var d time.Duration
	for _, p := range t.Phases {
		d += p.Schedule.Duration.Duration
	}
	return d
}

// Arm names what a trial is a repetition of: scenario, target and variant.
func (t Trial) Arm() string { return ArmName(t.Scenario, t.Target, t.Variant) }

// ArmName is the name of an arm: "json/node-fastify" or, with a variant,
// "json/node-fastify[WORKERS=2]".
func ArmName(scenario, target string, v Variant) string {
	name := scenario + "/" + target
	if len(v) > 0 {
		name += "[" + v.String() + "]"
	}
	return name
}

// Folder is the name of the trial's folder in a run directory.
func (t Trial) Folder() string { return fmt.Sprintf("%03d-%s-%s", t.N, t.Scenario, t.Target) }

// String is the variant as "K=V,K=V", sorted.
func (v Variant) String() string {
	pairs := make([]string, 0, len(v))
	for k, val := range v {
		pairs = append(pairs, k+"="+val)
	}
	sort.Strings(pairs)
	return strings.Join(pairs, ",")
}

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
