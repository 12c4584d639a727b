package runner

import (
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
)

// phase is a flawless phase of a second: 1000 requests of 2 ms, each 0.1 ms late.
func phase() (*watch, bench.PhaseResult, bench.Schedule) {
	w := newWatch()
	w.cpus, w.all = 1, 2
	for i := range 1000 {
		due := time.Duration(i) * time.Millisecond
		w.hit(
			bench.Hit{
				Seq:  uint64(i),
				Due:  due,
				Sent: due + 100*time.Microsecond,
				Done: due + 2100*time.Microsecond,
				Code: 200,
			},
		)
	}
	return w, bench.PhaseResult{GoodHits: 1000, Calls: map[string]uint64{"upstream": 1000}, Drive: bench.DriveStats{
		Elapsed: time.Second, Planned: 1000, Sent: 1000, MeanFlight: 2.1, FlightError: .001, Wake: 100 * time.Microsecond, Generator: time.Second / 2,
	}}, bench.Schedule{Offered: bench.Offered{Rate: 1000}}
}

// A flawless phase passes every gate; each fault fails its own gate and no other.
func TestGates(t *testing.T) {
	const capacity = 20_000
	for _, c := range []struct {
		name  string
		fault func(*watch, *bench.PhaseResult, *bench.Schedule)
		fails string
	}{
		{"flawless", func(*watch, *bench.PhaseResult, *bench.Schedule) {}, ""},
		{"not all sent", func(_ *watch, p *bench.PhaseResult, _ *bench.Schedule) { p.Drive.Planned = 1020 }, bench.GateSent},
		{"1 in 50 sent 5 ms late", func(w *watch, _ *bench.PhaseResult, _ *bench.Schedule) {
			for range 20 {
				w.lag.RecordValue(int64(5 * time.Millisecond))
			}
		}, bench.GateLag},
		{"the same beside a slow server", func(w *watch, _ *bench.PhaseResult, _ *bench.Schedule) {
			for range 20 {
				w.lag.RecordValue(int64(5 * time.Millisecond))
			}
			w.response.RecordValues(int64(200*time.Millisecond), 2000)
		}, ""},
		{"busy generator", func(_ *watch, p *bench.PhaseResult, _ *bench.Schedule) { p.Drive.Generator = 800 * time.Millisecond }, bench.GateGenerator},
		{"busy generator in a closed loop", func(_ *watch, p *bench.PhaseResult, s *bench.Schedule) {
			p.Drive.Generator, *s = 990*time.Millisecond, bench.Schedule{Connections: 2}
		}, ""},
		{"near its capacity", func(_ *watch, _ *bench.PhaseResult, s *bench.Schedule) { s.Rate = .8 * capacity }, bench.GateLoad},
		{"more in flight than rate x time", func(_ *watch, p *bench.PhaseResult, _ *bench.Schedule) { p.Drive.MeanFlight = 2.3 }, bench.GateLittle},
		{"the same within the samples' error", func(_ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
			p.Drive.MeanFlight, p.Drive.FlightError = 2.3, .1
		}, ""},
		{"too few samples to tell", func(_ *watch, p *bench.PhaseResult, _ *bench.Schedule) {
			p.Drive.MeanFlight, p.Drive.FlightError = 2.3, -1
		}, ""},
		{"clock set", func(_ *watch, p *bench.PhaseResult, _ *bench.Schedule) { p.Drive.ClockStep = time.Millisecond }, bench.GateClock},
		{"CPU stolen", func(w *watch, _ *bench.PhaseResult, _ *bench.Schedule) { w.stolen = 100 * time.Millisecond }, bench.GateStolen},
		{"two ticks stolen", func(w *watch, _ *bench.PhaseResult, _ *bench.Schedule) { w.stolen = 20 * time.Millisecond }, ""},
		{"throttled", func(w *watch, _ *bench.PhaseResult, _ *bench.Schedule) { w.throttled = 50 * time.Millisecond }, bench.GateThrottled},
		{"upstream late", func(_ *watch, p *bench.PhaseResult, _ *bench.Schedule) { p.Late = 2 * time.Millisecond }, bench.GateLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p, s := phase()
			c.fault(w, &p, &s)
			conditions := conditions{schedule: s, limits: plan.StandardGates, certified: capacity, calledUpstream: true}
			p.Gates = w.gates(p, conditions)
			for _, g := range p.Gates {
				if g.OK != (g.Name != c.fails) {
					t.Errorf("%s: %t", g, g.OK)
				}
			}
			if err := voidReason(p, bench.Workload{}); (err != "") != (c.fails != "") {
				t.Errorf("the trial's fault is %v", err)
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
