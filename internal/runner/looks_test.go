package runner_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
	"github.com/claimbench/claimbench/internal/runner"
	"github.com/claimbench/claimbench/internal/target/targettest"
)

// trials returns the round and the scenario of each trial that was made.
func trials(r *record.Run) (list []string) {
	for _, result := range r.Results {
		list = append(list, fmt.Sprintf("%d %s", result.Trial.Round, result.Trial.Scenario))
	}
	return list
}

// A look drops arms that no claim needs. The journal shows it, and a resumed run does not make them either.
func TestLooksDropWhatIsDecided(t *testing.T) {
	p := newPlan(t, "good", "good")
	p.Profile.Looks = []int{1, 2}
	c := newConductor(t, p, &targettest.Fake{}, &watcher{})
	var asked []int
	c.Look = func(round int) (map[bench.Cell]bool, []string, error) {
		asked = append(asked, round)
		return map[bench.Cell]bool{{Arm: "json/server-0"}: true, {Arm: "json/server-1"}: true}, []string{"one"}, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.Observer = &watcher{onHit: func() {
		if len(asked) > 0 { // in the second round
			cancel()
		}
	}}
	if err := c.Run(ctx); err == nil {
		t.Fatal("the run was not interrupted")
	}
	before := open(t, c)
	if got := before.Looks(); !slices.Equal(got, []int{1}) {
		t.Errorf("the journal has looks at %v, want one at 1", got)
	}
	for _, c := range []struct {
		arm   string
		round int
		want  bool
	}{
		{"wait/server-0", 2, true},
		{"wait/server-0", 1, false},
		{"json/server-0", 2, false},
	} {
		if got := before.Dropped(bench.Cell{Arm: c.arm}, c.round); got != c.want {
			t.Errorf("%s is dropped in round %d: %t, want %t", c.arm, c.round, got, c.want)
		}
	}

	again := &runner.Conductor{
		Plan:     p,
		Writer:   c.Writer,
		Launcher: &targettest.Fake{},
		Observer: &watcher{},
		Look:     c.Look,
		Earlier:  before,
	}
	if err := again.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 json", "1 json", "1 wait", "1 wait", "2 json", "2 json"}
	if got := trials(open(t, c)); !slices.Equal(got, want) {
		t.Errorf("trials are %q, want %q", got, want)
	}
	if !slices.Equal(asked, []int{1}) {
		t.Errorf("looked after rounds %v, want after 1 only: the last round is judged with the run", asked)
	}
}

// If no claim is open, the run ends.
func TestALookThatDecidesAll(t *testing.T) {
	p := newPlan(t, "good", "good")
	for round := 3; round <= 4; round++ {
		for _, trial := range p.Trials[:4] {
			trial.N, trial.Round = len(p.Trials)+1, round
			p.Trials = append(p.Trials, trial)
		}
	}
	p.Profile.Rounds, p.Profile.Looks = 4, []int{1, 2, 3}
	c := newConductor(t, p, &targettest.Fake{}, &watcher{})
	looks := 0
	c.Look = func(int) (map[bench.Cell]bool, []string, error) { looks++; return nil, nil, nil }
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	if len(r.Results) != 4 {
		t.Errorf("%d trials were made, want the 4 of the first round", len(r.Results))
	}
	if looks != 1 {
		t.Errorf("there were %d looks, want 1", looks)
	}
	if last := r.Journal[len(r.Journal)-1]; last.Event != record.EventEnd {
		t.Errorf("the journal ends with %q", last.Event)
	}
}

// From the second round on, servers are driven at shares of the smallest capacity of the first round. Each launch
// first tries the capacity of the launch before.
func TestCommonRatesOfCapacities(t *testing.T) {
	p := newPlan(t, "good", "good")
	ms := func(n int) bench.Duration { return bench.Duration{Duration: time.Duration(n) * time.Millisecond} }
	p.Profile.Shares, p.Profile.Probe, p.Profile.Resolution = []bench.Percent{.5}, ms(150), .5
	p.Scenarios = slices.DeleteFunc(p.Scenarios, func(s bench.Scenario) bool { return s.Name != "json" })
	p.Scenarios[0].Measure = []string{bench.MeasureLatency, bench.MeasureCapacity}
	p.Scenarios[0].SLO = &bench.SLO{P99: ms(50), Errors: .01}
	p.Trials = slices.DeleteFunc(p.Trials, func(t bench.Trial) bool { return t.Scenario != "json" })
	for i := range p.Trials {
		p.Trials[i].N = i + 1
		p.Trials[i].Phases = []bench.Phase{
			{ID: recordtest.ID("warmup"), Schedule: bench.Schedule{Connections: 2, Duration: p.Profile.Warmup}},
			{
				ID:      recordtest.ID("latency@50%"),
				Measure: bench.MeasureLatency,
				Schedule: bench.Schedule{
					Offered:  bench.Offered{Share: .5},
					Arrivals: bench.Constant,
					Duration: p.Profile.Measure,
				},
			},
			{
				ID:      recordtest.ID("capacity"),
				Measure: bench.MeasureCapacity,
				Schedule: bench.Schedule{
					Offered:  bench.Offered{Rate: 100},
					Arrivals: bench.Constant,
					Duration: p.Profile.Probe,
				},
			},
		}
	}
	c := newConductor(t, p, &targettest.Fake{}, &watcher{})
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	smallest := math.Inf(1)
	for _, result := range r.Results {
		capacity, shares, confirms := 0., 0, 0
		for _, phase := range result.Phases {
			switch {
			case phase.ID.Unrepeated() == recordtest.ID("latency@50%"):
				shares++
				if want := smallest * .5; math.Abs(float64(phase.Rate)-want) > .01 {
					t.Errorf("trial %d was driven at %s, want %g", result.Trial.N, phase.Rate, want)
				}
			case phase.Probe != nil && phase.Probe.Confirms:
				confirms++
			case phase.Probe != nil && phase.Probe.Held:
				capacity = max(capacity, float64(phase.Probe.Rate))
			}
		}
		if result.Trial.Round == 1 {
			smallest = min(smallest, capacity)
			if shares != 0 || confirms != 0 {
				t.Errorf("trial %d of round 1 has %d phases at a share and %d probes that confirm, want none",
					result.Trial.N, shares, confirms)
			}
			continue
		}
		if shares == 0 {
			t.Errorf("trial %d has no phase at a share", result.Trial.N)
		}
		if confirms != 1 {
			t.Errorf("trial %d has %d probes that confirm, want 1", result.Trial.N, confirms)
		}
	}
	if commons := r.Commons(); len(commons) != 1 {
		t.Errorf("the journal has the capacities %v, want one", commons)
	}
}
