package runner

import (
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

// probes returns the results of a search that tried these rates.
func probes(list ...bench.Probe) (results []bench.PhaseResult) {
	for i := range list {
		results = append(results, bench.PhaseResult{Measure: bench.MeasureCapacity, Probe: &list[i]})
	}
	return results
}

func TestCapacityOfASearch(t *testing.T) {
	for _, c := range []struct {
		name   string
		probes []bench.Probe
		want   capacity
	}{
		{"closed", []bench.Probe{{Rate: 100, Held: true}, {Rate: 200}, {Rate: 150, Held: true}}, capacity{rate: 150}},
		{
			"no rate failed",
			[]bench.Probe{{Rate: 100, Held: true}, {Rate: 200, LimitedBy: "lag"}},
			capacity{rate: 100, isLowerBound: true},
		},
		{
			"the limit lies inside the bracket",
			[]bench.Probe{{Rate: 100, Held: true}, {Rate: 200}, {Rate: 150, LimitedBy: "lag"}},
			capacity{rate: 100, isLowerBound: true},
		},
		{
			"the limit lies above the bracket",
			[]bench.Probe{{Rate: 400, LimitedBy: "lag"}, {Rate: 200}, {Rate: 100, Held: true}},
			capacity{rate: 100},
		},
		{"nothing held", []bench.Probe{{Rate: 100}}, capacity{}},
		{"only the last capacity was confirmed", []bench.Probe{{Rate: 100, Held: true, Confirms: true}}, capacity{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := newCapacities(&bench.Plan{})
			cell := bench.Cell{Arm: "s/a"}
			found.add(cell, probes(c.probes...))
			if got := found.last[cell]; got != c.want {
				t.Errorf("the capacity is %+v, want %+v", got, c.want)
			}
		})
	}
}

// A share of the smallest capacity must be a share of a capacity, not of a lower bound.
func TestCommonRatesComeFromClosedSearches(t *testing.T) {
	a, b := bench.Cell{Arm: "s/a"}, bench.Cell{Arm: "s/b"}
	slow, slowBound := capacity{rate: 800}, capacity{rate: 800, isLowerBound: true}
	fast, fastBound := capacity{rate: 1700}, capacity{rate: 1700, isLowerBound: true}
	for _, c := range []struct {
		name  string
		last  map[bench.Cell]capacity
		want  float64
		known bool
	}{
		{"both are closed", map[bench.Cell]capacity{a: slow, b: fast}, 800, true},
		{"the larger one is a bound", map[bench.Cell]capacity{a: slow, b: fastBound}, 800, true},
		{"the smaller one is a bound", map[bench.Cell]capacity{a: slowBound, b: fast}, 0, false},
		{"both are bounds", map[bench.Cell]capacity{a: slowBound, b: fastBound}, 0, false},
		{"one is missing", map[bench.Cell]capacity{a: slow}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := newCapacities(&bench.Plan{
				Targets:   []bench.Target{{Name: "a", Tier: "bare"}, {Name: "b", Tier: "bare"}},
				Scenarios: []bench.Scenario{{Name: "s", Targets: []string{"a", "b"}}},
			})
			found.last = c.last
			got, known := found.smallest(bench.Trial{Round: 2, Scenario: "s", Target: "b"}, "", nil)
			if known != c.known || got.capacity != c.want {
				t.Errorf("the smallest capacity is %g, known %t; want %g, %t", got.capacity, known, c.want, c.known)
			}
			if _, known := found.smallest(bench.Trial{Round: 1, Scenario: "s", Target: "b"}, "", nil); c.known && !known {
				t.Error("once it is fixed, the first round has it too")
			}
		})
	}
}
