package bench_test

import (
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestGateFigures(t *testing.T) {
	floor := bench.Gate{Name: bench.GateSent, Value: 1, Limit: .99}
	if got, want := floor.Figure(), "100% (at least 99%)"; got != want {
		t.Errorf("a floor is shown as %q, want %q", got, want)
	}
	ceiling := bench.Gate{Name: bench.GateLag, Value: .0021, Limit: .001, Unit: "s"}
	if got, want := ceiling.Figure(), "2.1ms (at most 1ms)"; got != want {
		t.Errorf("a ceiling is shown as %q, want %q", got, want)
	}
	if got, want := ceiling.String(), "lag p99 2.1ms, at most 1ms allowed"; got != want {
		t.Errorf("a gate reads %q, want %q", got, want)
	}
}

// Every gate has a meaning, and the meanings name the limits that the plan sets.
func TestGateMeanings(t *testing.T) {
	limits := bench.Gates{LagShare: .07, Little: .03}
	for _, name := range bench.GateNames {
		if (bench.Gate{Name: name}).Meaning(limits) == "" {
			t.Errorf("gate %s has no meaning", name)
		}
	}
	for name, want := range map[string]string{bench.GateLag: "7% of the median", bench.GateLittle: "within 3%"} {
		if got := (bench.Gate{Name: name}).Meaning(limits); !strings.Contains(got, want) {
			t.Errorf("gate %s means %q, without %q", name, got, want)
		}
	}
	if got := (bench.Gate{Name: bench.GateLag}).Meaning(bench.Gates{}); strings.Contains(got, "%") {
		t.Errorf("without a share of the median, the lag means %q", got)
	}
	if got := (bench.Gate{Name: "unknown"}).Meaning(limits); got != "" {
		t.Errorf("an unknown gate means %q", got)
	}
}

func TestWorseGates(t *testing.T) {
	gate := func(name string, value float64) bench.Gate { return bench.Gate{Name: name, Value: value, Limit: .5} }
	if !gate(bench.GateSent, .4).Worse(gate(bench.GateSent, .6)) {
		t.Error("fewer requests sent is not worse")
	}
	if !gate(bench.GateStolen, .6).Worse(gate(bench.GateStolen, .4)) {
		t.Error("more CPU time stolen is not worse")
	}
}
