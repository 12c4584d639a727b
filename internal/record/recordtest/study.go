package recordtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// Requests is the number of requests in each phase of a trial.
const Requests = 400

// Second is the duration of each phase, and the timeout of each request.
var Second = bench.Duration{Duration: time.Second}

// Study describes a made-up run of up to four servers: node-a, node-b, python-a and python-b. Its scenario is json:
// an open loop at 500/s and a closed loop. The speed of each launch is drawn from a log-normal distribution.
type Study struct {
	Rounds int
	Made   int // rounds that were made; 0 means all
	Looks  []int
	Claims [][]bench.Test // the tests of the claims c, c1, c2, ...
	// Speed is each server's response time in the open loop. In the closed loop, an answer arrives after each half of
	// it. A server without a speed is not in the plan.
	Speed map[string]time.Duration
	Noise float64 // standard deviation of the log of a launch's speed
	Seed  uint64
	// Twin, if not 0, adds an A/A twin of node-a. Its response time is Twin times that of node-a.
	Twin float64
	// Control, if not 0, adds the scenario compute with a positive control: a level of 1.25 times the work, whose
	// answers take Control times as long.
	Control   float64
	Evidence  bool
	Exclude   string // the arm that failed the check of conformance
	Scale     int    // how often the hits of the open loop are repeated; 0 means once
	Directory Directory
	Change    func(r *bench.TrialResult, hits *[]bench.Hit) // changes a trial; hits are those of the open loop
	Skip      func(bench.Trial) bool                        // reports whether a trial was not made
}

// Speeds returns the speeds of one server of each runtime.
func Speeds(node, python time.Duration) map[string]time.Duration {
	return map[string]time.Duration{"node-a": node, "python-a": python}
}

// servers returns the servers that have a speed.
func (s Study) servers() []bench.Target {
	all := []bench.Target{
		{Name: "node-a", Runtime: "node", Tier: "bare"},
		{Name: "python-a", Runtime: "python", Tier: "bare"},
		{Name: "node-b", Runtime: "node", Tier: "modern"},
		{Name: "python-b", Runtime: "python", Tier: "modern"},
	}
	return slices.DeleteFunc(all, func(b bench.Target) bool { return s.Speed[b.Name] == 0 })
}

// names returns the names of servers.
func names(servers []bench.Target) (list []string) {
	for _, s := range servers {
		list = append(list, s.Name)
	}
	return list
}

// Plan returns the study's plan.
func (s Study) Plan() *bench.Plan {
	servers := s.servers()
	targets := slices.Clone(servers)
	if s.Twin > 0 {
		targets = append(targets, bench.Target{Name: "node-a-twin", Runtime: "node", Tier: "bare", TwinOf: "node-a"})
	}
	p := &bench.Plan{
		Schema: bench.PlanSchema,
		CPUs:   bench.CPUs{Generator: "0", Target: "1"},
		Gates:  plan.StandardGates,
		Profile: bench.Profile{
			Name:     "test",
			Rounds:   s.Rounds,
			Looks:    s.Looks,
			Warmup:   Second,
			Measure:  Second,
			Evidence: s.Evidence,
		},
		Scenarios: []bench.Scenario{jsonScenario(names(targets))},
		Targets:   targets,
		Guide:     bench.Guide{Name: "g", Claims: s.claims()},
	}
	if s.Control > 0 {
		p.Scenarios = append(p.Scenarios, computeScenario(names(servers)))
	}
	for round := 1; round <= s.Rounds; round++ {
		for _, scenario := range p.Scenarios {
			for _, target := range scenario.Targets {
				p.Trials = append(p.Trials, bench.Trial{
					N:        len(p.Trials) + 1,
					Round:    round,
					Scenario: scenario.Name,
					Target:   target,
					CPUs:     "1",
					Phases:   phases(scenario),
				})
			}
		}
	}
	return p
}

// claims returns the claims c, c1, c2, ... with the study's tests.
func (s Study) claims() (list []bench.Claim) {
	ids := []string{"c", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"}
	for i, tests := range s.Claims {
		list = append(list, bench.Claim{ID: ids[i], Quotes: []bench.Quote{{Quote: "q"}}, Tests: tests})
	}
	return list
}

func jsonScenario(targets []string) bench.Scenario {
	return bench.Scenario{
		Name:     "json",
		Measure:  []string{bench.MeasureLatency, bench.MeasureThroughput},
		Rates:    []bench.Rate{500},
		Variants: []bench.Variant{{}},
		Workload: bench.Workload{Driver: bench.DriverHTTP, Timeout: Second},
		Targets:  targets,
	}
}

// computeScenario returns the scenario with a positive control.
func computeScenario(targets []string) bench.Scenario {
	return bench.Scenario{
		Name:     "compute",
		Measure:  []string{bench.MeasureThroughput},
		Variants: []bench.Variant{{}},
		Workload: bench.Workload{Driver: bench.DriverHTTP, Timeout: Second},
		Levels:   []bench.Level{{Name: "numeric"}, {Name: "control", ControlOf: "numeric", Work: 1.25}},
		Targets:  targets,
	}
}

// phases returns the planned phases of a trial: an open loop unless the scenario has levels, and a closed loop at
// each level.
func phases(s bench.Scenario) []bench.Phase {
	closed := func(name, level string) bench.Phase {
		return bench.Phase{
			ID:       ID(name),
			Level:    level,
			Measure:  bench.MeasureThroughput,
			Schedule: bench.Schedule{Connections: 2, Duration: Second},
		}
	}
	if len(s.Levels) > 0 {
		return []bench.Phase{closed("numeric/throughput", "numeric"), closed("control/throughput", "control")}
	}
	open := bench.Phase{
		ID:       ID("latency@500/s"),
		Measure:  bench.MeasureLatency,
		Schedule: bench.Schedule{Offered: bench.Offered{Rate: 500}, Duration: Second},
	}
	return []bench.Phase{open, closed("throughput", "")}
}

// Write writes the run directory of the study, and returns its path.
func (s Study) Write(t testing.TB) (dir string) {
	t.Helper()
	if s.Exclude != "" {
		s.Directory.Journal = append(
			s.Directory.Journal,
			record.Entry{Event: record.EventExclude, Arm: s.Exclude, Reason: "it answers nonsense"},
		)
	}
	random := rand.New(rand.NewPCG(1+s.Seed, 2))
	return s.Directory.Write(t, s.Plan(), func(trial bench.Trial) *Trial {
		speed := s.Speed[trial.Target]
		if trial.Target == "node-a-twin" {
			speed = time.Duration(float64(s.Speed["node-a"]) * s.Twin)
		}
		took := time.Duration(float64(speed) * math.Exp(s.Noise*random.NormFloat64()))
		switch {
		case trial.Arm() == s.Exclude, s.Made > 0 && trial.Round > s.Made, s.Skip != nil && s.Skip(trial):
			return nil
		case trial.Scenario == "compute":
			more := time.Duration(float64(took) * s.Control * math.Exp(s.Noise*random.NormFloat64()/4))
			return computeTrial(took, more)
		}
		return s.jsonTrial(trial, took)
	})
}

// computeTrial returns a trial whose answers take the given times at the level numeric and at its control.
func computeTrial(numeric, control time.Duration) *Trial {
	first, one := Closed("numeric/throughput", "numeric", numeric)
	second, other := Closed("control/throughput", "control", control)
	return &Trial{
		Result: bench.TrialResult{
			Valid:     true,
			Placement: bench.Placement{CPUs: "1"},
			Phases:    []bench.PhaseResult{first, second},
		},
		Hits: [][]bench.Hit{one, other},
	}
}

// jsonTrial returns a trial whose answers take the given time.
func (s Study) jsonTrial(trial bench.Trial, took time.Duration) *Trial {
	var hits []bench.Hit
	for i := range Requests {
		due := time.Duration(i) * 2 * time.Millisecond
		sent := due + 50*time.Microsecond
		hits = append(hits, bench.Hit{Seq: uint64(i), Due: due, Sent: sent, Done: due + took, Code: 200})
	}
	open := bench.PhaseResult{
		ID:      ID("latency@500/s"),
		Measure: bench.MeasureLatency,
		Drive:   bench.DriveStats{Clock: "kernel"},
	}
	closed, answers := Closed("throughput", "", took)
	r := bench.TrialResult{
		Trial:     trial,
		Valid:     true,
		Placement: bench.Placement{CPUs: "1"},
		Phases:    []bench.PhaseResult{open, closed},
	}
	if s.Change != nil {
		s.Change(&r, &hits)
	}
	if s.Scale > 1 {
		hits = slices.Repeat(hits, s.Scale)
	}
	return &Trial{Result: r, Hits: [][]bench.Hit{hits, answers}}
}

// ID parses the name of a phase; it panics if the name is not one.
func ID(name string) bench.PhaseID {
	var id bench.PhaseID
	if err := id.UnmarshalText([]byte(name)); err != nil {
		panic(err)
	}
	return id
}

// Closed returns a closed loop of two connections, in which an answer arrives every took/2. The server computes all
// the time.
func Closed(name, level string, took time.Duration) (bench.PhaseResult, []bench.Hit) {
	var hits []bench.Hit
	for i := range Requests {
		at := time.Duration(i) * took / 2
		hits = append(hits, bench.Hit{Seq: uint64(i), Due: at, Sent: at, Done: at + took/2, Code: 200})
	}
	lasted := took * Requests / 2
	return bench.PhaseResult{
		ID:      ID(name),
		Level:   level,
		Measure: bench.MeasureThroughput,
		CPU:     lasted,
		Memory:  1 << 20,
		Drive:   bench.DriveStats{Elapsed: lasted, Clock: "kernel"},
	}, hits
}
