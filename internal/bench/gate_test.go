package bench_test

import (
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

func TestWorseGates(t *testing.T) {
	gate := func(name string, value float64) bench.Gate { return bench.Gate{Name: name, Value: value, Limit: .5} }
	if !gate(bench.GateSent, .4).Worse(gate(bench.GateSent, .6)) {
		t.Error("fewer requests sent is not worse")
	}
	if !gate(bench.GateStolen, .6).Worse(gate(bench.GateStolen, .4)) {
		t.Error("more CPU time stolen is not worse")
	}
}
