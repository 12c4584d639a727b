package runner

import (
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
)

// phase returns a flawless phase of one second: 1,000 requests of 2 ms, each with a lag of 0.1 ms.
func phase() (*watch, bench.PhaseResult, bench.Schedule) {
	w := newWatch()
	w.cpus, w.all = 1, 2
	for i := range 1000 {
		due := time.Duration(i) * time.Millisecond
		sent := due + 100*time.Microsecond
		w.hit(bench.Hit{Seq: uint64(i), Due: due, Sent: sent, Done: sent + 2*time.Millisecond, Code: 200})
	}
	result := bench.PhaseResult{
		GoodHits: 1000,
		Calls:    map[string]uint64{"upstream": 1000},
		Drive: bench.DriveStats{
			Elapsed:     time.Second,
			Planned:     1000,
			Sent:        1000,
			MeanFlight:  2.1,
			FlightError: .001,
			Wake:        100 * time.Microsecond,
			Generator:   time.Second / 2,
		},
	}
	return w, result, bench.Schedule{Offered: bench.Offered{Rate: 1000}}
}

// sendLate adds 20 requests that were sent 5 ms late.
func sendLate(t *testing.T, w *watch) {
	t.Helper()
	for range 20 {
		if err := w.lag.RecordValue(int64(5 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
}

// A flawless phase passes every gate. Each fault fails its own gate and no other.
func TestGates(t *testing.T) {
	const capacity = 20_000
	for _, c := range []struct {
		name  string
		fault func(*testing.T, *watch, *bench.PhaseResult, *bench.Schedule)
		fails string
	}{
		{
			name:  "flawless",
			fault: func(*testing.T, *watch, *bench.PhaseResult, *bench.Schedule) {},
		},
		{
			name: "not all sent",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
				p.Drive.Planned = 1020
			},
			fails: bench.GateSent,
		},
		{
			name: "1 in 50 sent 5 ms late",
			fault: func(t *testing.T, w *watch, _ *bench.PhaseResult, _ *bench.Schedule) {
				sendLate(t, w)
			},
			fails: bench.GateLag,
		},
		{
			name: "the same with a slow server",
			fault: func(t *testing.T, w *watch, _ *bench.PhaseResult, _ *bench.Schedule) {
				sendLate(t, w)
				if err := w.response.RecordValues(int64(200*time.Millisecond), 2000); err != nil {
					t.Fatal(err)
				}
			},
		},
		{
			name: "busy generator",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
				p.Drive.Generator = 800 * time.Millisecond
			},
			fails: bench.GateGenerator,
		},
		{
			name: "busy generator in a closed loop",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, s *bench.Schedule) {
				p.Drive.Generator, *s = 990*time.Millisecond, bench.Schedule{Connections: 2}
			},
		},
		{
			name: "near its capacity",
			fault: func(_ *testing.T, _ *watch, _ *bench.PhaseResult, s *bench.Schedule) {
				s.Rate = .8 * capacity
			},
			fails: bench.GateLoad,
		},
		{
			name: "more in flight than rate x time",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
				p.Drive.MeanFlight = 2.3
			},
			fails: bench.GateLittle,
		},
		{
			name: "the same within the samples' error",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
				p.Drive.MeanFlight, p.Drive.FlightError = 2.3, .1
			},
		},
		{
			name: "too few samples for an error",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
				p.Drive.MeanFlight, p.Drive.FlightError = 2.3, -1
			},
		},
		{
			name: "clock set",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
				p.Drive.ClockStep = time.Millisecond
			},
			fails: bench.GateClock,
		},
		{
			name: "CPU stolen",
			fault: func(_ *testing.T, w *watch, _ *bench.PhaseResult, _ *bench.Schedule) {
				w.stolen = 100 * time.Millisecond
			},
			fails: bench.GateStolen,
		},
		{
			name: "two ticks stolen",
			fault: func(_ *testing.T, w *watch, _ *bench.PhaseResult, _ *bench.Schedule) {
				w.stolen = 20 * time.Millisecond
			},
		},
		{
			name: "throttled",
			fault: func(_ *testing.T, w *watch, _ *bench.PhaseResult, _ *bench.Schedule) {
				w.throttled = 50 * time.Millisecond
			},
			fails: bench.GateThrottled,
		},
		{
			name: "upstream late",
			fault: func(_ *testing.T, _ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
				p.Late = 2 * time.Millisecond
			},
			fails: bench.GateLate,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p, s := phase()
			c.fault(t, w, &p, &s)
			conditions := conditions{schedule: s, limits: plan.StandardGates, certified: capacity, calledUpstream: true}
			p.Gates = w.gates(p, conditions)
			for _, g := range p.Gates {
				if want := g.Name != c.fails; g.OK != want {
					t.Errorf("%s: %t, want %t", g, g.OK, want)
				}
			}
			if why := voidReason(p, bench.Workload{}); (why != "") != (c.fails != "") {
				t.Errorf("the trial is void because of %q", why)
			}
			conditions.limits = bench.Gates{}
			for _, g := range w.gates(p, conditions) {
				if !g.OK {
					t.Errorf("%s fails without a limit", g)
				}
			}
		})
	}
}
