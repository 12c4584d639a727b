package judge

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

// parallel describes a made-up run of one server with two levels and two variants. It has a closed loop at each
// level, and a search for the capacity.
type parallel struct {
	took     map[string]time.Duration // how long an answer takes, by variant and level: "1 one"
	probes   []bench.Probe
	late     map[bench.Rate]bool // rates at which all answers are late
	void     string              // why the second level is void
	settings int
	tests    []bench.Test
}

func (s parallel) verdicts(t *testing.T) *bench.Verdicts {
	t.Helper()
	slo := &bench.SLO{P99: bench.Duration{Duration: 50 * time.Millisecond}, Errors: .001}
	targets := []bench.Target{
		{Name: "server", Runtime: "node", Tier: "bare", Settings: make([]string, s.settings)},
		{Name: "quick", Runtime: "node", Tier: "bare", QuickstartOf: "server"},
		{Name: "other", Runtime: "python", Tier: "bare", Settings: make([]string, 3)},
	}
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

func TestLevelsAndBases(t *testing.T) {
	base := func(level string) *bench.Base { return &bench.Base{Level: level} }
	bound := func(x float64) *float64 { return &x }
	took := map[string]time.Duration{"1 one": 10 * ms, "1 two": 11 * ms, "2 one": 6 * ms, "2 two": 6 * ms}
	for _, c := range []struct {
		name  string
		test  bench.Test // of scenario s, unless it has another
		study parallel
		want  bench.Verdict
		value float64 // the ratio or the value, to 1%
		why   string
	}{
		{
			name:  "a level's tasks count",
			test:  bench.Test{Metric: "speedup", Of: "server", Level: "two", Base: base("one"), AtLeast: bound(1.5)},
			want:  bench.Supported,
			value: 2 * 10 / 11.,
		},
		{
			name:  "efficiency of tasks",
			test:  bench.Test{Metric: "efficiency", Of: "server", Level: "two", Base: base("one"), AtLeast: bound(.95)},
			want:  bench.Contradicted,
			value: 10 / 11.,
		},
		{
			name: "efficiency of workers",
			test: bench.Test{
				Metric:  "efficiency",
				Of:      "server",
				Level:   "one",
				Variant: bench.Variant{"WORKERS": "2"},
				Base:    &bench.Base{Level: "one", Variant: bench.Variant{"WORKERS": "1"}},
				AtLeast: bound(.8),
			},
			want:  bench.Supported,
			value: 10 / 12.,
		},
		{
			name:  "cores used",
			test:  bench.Test{Metric: "cores_used", Of: "server", AtMost: bound(1.1)},
			want:  bench.Inconclusive,
			value: 1,
			why:   "exactly the same number",
		},
		{
			name: "gain over the quick start",
			test: bench.Test{
				Metric:  "throughput",
				Of:      "server",
				Base:    &bench.Base{Quickstart: true},
				AtLeast: bound(2),
			},
			want:  bench.Supported,
			value: 4,
		},
		{
			name:  "settings are counted",
			test:  bench.Test{Metric: "settings", Of: "python", To: "node", Expect: bench.Higher},
			study: parallel{settings: 2},
			want:  bench.Supported,
			value: 1.5,
			why:   "both figures are exact",
		},
		{
			name:  "as many settings",
			test:  bench.Test{Metric: "settings", Of: "python", To: "node", Expect: bench.Higher},
			study: parallel{settings: 3},
			want:  bench.PracticallyEqual,
			value: 1,
		},
		{
			name:  "a void phase",
			test:  bench.Test{Metric: "throughput", Of: "server", Level: "two", AtLeast: bound(1)},
			study: parallel{void: "two/throughput: the database was down"},
			want:  bench.NotTested,
			why:   "the database was down",
		},
		{
			name: "a scenario that the machine cannot run",
			test: bench.Test{Scenario: "big", Metric: "throughput", Of: "server", AtLeast: bound(1)},
			want: bench.NotTested,
			why:  "needs 4 CPUs",
		},
		{
			name: "capacity",
			test: bench.Test{Metric: "capacity", Of: "server", AtLeast: bound(120)},
			study: parallel{
				probes: []bench.Probe{{Rate: 100}, {Rate: 200}, {Rate: 150}},
				late:   map[bench.Rate]bool{200: true},
			},
			want:  bench.Supported,
			value: 152.5,
		},
		{
			name: "capacity if no rate held",
			test: bench.Test{Metric: "capacity", Of: "server", AtLeast: bound(120)},
			study: parallel{
				probes: []bench.Probe{{Rate: 100}},
				late:   map[bench.Rate]bool{100: true},
			},
			want: bench.NotTested,
			why:  "no rate held the SLO",
		},
		{
			name: "capacity known from below",
			test: bench.Test{Metric: "capacity", Of: "server", AtMost: bound(120)},
			study: parallel{
				probes: []bench.Probe{{Rate: 100}, {Rate: 200, LimitedBy: "generator CPU"}},
				late:   map[bench.Rate]bool{200: true},
			},
			want:  bench.Inconclusive,
			value: 102.5,
		},
		{
			name: "capacity with the load generator's limit in the bracket",
			test: bench.Test{Metric: "capacity", Of: "server", AtMost: bound(120)},
			study: parallel{
				probes: []bench.Probe{{Rate: 100}, {Rate: 200}, {Rate: 150, LimitedBy: "generator CPU"}},
				late:   map[bench.Rate]bool{150: true, 200: true},
			},
			want:  bench.Inconclusive,
			value: 102.5,
		},
		{
			name: "capacity if the load generator's limit kept every rate from holding",
			test: bench.Test{Metric: "capacity", Of: "server", AtLeast: bound(120)},
			study: parallel{
				probes: []bench.Probe{{Rate: 100, LimitedBy: "generator CPU 80%"}},
				late:   map[bench.Rate]bool{100: true},
			},
			want: bench.NotTested,
			why:  "generator CPU 80%",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.test.Scenario = cmp.Or(c.test.Scenario, "s")
			c.study.tests, c.study.took = []bench.Test{c.test}, took
			got := c.study.verdicts(t).Claims[0].Tests[0]
			if got.Verdict != c.want {
				t.Errorf("verdict is %s (%s), want %s", got.Verdict, got.Why, c.want)
			}
			if !strings.Contains(got.Why, c.why) {
				t.Errorf("the reason is %q, want %q", got.Why, c.why)
			}
			if c.value == 0 {
				return
			}
			value := deref(cmp.Or(got.Value, got.Ratio))
			if !(math.Abs(value/c.value-1) <= .01) {
				t.Errorf("value is %v, want %g", value, c.value)
			}
		})
	}
}
