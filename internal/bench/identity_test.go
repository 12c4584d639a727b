package bench_test

import (
	"encoding/json"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestPhaseNames(t *testing.T) {
	rate, share := bench.Offered{Rate: 200}, bench.Offered{Share: .5}
	for name, id := range map[string]bench.PhaseID{
		"warmup":                 {Kind: bench.Warmup},
		"threads/throughput":     {Level: "threads", Kind: bench.MeasureThroughput},
		"latency@200/s":          {Kind: bench.MeasureLatency, Offered: rate},
		"few/latency@50%~2":      {Level: "few", Kind: bench.MeasureLatency, Offered: share, Repeated: true},
		"capacity#0@410.25/s":    {Kind: bench.MeasureCapacity, Offered: bench.Offered{Rate: 410.25}, Probe: 1},
		"one/capacity#7@200/s~2": {Level: "one", Kind: bench.MeasureCapacity, Offered: rate, Probe: 8, Repeated: true},
	} {
		if got := id.String(); got != name {
			t.Errorf("%+v is named %q, want %q", id, got, name)
		}
		var read bench.PhaseID
		if err := json.Unmarshal([]byte(`"`+name+`"`), &read); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if read != id {
			t.Errorf("%s is read as %+v, want %+v", name, read, id)
		}
	}
	for _, bad := range []string{"latency@fast", "latency@-1%", "capacity#x@200/s", "capacity#-1@200/s"} {
		if err := new(bench.PhaseID).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%s is read without an error", bad)
		}
	}
}

func TestPlannedPhase(t *testing.T) {
	latency := bench.PhaseID{Kind: bench.MeasureLatency, Offered: bench.Offered{Rate: 200}}
	if got := latency.Again().Planned(); got != latency {
		t.Errorf("the planned phase of a repeated one is %s", got)
	}
	search := bench.PhaseID{Level: "one", Kind: bench.MeasureCapacity}
	probe := search
	probe.Probe, probe.Rate = 3, 410
	if got := probe.Planned(); got != search {
		t.Errorf("the planned phase of a probe is %s", got)
	}
}
