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

// Requests are those of each phase of a trial.
const Requests = 400

// Second is one.
var Second = bench.Duration{Duration: time.Second}

// Study is a run of up to four servers, node-a, node-b, python-a and python-b, under one scenario, json, that is
// measured in an open loop at 500/s and in a closed one. Its launches scatter by chance.
type Study struct {
	Rounds int
	Made   int // rounds that were made; all where it is 0
	Looks  []int
	Claims [][]bench.Test // c, c1, c2, ...
	// Speed is each server's response time, and half its time between answers in the closed loop.
	Speed map[string]time.Duration
	Noise float64 // standard deviation of the log of a launch's speed
	Seed  uint64
	// Twin puts node-a under a second name; it is so many times as slow.
	Twin float64
	// Control adds a scenario, compute, in which known work of 1.25 times shows as so many times.
	Control   float64
	Evidence  bool
	Exclude   string // arm
	Scale     int    // how often the hits of the open loop come
	Directory Directory
	Change    func(r *bench.TrialResult, hits *[]bench.Hit) // of the open loop
	Skip      func(bench.Trial) bool
}

// Speeds are those of one server of each runtime.
func Speeds(node, python time.Duration) map[string]time.Duration {
	return map[string]time.Duration{"node-a": node, "python-a": python}
}

// Plan is the study's plan.
func (s Study) Plan() *bench.Plan {
	targets := []bench.Target{
		{Name: "node-a", Runtime: "node", Tier: "bare"}, {Name: "python-a", Runtime: "python", Tier: "bare"},
		{Name: "node-b", Runtime: "node", Tier: "modern"}, {Name: "python-b", Runtime: "python", Tier: "modern"},
	}
	targets = slices.DeleteFunc(targets, func(b bench.Target) bool { return s.Speed[b.Name] == 0 })
	servers := slices.Clone(targets)
	if s.Twin > 0 {
		targets = append(targets, bench.Target{Name: "node-a-twin", Runtime: "node", Tier: "bare", TwinOf: "node-a"})
	}
	json := bench.Scenario{
		Name:     "json",
		Measure:  []string{bench.MeasureLatency, bench.MeasureThroughput},
		Rates:    []bench.Rate{500},
		Variants: []bench.Variant{{}},
		Workload: bench.Workload{Driver: bench.DriverHTTP, Timeout: Second},
	}
	for _, on := range targets {
		json.Targets = append(json.Targets, on.Name)
	}
	p := &bench.Plan{Schema: bench.PlanSchema, CPUs: bench.CPUs{Generator: "0", Target: "1"}, Gates: plan.StandardGates,
		Profile: bench.Profile{
			Name:     "test",
			Rounds:   s.Rounds,
			Looks:    s.Looks,
			Warmup:   Second,
			Measure:  Second,
			Evidence: s.Evidence,
		},
		Scenarios: []bench.Scenario{json}, Targets: targets, Guide: bench.Guide{Name: "g"}}
	names := []string{"c", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"}
	for i, tests := range s.Claims {
		p.Guide.Claims = append(
			p.Guide.Claims,
			bench.Claim{ID: names[i], Quotes: []bench.Quote{{Quote: "q"}}, Tests: tests},
		)
	}
	compute := bench.Scenario{
		Name:     "compute",
		Measure:  []string{bench.MeasureThroughput},
		Variants: []bench.Variant{{}},
		Workload: json.Workload,
		Levels:   []bench.Level{{Name: "numeric"}, {Name: "control", ControlOf: "numeric", Work: 1.25}},
	}
	for _, on := range servers {
		compute.Targets = append(compute.Targets, on.Name)
	}
	if s.Control > 0 {
		p.Scenarios = append(p.Scenarios, compute)
	}
	for round := 1; round <= s.Rounds; round++ {
		add := func(t bench.Trial) {
			t.N, t.Round, t.CPUs = len(p.Trials)+1, round, "1"
			p.Trials = append(p.Trials, t)
		}
		for _, target := range targets {
			add(bench.Trial{Scenario: "json", Target: target.Name, Phases: []bench.Phase{
				{
					ID:       ID("latency@500/s"),
					Measure:  bench.MeasureLatency,
					Schedule: bench.Schedule{Offered: bench.Offered{Rate: 500}, Duration: Second},
				},
				{
					ID:       ID("throughput"),
					Measure:  bench.MeasureThroughput,
					Schedule: bench.Schedule{Connections: 2, Duration: Second},
				},
			}})
		}
		if s.Control > 0 {
			for _, target := range servers {
				add(bench.Trial{Scenario: "compute", Target: target.Name, Phases: []bench.Phase{
					{
						ID:       ID("numeric/throughput"),
						Level:    "numeric",
						Measure:  bench.MeasureThroughput,
						Schedule: bench.Schedule{Connections: 2, Duration: Second},
					},
					{
						ID:       ID("control/throughput"),
						Level:    "control",
						Measure:  bench.MeasureThroughput,
						Schedule: bench.Schedule{Connections: 2, Duration: Second},
					},
				}})
			}
		}
	}
	return p
}

// Write makes the run directory of the study.
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
			numeric, one := Closed("numeric/throughput", "numeric", took)
			control, other := Closed("control/throughput", "control", more)
			return &Trial{
				bench.TrialResult{
					Valid:     true,
					Placement: bench.Placement{CPUs: "1"},
					Phases:    []bench.PhaseResult{numeric, control},
				},
				[][]bench.Hit{one, other},
			}
		}
		var hits []bench.Hit
		for i := range Requests {
			due := time.Duration(i) * 2 * time.Millisecond
			hits = append(
				hits,
				bench.Hit{Seq: uint64(i), Due: due, Sent: due + 50*time.Microsecond, Done: due + took, Code: 200},
			)
		}
		closed, answers := Closed("throughput", "", took)
		r := bench.TrialResult{
			Trial:     trial,
			Valid:     true,
			Placement: bench.Placement{CPUs: "1"},
			Phases: []bench.PhaseResult{
				{ID: ID("latency@500/s"), Measure: bench.MeasureLatency, Drive: bench.DriveStats{Clock: "kernel"}}, closed},
		}
		if s.Change != nil {
			s.Change(&r, &hits)
		}
		if s.Scale > 1 {
			hits = slices.Repeat(hits, s.Scale)
		}
		return &Trial{r, [][]bench.Hit{hits, answers}}
	})
}

// ID parses the name of a phase; it panics if the name is not one.
func ID(name string) bench.PhaseID {
	var id bench.PhaseID
	if err := id.UnmarshalText([]byte(name)); err != nil {
		panic(err)
	}
	return id
}

// Closed is a closed loop of two connections whose answers take so long, all of it CPU time.
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
