package metric

import (
	"errors"
	"fmt"

	"github.com/claimbench/claimbench/internal/bench"
)

// Measures that yield the metrics below.
var (
	closed    = []string{bench.MeasureThroughput, bench.MeasureScaling, bench.MeasureParallelism}
	atRates   = []string{bench.MeasureLatency, bench.MeasureDelivery}
	latency   = []string{bench.MeasureLatency}
	delivery  = []string{bench.MeasureDelivery}
	footprint = []string{bench.MeasureFootprint}
	search    = []string{bench.MeasureCapacity}
)

// Metrics that other packages name.
var (
	Throughput = Metric{
		Name: "throughput", Title: "throughput", Definition: "good answers per second in a closed loop",
		Unit: "1/s", Measures: closed, Margin: 1.10, Steady: true, Better: bench.Higher, ClosedLoop: true,
		take: steadyRate,
	}
	Capacity = Metric{
		Name: "capacity", Title: "capacity within the SLO",
		Definition: "highest rate of good answers (or deliveries) within the scenario's SLO",
		Unit:       "1/s", Measures: search, Margin: 1.10, Better: bench.Higher, Searched: true,
		take: capacity,
	}
	CPUPer1k = Metric{
		Name: "cpu_seconds_per_1k", Title: "CPU time per 1,000 requests",
		Definition: "CPU seconds per 1,000 good answers in a closed loop",
		Unit:       "s", Measures: closed, Margin: 1.10, Steady: true, Better: bench.Lower,
		take: cpuPer1k,
	}
	Memory = Metric{
		Name: "memory_bytes", Title: "peak memory", Definition: "largest memory of the whole server under load",
		Unit: "B", Measures: closed, Margin: 1.10, Better: bench.Lower,
		take: peakMemory,
	}
)

// definitions lists every metric, in the order in which reports show them.
var definitions = []Metric{
	Capacity, Throughput,
	{
		Name: "cores_used", Title: "CPU cores used", Definition: "CPU seconds per second in a closed loop",
		Measures: closed, Margin: 1.10, Steady: true,
		take: coresUsed,
	},
	CPUPer1k, Memory,
	percentile(Metric{
		Name: "p50", Quantile: .50, Margin: 1.10, Measures: latency,
		Title:      "median response time",
		Definition: "median response time at a common rate",
	}),
	percentile(Metric{
		Name: "p90", Quantile: .90, Margin: 1.10, Measures: latency,
		Title:      "90th percentile of response time",
		Definition: "90th percentile of response time at a common rate",
	}),
	percentile(Metric{
		Name: "p99", Quantile: .99, Margin: 1.25, Measures: latency,
		Title:      "99th percentile of response time",
		Definition: "99th percentile of response time at a common rate",
	}),
	percentile(Metric{
		Name: "delivery_p50", Quantile: .50, Margin: 1.10, Measures: delivery,
		Title:      "median delivery time",
		Definition: "median time from when a message was due until a member had it",
	}),
	percentile(Metric{
		Name: "delivery_p90", Quantile: .90, Margin: 1.10, Measures: delivery,
		Title:      "90th percentile of delivery time",
		Definition: "90th percentile of the time from when a message was due until a member had it",
	}),
	percentile(Metric{
		Name: "delivery_p99", Quantile: .99, Margin: 1.25, Measures: delivery,
		Title:      "99th percentile of delivery time",
		Definition: "99th percentile of the time from when a message was due until a member had it",
	}),
	{
		Name: "cpu_seconds_per_1k_at_rate", Title: "CPU time per 1,000 requests at a common rate",
		Stem:       "CPU time per 1,000 requests",
		Series:     "cpu seconds per 1k",
		Definition: "CPU seconds per 1,000 good answers (or deliveries) at a common rate",
		Unit:       "s", Measures: atRates, AtRate: true, Margin: 1.10, Steady: true, Better: bench.Lower,
		take: cpuPer1k,
	},
	{
		Name: "memory_bytes_at_rate", Title: "memory at a common rate", Stem: "memory", Series: "memory bytes",
		Definition: "memory of the whole server after a phase at a common rate",
		Unit:       "B", Measures: atRates, AtRate: true, Margin: 1.10, Better: bench.Lower,
		take: peakMemory,
	},
	{
		Name: "cold_start", Title: "cold start",
		Definition: "launch to the first good answer, geometric mean of a round's launches",
		Unit:       "s", Measures: footprint, Margin: 1.10, Better: bench.Lower,
		take: coldStart,
	},
	{
		Name: "idle_memory_bytes", Title: "idle memory",
		Definition: "memory of the whole server after its first answers, without load",
		Unit:       "B", Measures: footprint, Margin: 1.10, Better: bench.Lower,
		take: idleMemory,
	},
	{
		Name: "image_bytes", Title: "image size", Definition: "size of the container image with all its layers",
		Unit: "B", Measures: footprint, Margin: 1.10, Counted: true, Better: bench.Lower,
		take: imageSize,
	},
	{
		Name: "memory_per_connection", Title: "memory per held connection",
		Definition: "extra memory ÷ extra held connections",
		Unit:       "B", Measures: latency, AtRate: true, Margin: 1.10, Better: bench.Lower,
		take: peakMemory, relate: memoryPerConnection,
	},
	{
		Name: "speedup", Title: "speedup", Definition: "throughput, in tasks, relative to the base's",
		Measures: closed, Margin: 1.10, Steady: true, Better: bench.Higher, ClosedLoop: true,
		take: steadyRate, relate: speedup,
	},
	{
		Name: "efficiency", Title: "efficiency of scaling",
		Definition: "speedup ÷ how many times as many workers or parallel parts as the base has",
		Measures:   closed, Margin: 1.10, Steady: true, Better: bench.Higher, ClosedLoop: true,
		take: steadyRate, relate: efficiency,
	},
	{
		Name: "settings", Title: "settings changed from the quick start",
		Definition: "settings that differ from the framework's quick start",
		Margin:     1, Counted: true,
		fromEntry: func(t bench.Target) float64 { return float64(len(t.Settings)) },
	},
}

// percentile completes a metric that is a percentile of response or delivery time, in seconds.
func percentile(m Metric) Metric {
	m.Unit, m.AtRate, m.Steady, m.Better, m.take = "s", true, true, bench.Lower, quantile
	return m
}

func capacity(_ Metric, s Sample) (float64, error) {
	low, _, err := s.Capacity(s.Level)
	return low, err
}

func coldStart(_ Metric, s Sample) (float64, error) { return s.coldStart() }

func idleMemory(_ Metric, s Sample) (float64, error) {
	return known(s.Result.Idle, "no idle memory was measured")
}

func imageSize(_ Metric, s Sample) (float64, error) {
	return known(s.Result.Size, "a server that runs as a plain process has no image")
}

// known returns n, or an error if n is 0.
func known(n int64, why string) (float64, error) {
	if n == 0 {
		return 0, errors.New(why)
	}
	return float64(n), nil
}

// quantile reads a percentile from the spectrum of the phase.
func quantile(m Metric, s Sample) (float64, error) {
	result, p, err := s.Phase(m.Phase(s.Scenario, s.Level, s.Offered))
	if err != nil {
		return 0, err
	}
	for _, point := range p.Spectrum {
		if point.Q == m.Quantile {
			return point.Value.Seconds(), nil
		}
	}
	due := float64(p.Rate) * float64(s.Scenario.Workload.Answers()) * s.Lasts(result).Seconds()
	return 0, fmt.Errorf(
		"%s needs %.0f samples per trial, so that %d lie beyond it; at %s this profile makes about %.0f",
		m.Title,
		bench.BeyondQuantile/(1-m.Quantile),
		bench.BeyondQuantile,
		s.Offered,
		due,
	)
}

// answered returns the phase that a metric of good answers is taken from.
func answered(m Metric, s Sample) (bench.PhaseResult, bench.PhaseSummary, error) {
	id := m.Phase(s.Scenario, s.Level, s.Offered)
	result, p, err := s.Phase(id)
	if err == nil && p.Good == 0 {
		err = fmt.Errorf("%s has no good answer", id)
	}
	return result, p, err
}

func steadyRate(m Metric, s Sample) (float64, error) {
	_, p, err := answered(m, s)
	if err != nil {
		return 0, err
	}
	return float64(p.SteadyGood) / p.SteadyElapsed.Seconds(), nil
}

func cpuPer1k(m Metric, s Sample) (float64, error) {
	result, p, err := answered(m, s)
	if err != nil {
		return 0, err
	}
	return result.CPU.Seconds() / float64(p.Good) * 1000, nil
}

func coresUsed(m Metric, s Sample) (float64, error) {
	result, _, err := answered(m, s)
	if err != nil {
		return 0, err
	}
	return result.CPU.Seconds() / result.Drive.Elapsed.Seconds(), nil
}

func peakMemory(m Metric, s Sample) (float64, error) {
	result, _, err := answered(m, s)
	return float64(result.Memory), err
}

// ErrNoGrowth is in the error of a round in which memory did not grow with the held connections.
var ErrNoGrowth = errors.New("memory did not grow with the held connections")

func memoryPerConnection(of, base Sample, x, y float64) (float64, error) {
	extra := of.heldConnections() - base.heldConnections()
	if grown := x - y; grown > 0 && extra > 0 {
		return grown / extra, nil
	}
	return 0, ErrNoGrowth
}

func speedup(of, base Sample, x, y float64) (float64, error) {
	return x * of.parts() / (y * base.parts()), nil
}

func efficiency(of, base Sample, x, y float64) (float64, error) {
	return x * of.parts() / (y * base.parts() * (of.units() / base.units())), nil
}
