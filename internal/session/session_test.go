package session

import (
	"slices"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
)

// A budget keeps time for judging and for the reports.
func TestBudget(t *testing.T) {
	start := time.Date(2026, 4, 14, 10, 0, 0, 0, time.UTC)
	if got := (Budget{Started: start}).deadline(); !got.IsZero() {
		t.Errorf("without a limit the deadline is %v", got)
	}
	got := Budget{Total: 20 * time.Minute, Started: start}.deadline()
	if want := start.Add(20*time.Minute - judging); !got.Equal(want) {
		t.Errorf("the deadline is %v, want %v", got, want)
	}
}

// The certificate covers the lowest and the highest rate of the plan.
func TestCertifiedRates(t *testing.T) {
	latency := func(r bench.Rate) bench.Phase {
		s := bench.Schedule{Offered: bench.Offered{Rate: r}}
		return bench.Phase{Measure: bench.MeasureLatency, Schedule: s}
	}
	closed := bench.Phase{Measure: bench.MeasureThroughput}
	for _, c := range []struct {
		name   string
		phases []bench.Phase
		shares []bench.Percent
		want   []bench.Rate
	}{
		{"no rate", []bench.Phase{closed}, nil, nil},
		{"one rate", []bench.Phase{latency(500), closed}, nil, []bench.Rate{500}},
		{"three rates", []bench.Phase{latency(500), latency(50), latency(800)}, nil, []bench.Rate{50, 800}},
		{"shares of capacities", []bench.Phase{latency(500)}, []bench.Percent{.5}, []bench.Rate{500, shareRate}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &bench.Plan{Profile: bench.Profile{Shares: c.shares}, Trials: []bench.Trial{{Phases: c.phases}}}
			if got := certifiedRates(p); !slices.Equal(got, c.want) {
				t.Errorf("rates are %v, want %v", got, c.want)
			}
		})
	}
}

// A run is resumed on the sources that it started with. A twin has those of its server.
func TestSameSources(t *testing.T) {
	p := &bench.Plan{
		Targets:  []bench.Target{{Name: "a", Digest: "1"}, {Name: "a-twin", TwinOf: "a", Digest: "1"}},
		Services: []bench.Service{{Target: bench.Target{Name: "db", Digest: "2"}}},
	}
	now := func(server, service string) *plan.Catalogue {
		return &plan.Catalogue{
			Targets:  []bench.Target{{Name: "a", Digest: server}},
			Services: []bench.Service{{Target: bench.Target{Name: "db", Digest: service}}},
		}
	}
	if err := sameSources(p, now("1", "2")); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]*plan.Catalogue{"server": now("3", "2"), "service": now("1", "3")} {
		if err := sameSources(p, c); !advice.IsBadInput(err) {
			t.Errorf("another %s: error is %v, want bad input", name, err)
		}
	}
}
