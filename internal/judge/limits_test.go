package judge

import (
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/plan"
)

// The limits that were hashed with the plan hold, whatever the defaults are now.
func TestARunIsJudgedByItsOwnGates(t *testing.T) {
	own := plan.StandardGates
	own.Late, own.Service, own.Sent = bench.Duration{Duration: 5 * time.Millisecond}, .5, .9
	if got := gatesOf(bench.Plan{Gates: own}); got != own {
		t.Errorf("the gates are %+v, want the plan's %+v", got, own)
	}
	trial := &metric.Trial{
		Result:  bench.TrialResult{Trial: bench.Trial{Scenario: "s", Target: "a"}},
		Summary: &bench.Summary{},
	}
	phase := bench.PhaseResult{Late: 3 * time.Millisecond, Drive: bench.DriveStats{Elapsed: time.Second}}
	for _, c := range []struct {
		name       string
		gates      bench.Gates
		lowerBound bool
	}{
		{"within the plan's own limit", own, false},
		{"beyond the usual limit", plan.StandardGates, true},
	} {
		var l limits
		j := &judgment{gates: c.gates, generator: 1}
		j.addThroughputLimits(&l, bench.Cell{Arm: "s/a"}, trial, phase)
		if l.lowerBound != c.lowerBound {
			t.Errorf("%s: a late upstream makes a lower bound: %t, want %t", c.name, l.lowerBound, c.lowerBound)
		}
	}
}

// An old plan lacks the limits that later versions added. It is judged by the usual ones, as it was then.
func TestAnOldPlanLacksGates(t *testing.T) {
	old := plan.StandardGates
	old.Late, old.Service = bench.Duration{}, 0
	for name, gates := range map[string]bench.Gates{"two are missing": old, "all are off": {}} {
		got := gatesOf(bench.Plan{Gates: gates})
		if got.Late != plan.StandardGates.Late {
			t.Errorf("%s: the upstream may be %v late", name, got.Late)
		}
		if got.Service != plan.StandardGates.Service {
			t.Errorf("%s: a service may use %g of its CPUs", name, got.Service)
		}
		if got.Sent != plan.StandardGates.Sent {
			t.Errorf("%s: at least %g must be sent", name, got.Sent)
		}
	}
}
