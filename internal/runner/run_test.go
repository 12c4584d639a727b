package runner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
	"github.com/claimbench/claimbench/internal/runner"
	"github.com/claimbench/claimbench/internal/target"
	"github.com/claimbench/claimbench/internal/target/targettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watcher notes what it is told, and may act on it.
type watcher struct {
	events []string
	hits   int
	onHit  func()
}

func (w *watcher) Doing(string)        {}
func (w *watcher) Began(t bench.Trial) { w.events = append(w.events, fmt.Sprintf("began %d", t.N)) }
func (w *watcher) Hit(bench.Trial, bench.PhaseID, bench.Hit) {
	w.hits++
	if w.onHit != nil {
		w.onHit()
	}
}
func (w *watcher) Used(bench.Trial, bench.Usage) {}
func (w *watcher) Looked(round int, _ string) {
	w.events = append(w.events, fmt.Sprintf("looked %d", round))
}
func (w *watcher) Ended(r bench.TrialResult) {
	w.events = append(w.events, fmt.Sprintf("ended %d %t %s", r.Trial.N, r.Valid, r.Reason))
}

// newPlan has two servers, in the given modes, and two rounds of two scenarios.
func newPlan(t *testing.T, modes ...string) *bench.Plan {
	t.Helper()
	ms := func(n int) bench.Duration { return bench.Duration{Duration: time.Duration(n) * time.Millisecond} }
	p := &bench.Plan{Schema: bench.PlanSchema, Runner: "process",
		Services: []bench.Service{{Target: bench.Target{Name: "upstream"}}},
		Profile:  bench.Profile{Name: "test", Rounds: 2, Warmup: ms(50), Measure: ms(200)}}
	for name, path := range map[string]string{"json": "/json", "wait": "/upstream?ms=2"} {
		s := bench.Scenario{
			Name:     name,
			Measure:  []string{bench.MeasureLatency, bench.MeasureThroughput},
			Rates:    []bench.Rate{200},
			Variants: []bench.Variant{{}},
			Workload: bench.Workload{
				Driver:  bench.DriverHTTP,
				Method:  "GET",
				Path:    path,
				Timeout: ms(500),
				Expect:  bench.Expect{Status: 200},
			},
		}
		if name == "wait" {
			s.Workload.Expect.Calls = map[string]int{"upstream": 1}
		}
		p.Scenarios = append(p.Scenarios, s)
	}
	for i, mode := range modes {
		on := targettest.Server(t, mode)
		on.Name = fmt.Sprintf("server-%d", i)
		p.Targets = append(p.Targets, on)
		for i := range p.Scenarios {
			p.Scenarios[i].Targets = append(p.Scenarios[i].Targets, on.Name)
		}
	}
	for round := 1; round <= p.Profile.Rounds; round++ {
		for _, scenario := range []string{"json", "wait"} {
			for _, on := range p.Targets {
				p.Trials = append(
					p.Trials,
					bench.Trial{N: len(p.Trials) + 1, Round: round, Scenario: scenario, Target: on.Name, Phases: []bench.Phase{
						{ID: recordtest.ID("warmup"), Schedule: bench.Schedule{Connections: 2, Duration: p.Profile.Warmup}},
						{
							ID:      recordtest.ID("latency@200/s"),
							Measure: bench.MeasureLatency,
							Schedule: bench.Schedule{
								Offered:  bench.Offered{Rate: 200},
								Arrivals: bench.Constant,
								Duration: p.Profile.Measure,
							},
						},
						{
							ID:       recordtest.ID("throughput"),
							Measure:  bench.MeasureThroughput,
							Schedule: bench.Schedule{Connections: 2, Duration: p.Profile.Measure},
						},
					}},
				)
			}
		}
	}
	return p
}

func newConductor(t *testing.T, p *bench.Plan, l bench.Launcher, w runner.Observer) *runner.Conductor {
	t.Helper()
	encoded, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := record.Create(filepath.Join(t.TempDir(), "run"), encoded)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close() })
	return &runner.Conductor{Plan: p, Writer: writer, Launcher: l, Observer: w}
}

func open(t *testing.T, c *runner.Conductor) *record.Run {
	t.Helper()
	r, err := record.Open(c.Writer.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Everything happens in the plan's order, each trial has a server of its own,
// and nothing is left running.
func TestLifecycle(t *testing.T) {
	l, w := &targettest.Fake{}, &watcher{}
	c := newConductor(t, newPlan(t, "good", "good"), l, w)
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []string{"prepare server-0", "prepare server-1", // then conformance
		"launch server-0", "stop server-0", "launch server-1", "stop server-1"}
	for _, trial := range c.Plan.Trials {
		want = append(want, "launch "+trial.Target, "stop "+trial.Target)
	}
	if got := l.Events(); !slices.Equal(got, want) {
		t.Errorf("events:\n got %q\nwant %q", got, want)
	}
	r := open(t, c)
	if len(r.Results) != 8 || w.hits == 0 || l.Running() != 0 {
		t.Fatalf("%d results, %d hits, %d still running", len(r.Results), w.hits, l.Running())
	}
	for _, result := range r.Results {
		if !result.Valid || len(result.Phases) != 3 {
			t.Errorf("trial %d: %s, %d phases", result.Trial.N, result.Reason, len(result.Phases))
		}
		var good uint64
		if err := r.EachHit(result.Trial, func(phase string, h bench.Hit) {
			if h.Good() {
				good++
			}
		}); err != nil {
			t.Fatal(err)
		}
		var told, calls uint64
		for _, phase := range result.Phases {
			told += phase.GoodHits
			calls += phase.Calls["upstream"]
		}
		if good != told || good == 0 {
			t.Errorf("trial %d: %d good hits on disk, %d told", result.Trial.N, good, told)
		}
		if result.Trial.Scenario == "wait" && calls != good {
			t.Errorf("trial %d: %d good answers, %d upstream calls", result.Trial.N, good, calls)
		}
	}
	if last := r.Journal[len(r.Journal)-1]; last.Event != record.EventEnd {
		t.Errorf("the journal ends with %q", last.Event)
	}
}

// A target that breaks the contract is left out with its reason; the run goes on.
func TestABadTargetIsLeftOut(t *testing.T) {
	c := newConductor(t, newPlan(t, "good", "says-500"), &targettest.Fake{}, &watcher{})
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	if len(r.Results) != 6 {
		t.Errorf("%d results, want those of three arms in two rounds", len(r.Results))
	}
	left := slices.IndexFunc(r.Journal, func(e record.Entry) bool { return e.Event == record.EventExclude })
	if left < 0 || r.Journal[left].Arm != "json/server-1" || !strings.Contains(r.Journal[left].Reason, "status 500") {
		t.Errorf("journal is %+v", r.Journal)
	}
}

// A runtime that says it does not have what it is asked for breaks no contract: the
// cell is missing, with what it said.
func TestWhatARuntimeDoesNotHaveIsMissing(t *testing.T) {
	c := newConductor(t, newPlan(t, "good", "has-not"), &targettest.Fake{}, &watcher{})
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	if why := r.Missing()[bench.Cell{Arm: "json/server-1"}]; !strings.Contains(why, "no interpreters") ||
		len(r.Excluded()) > 0 {
		t.Errorf("missing are %v, excluded %v", r.Missing(), r.Excluded())
	}
}

// A lock that is off at the begin and on at the end voids the trial.
func TestAGILThatTurnsOn(t *testing.T) {
	c := newConductor(t, newPlan(t, "good", "gil-turns-on"), &targettest.Fake{}, &watcher{})
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, result := range open(t, c).Results {
		if result.Trial.Scenario != "json" {
			continue
		}
		if want := result.Trial.Target == "server-0"; result.Valid != want ||
			!want && !strings.Contains(result.Reason, "global interpreter lock") {
			t.Errorf("%s: valid %t, %s", result.Trial.Target, result.Valid, result.Reason)
		}
	}
}

// A budget ends the run before the trial that would not fit, and the journal says so.
func TestBudget(t *testing.T) {
	c := newConductor(t, newPlan(t, "good", "good"), &targettest.Fake{}, &watcher{})
	c.Deadline = time.Now().
		Add(5 * time.Second)
		// eight trials of half a second, and an overhead of a second that is learnt to be none
	began := time.Now()
	if err := c.Writer.Journal(record.Entry{Event: record.EventBegin, Budget: "5s"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	if time.Since(began) > 5*time.Second || len(r.Results) == 0 {
		t.Errorf("%d trials in %v", len(r.Results), time.Since(began))
	}
	c = newConductor(t, newPlan(t, "good", "good"), &targettest.Fake{}, &watcher{})
	c.Deadline = time.Now()
	if err := c.Writer.Journal(record.Entry{Event: record.EventBegin, Budget: "1ns"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r := open(t, c); len(r.Results) != 0 || !r.OutOfTime() {
		t.Errorf("%d trials without time, out of time: %t", len(r.Results), r.OutOfTime())
	}
}

func TestOnlyBadTargetsIsAnError(t *testing.T) {
	c := newConductor(t, newPlan(t, "exits", "exits"), &targettest.Fake{}, &watcher{})
	var failed *target.Error
	if err := c.Run(context.Background()); !errors.As(err, &failed) ||
		!strings.Contains(err.Error(), "nothing to measure") {
		t.Errorf("error is %v", err)
	}
}

// A launch that fails makes its trial not valid, and no other.
func TestAFailedLaunchIsOneTrial(t *testing.T) {
	l := &targettest.Fake{FailLaunch: func(n int) error {
		if n == 5 { // two are for conformance
			return errors.New("no room")
		}
		return nil
	}}
	c := newConductor(t, newPlan(t, "good", "good"), l, &watcher{})
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, result := range open(t, c).Results {
		if want := result.Trial.N != 3; result.Valid != want || !want && !strings.Contains(result.Reason, "no room") {
			t.Errorf("trial %d: valid %t, %s", result.Trial.N, result.Valid, result.Reason)
		}
	}
}

// An engine that goes away ends the run; what was made stays and is resumed.
func TestEngineGoesAwayAndTheRunIsResumed(t *testing.T) {
	away := true
	l := &targettest.Fake{FailLaunch: func(n int) error {
		if n >= 5 && away {
			return &target.Error{Err: fmt.Errorf("%w: connection refused", target.ErrEngine), Hint: "start it"}
		}
		return nil
	}}
	c := newConductor(t, newPlan(t, "good", "good"), l, &watcher{})
	if err := c.Run(context.Background()); !errors.Is(err, target.ErrEngine) {
		t.Fatalf("error is %v", err)
	}
	r := open(t, c)
	if len(r.Results) != 2 {
		t.Fatalf("%d results", len(r.Results))
	}
	away = false
	resumed := &watcher{}
	c = &runner.Conductor{Plan: c.Plan, Writer: c.Writer, Launcher: l, Observer: resumed, Earlier: r}
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if resumed.events[0] != "began 3" || len(open(t, c).Results) != 8 {
		t.Errorf("resumed with %q, %d results", resumed.events[0], len(open(t, c).Results))
	}
	if _, err := os.Stat(filepath.Join(c.Writer.Dir, "trials", "003-wait-server-0.interrupted-1")); err != nil {
		t.Error(err)
	}
}

// A cancelled run stops its server at once and records no half trial.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l, w := &targettest.Fake{}, &watcher{}
	w.onHit = func() {
		if w.hits == 300 {
			cancel()
		}
	}
	c := newConductor(t, newPlan(t, "good", "good"), l, w)
	if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	if l.Running() != 0 {
		t.Errorf("%d servers still run", l.Running())
	}
	for _, result := range open(t, c).Results {
		if !result.Valid {
			t.Errorf("trial %d was recorded: %s", result.Trial.N, result.Reason)
		}
	}
}

// On real processes: a server that dies, and one that begins to answer
// something else, under load.
func TestServersThatFailUnderLoad(t *testing.T) {
	for mode, reason := range map[string]string{"dies": "exit status 3", "turns-wrong": "not the expected one"} {
		t.Run(mode, func(t *testing.T) {
			p := newPlan(t, "good", mode)
			p.Scenarios = slices.DeleteFunc(p.Scenarios, func(s bench.Scenario) bool { return s.Name == "wait" })
			p.Trials = slices.DeleteFunc(p.Trials, func(t bench.Trial) bool { return t.Scenario == "wait" })
			l := &target.Process{Root: targettest.Root(), Cache: t.TempDir()}
			c := newConductor(t, p, l, &watcher{})
			if err := c.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, result := range open(t, c).Results {
				if want := result.Trial.Target == "server-0"; result.Valid != want ||
					!want && !strings.Contains(result.Reason, reason) {
					t.Errorf("%s: valid %t, %s", result.Trial.Target, result.Valid, result.Reason)
				}
			}
		})
	}
}
