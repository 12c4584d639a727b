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

// watcher records the events that it observes, and may act on a hit.
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

// newPlan returns a plan of two rounds of two scenarios, with a server in each of the modes.
func newPlan(t *testing.T, modes ...string) *bench.Plan {
	t.Helper()
	ms := func(n int) bench.Duration { return bench.Duration{Duration: time.Duration(n) * time.Millisecond} }
	p := &bench.Plan{
		Schema:   bench.PlanSchema,
		Runner:   "process",
		Services: []bench.Service{{Target: bench.Target{Name: "upstream"}}},
		Profile:  bench.Profile{Name: "test", Rounds: 2, Warmup: ms(50), Measure: ms(200)},
	}
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
				p.Trials = append(p.Trials, bench.Trial{
					N:        len(p.Trials) + 1,
					Round:    round,
					Scenario: scenario,
					Target:   on.Name,
					Phases:   phases(p.Profile),
				})
			}
		}
	}
	return p
}

// phases returns a warm-up, a latency and a throughput.
func phases(p bench.Profile) []bench.Phase {
	return []bench.Phase{
		{
			ID:       recordtest.ID("warmup"),
			Schedule: bench.Schedule{Connections: 2, Duration: p.Warmup},
		},
		{
			ID:      recordtest.ID("latency@200/s"),
			Measure: bench.MeasureLatency,
			Schedule: bench.Schedule{
				Offered:  bench.Offered{Rate: 200},
				Arrivals: bench.Constant,
				Duration: p.Measure,
			},
		},
		{
			ID:       recordtest.ID("throughput"),
			Measure:  bench.MeasureThroughput,
			Schedule: bench.Schedule{Connections: 2, Duration: p.Measure},
		},
	}
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
	t.Cleanup(func() {
		if err := writer.Close(); err != nil {
			t.Error(err)
		}
	})
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

// Everything happens in the order of the plan. Each trial launches a server, and none is left running.
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
	if len(r.Results) != 8 {
		t.Errorf("%d results, want 8", len(r.Results))
	}
	if w.hits == 0 {
		t.Error("the observer got no hit")
	}
	if n := l.Running(); n != 0 {
		t.Errorf("%d servers still run", n)
	}
	for _, result := range r.Results {
		if !result.Valid {
			t.Errorf("trial %d: %s", result.Trial.N, result.Reason)
		}
		if len(result.Phases) != 3 {
			t.Errorf("trial %d: %d phases, want 3", result.Trial.N, len(result.Phases))
		}
		var good uint64
		err := r.EachHit(result.Trial, func(_ string, h bench.Hit) {
			if h.Good() {
				good++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var reported, calls uint64
		for _, phase := range result.Phases {
			reported += phase.GoodHits
			calls += phase.Calls["upstream"]
		}
		if good == 0 {
			t.Errorf("trial %d: no good hit on disk", result.Trial.N)
		}
		if good != reported {
			t.Errorf("trial %d: %d good hits on disk, %d reported", result.Trial.N, good, reported)
		}
		if result.Trial.Scenario == "wait" && calls != good {
			t.Errorf("trial %d: %d good answers, %d upstream calls", result.Trial.N, good, calls)
		}
	}
	if last := r.Journal[len(r.Journal)-1]; last.Event != record.EventEnd {
		t.Errorf("the journal ends with %q", last.Event)
	}
}

// A server that breaks the contract is left out with a reason, and the run goes on.
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
	if left < 0 {
		t.Fatalf("the journal excludes nothing: %+v", r.Journal)
	}
	if got := r.Journal[left].Arm; got != "json/server-1" {
		t.Errorf("the journal excludes %s, want json/server-1", got)
	}
	if why := r.Journal[left].Reason; !strings.Contains(why, "status 500") {
		t.Errorf("the reason is %q", why)
	}
}

// A runtime may answer that it lacks a feature. That does not break the contract: the cell is missing, and the
// answer is the reason.
func TestWhatARuntimeDoesNotHaveIsMissing(t *testing.T) {
	c := newConductor(t, newPlan(t, "good", "has-not"), &targettest.Fake{}, &watcher{})
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	if why := r.Missing()[bench.Cell{Arm: "json/server-1"}]; !strings.Contains(why, "no interpreters") {
		t.Errorf("missing are %v", r.Missing())
	}
	if got := r.Excluded(); len(got) > 0 {
		t.Errorf("excluded are %v", got)
	}
}

// A trial is void if the global interpreter lock is off at its start and on at its end.
func TestAGILThatTurnsOn(t *testing.T) {
	c := newConductor(t, newPlan(t, "good", "gil-turns-on"), &targettest.Fake{}, &watcher{})
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, result := range open(t, c).Results {
		if result.Trial.Scenario != "json" {
			continue
		}
		why := ""
		if result.Trial.Target != "server-0" {
			why = "global interpreter lock"
		}
		checkTrial(t, result, why)
	}
}

// A budget ends the run before the trial that would not fit, and the journal says so.
func TestBudget(t *testing.T) {
	c := newConductor(t, newPlan(t, "good", "good"), &targettest.Fake{}, &watcher{})
	// Eight trials of half a second fit, once the run has learned that a trial has less than a second of overhead.
	began := time.Now()
	c.Deadline = began.Add(5 * time.Second)
	if err := c.Writer.Journal(record.Entry{Event: record.EventBegin, Budget: "5s"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := open(t, c)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the run took %v", took)
	}
	if len(r.Results) == 0 {
		t.Error("no trial was made")
	}
	c = newConductor(t, newPlan(t, "good", "good"), &targettest.Fake{}, &watcher{})
	c.Deadline = time.Now()
	if err := c.Writer.Journal(record.Entry{Event: record.EventBegin, Budget: "1ns"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	r = open(t, c)
	if len(r.Results) != 0 {
		t.Errorf("%d trials were made without time", len(r.Results))
	}
	if !r.OutOfTime() {
		t.Error("the journal does not say that the time was over")
	}
}

func TestOnlyBadTargetsIsAnError(t *testing.T) {
	c := newConductor(t, newPlan(t, "exits", "exits"), &targettest.Fake{}, &watcher{})
	err := c.Run(context.Background())
	if err == nil {
		t.Fatal("no error")
	}
	var failed *target.Error
	if !errors.As(err, &failed) {
		t.Errorf("%T is not a target.Error", err)
	}
	if !strings.Contains(err.Error(), "nothing to measure") {
		t.Errorf("error is %v", err)
	}
}

// If a launch fails, its trial is invalid and no other.
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
		why := ""
		if result.Trial.N == 3 {
			why = "no room"
		}
		checkTrial(t, result, why)
	}
}

// If the container engine goes away, the run ends. It keeps its trials and can be resumed.
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
	if got := resumed.events[0]; got != "began 3" {
		t.Errorf("resumed with %q", got)
	}
	if got := len(open(t, c).Results); got != 8 {
		t.Errorf("%d results, want 8", got)
	}
	if _, err := os.Stat(filepath.Join(c.Writer.Dir, "trials", "003-wait-server-0.interrupted-1")); err != nil {
		t.Error(err)
	}
}

// A canceled run stops its server at once, and does not record half a trial.
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

// checkTrial checks that a trial is invalid for the reason. If the reason is empty, the trial must be valid.
func checkTrial(t *testing.T, r bench.TrialResult, reason string) {
	t.Helper()
	if want := reason == ""; r.Valid != want {
		t.Errorf("trial %d of %s: valid is %t, want %t (%s)", r.Trial.N, r.Trial.Target, r.Valid, want, r.Reason)
	}
	if !strings.Contains(r.Reason, reason) {
		t.Errorf("trial %d of %s: the reason is %q, want %q", r.Trial.N, r.Trial.Target, r.Reason, reason)
	}
}

// Trials are invalid if a real process dies under load, or starts to answer something else.
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
				why := ""
				if result.Trial.Target != "server-0" {
					why = reason
				}
				checkTrial(t, result, why)
			}
		})
	}
}
