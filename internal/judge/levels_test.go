package judge

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

// parallel is a made-up run of one server with two levels and two variants: a closed
// loop at each, of answers that take so long, and a search for a capacity.
type parallel struct {
	took     map[string]time.Duration // of an answer, by variant and level: "1 one"
	probes   []bench.Probe
	late     map[bench.Rate]bool // rates at which all answers are late
	void     string              // of the second level
	settings int
	tests    []bench.Test
	base     bool
}

func (s parallel) verdicts(t *testing.T) *bench.Verdicts {
	t.Helper()
	slo := &bench.SLO{P99: bench.Duration{Duration: 50 * time.Millisecond}, Errors: .001}
	targets := []bench.Target{{Name: "server", Runtime: "node", Tier: "bare", Settings: make([]string, s.settings)},
		{
			Name:         "quick",
			Runtime:      "node",
			Tier:         "bare",
			QuickstartOf: "server",
		}, {Name: "other", Runtime: "python", Tier: "bare", Settings: make([]string, 3)}}
	scenario := bench.Scenario{
		Name:    "s",
		Measure: []string{bench.MeasureScaling, bench.MeasureCapacity},
		Rates:   []bench.Rate{100},
		Levels: []bench.Level{
			{Name: "one", Units: "1"},
			{Name: "two", Units: "2"},
		},
		Targets: []string{"server", "quick", "other"},
		Variants: []bench.Variant{
			{"WORKERS": "1"},
			{"WORKERS": "2"},
		},
		SLO:      slo,
		Workload: bench.Workload{Driver: bench.DriverHTTP, Timeout: recordtest.Second},
	}
	p := &bench.Plan{
		Schema:    bench.PlanSchema,
		Profile:   bench.Profile{Name: "test", Rounds: 4, Warmup: recordtest.Second, Measure: recordtest.Second},
		CPUs:      bench.CPUs{Generator: "0", Target: "1"},
		Scenarios: []bench.Scenario{scenario},
		Targets:   targets,
		Skipped:   map[string]string{"big": "needs 4 CPUs"},
		Guide: bench.Guide{
			Name:   "g",
			Claims: []bench.Claim{{ID: "c", Quotes: []bench.Quote{{Quote: "q"}}, Tests: s.tests}},
		},
	}
	for round := 1; round <= p.Profile.Rounds; round++ {
		for _, on := range targets {
			for i, v := range scenario.Variants {
				if i > 0 && on.QuickstartOf != "" {
					break
				}
				p.Trials = append(
					p.Trials,
					bench.Trial{N: len(p.Trials) + 1, Round: round, Scenario: "s", Target: on.Name, Variant: v, CPUs: "1"},
				)
			}
		}
	}
	dir := recordtest.Directory{}.Write(t, p, func(trial bench.Trial) *recordtest.Trial {
		made := &recordtest.Trial{Result: bench.TrialResult{Valid: true}}
		add := func(phase bench.PhaseResult, hits []bench.Hit) {
			made.Result.Phases, made.Hits = append(made.Result.Phases, phase), append(made.Hits, hits)
		}
		for _, level := range []string{"one", "two"} {
			took := s.took[trial.Variant["WORKERS"]+" "+level]
			if trial.Target == "quick" {
				took = 4*s.took["1 one"] + time.Duration(trial.Round)*time.Microsecond
			}
			took += time.Duration(trial.Round) * took / 1000 // no two rounds alike
			phase, hits := recordtest.Closed(level+"/throughput", level, 2*took)
			if level == "two" {
				phase.Void = s.void
			}
			add(phase, hits)
		}
		for i, probe := range s.probes {
			probe.Search = recordtest.ID("one/capacity")
			probe.Rate += bench.Rate(trial.Round)
			var hits []bench.Hit
			for k := range 200 {
				due := time.Duration(k) * 5 * time.Millisecond
				took := time.Millisecond
				if s.late[probe.Rate-bench.Rate(trial.Round)] {
					took = time.Second
				}
				hits = append(hits, bench.Hit{Seq: uint64(k), Due: due, Sent: due, Done: due + took, Code: 200})
			}
			add(
				bench.PhaseResult{
					ID:      recordtest.ID(fmt.Sprintf("%s#%d", probe.Search, i+1)),
					Level:   "one",
					Measure: bench.MeasureCapacity,
					Probe:   &probe,
				},
				hits,
			)
		}
		return made
	})
	return judged(t, dir)
}

func atLeast(x float64) *float64 { return &x }

func TestLevelsAndBases(t *testing.T) {
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	base := func(level, workers string) *bench.Base {
		b := &bench.Base{Level: level}
		if workers != "" {
			b.Variant = bench.Variant{"WORKERS": workers}
		}
		return b
	}
	took := map[string]time.Duration{"1 one": ms(10), "1 two": ms(11), "2 one": ms(6), "2 two": ms(6)}
	for _, c := range []struct {
		name  string
		study parallel
		want  bench.Verdict
		value float64 // ratio or value, to 1%
		why   string
	}{
		{"a level's tasks count", parallel{tests: []bench.Test{{Scenario: "s", Metric: "speedup", Of: "server", Level: "two", Base: base("one", ""), AtLeast: atLeast(1.5)}}}, bench.Supported, 2 * 10 / 11., ""},
		{"efficiency of tasks", parallel{tests: []bench.Test{{Scenario: "s", Metric: "efficiency", Of: "server", Level: "two", Base: base("one", ""), AtLeast: atLeast(.95)}}}, bench.Contradicted, 10 / 11., ""},
		{"efficiency of workers", parallel{tests: []bench.Test{{Scenario: "s", Metric: "efficiency", Of: "server", Level: "one", Variant: bench.Variant{"WORKERS": "2"}, Base: base("one", "1"), AtLeast: atLeast(.8)}}}, bench.Supported, 10 / 12., ""},
		{"cores used", parallel{tests: []bench.Test{{Scenario: "s", Metric: "cores_used", Of: "server", AtMost: atLeast(1.1)}}}, bench.Inconclusive, 1, "the very same number"},
		{"gain over the quick start", parallel{tests: []bench.Test{{Scenario: "s", Metric: "throughput", Of: "server", Base: &bench.Base{Quickstart: true}, AtLeast: atLeast(2)}}}, bench.Supported, 4, ""},
		{"settings are counted", parallel{settings: 2, tests: []bench.Test{{Scenario: "s", Metric: "settings", Of: "python", To: "node", Expect: bench.Higher}}}, bench.Supported, 1.5, "counted"},
		{"as many settings", parallel{settings: 3, tests: []bench.Test{{Scenario: "s", Metric: "settings", Of: "python", To: "node", Expect: bench.Higher}}}, bench.PracticallyEqual, 1, ""},
		{"a phase that does not count", parallel{void: "two/throughput: the database was down", tests: []bench.Test{{Scenario: "s", Metric: "throughput", Of: "server", Level: "two", AtLeast: atLeast(1)}}}, bench.NotTested, 0, "the database was down"},
		{"a scenario that the machine cannot run", parallel{tests: []bench.Test{{Scenario: "big", Metric: "throughput", Of: "server", AtLeast: atLeast(1)}}}, bench.NotTested, 0, "needs 4 CPUs"},
		{"capacity", parallel{probes: []bench.Probe{{Rate: 100}, {Rate: 200}, {Rate: 150}}, late: map[bench.Rate]bool{200: true},
			tests: []bench.Test{{Scenario: "s", Metric: "capacity", Of: "server", AtLeast: atLeast(120)}}}, bench.Supported, 152.5, ""},
		{"capacity that no rate kept", parallel{probes: []bench.Probe{{Rate: 100}}, late: map[bench.Rate]bool{100: true},
			tests: []bench.Test{{Scenario: "s", Metric: "capacity", Of: "server", AtLeast: atLeast(120)}}}, bench.NotTested, 0, "no rate held the SLO"},
		{"capacity known from below", parallel{probes: []bench.Probe{{Rate: 100}, {Rate: 200, Limit: "generator CPU"}}, late: map[bench.Rate]bool{200: true},
			tests: []bench.Test{{Scenario: "s", Metric: "capacity", Of: "server", AtMost: atLeast(120)}}}, bench.Inconclusive, 102.5, ""},
		{"capacity with the instrument's limit in the bracket", parallel{probes: []bench.Probe{{Rate: 100}, {Rate: 200}, {Rate: 150, Limit: "generator CPU"}}, late: map[bench.Rate]bool{150: true, 200: true},
			tests: []bench.Test{{Scenario: "s", Metric: "capacity", Of: "server", AtMost: atLeast(120)}}}, bench.Inconclusive, 102.5, ""},
		{"capacity that nothing but the instrument kept from holding", parallel{probes: []bench.Probe{{Rate: 100, Limit: "generator CPU 80%"}}, late: map[bench.Rate]bool{100: true},
			tests: []bench.Test{{Scenario: "s", Metric: "capacity", Of: "server", AtLeast: atLeast(120)}}}, bench.NotTested, 0, "generator CPU 80%"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.study.took = took
			got := c.study.verdicts(t).Claims[0].Tests[0]
			if got.Verdict != c.want || !strings.Contains(got.Why, c.why) {
				t.Errorf("verdict is %s (%s), want %s", got.Verdict, got.Why, c.want)
			}
			value := got.Value
			if value == nil {
				value = got.Ratio
			}
			if c.value > 0 && (value == nil || math.Abs(*value/c.value-1) > .01) {
				t.Errorf("value is %v, want %g", deref(value), c.value)
			}
		})
	}
}

func deref(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}
