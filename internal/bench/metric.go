package bench

import "sort"

// Metric is a number that a trial yields and a claim can be judged by.
type Metric struct {
	Name     string
	Unit     string   // of the value: "1/s", "s", "B"; "" for a ratio or a count
	Measures []string // the measures that yield it
	AtRate   bool     // there is one at each common rate
	Quantile float64  // of the response or delivery time, 0 where the metric is no percentile
	Margin   float64  // default margin of equality, as a ratio above 1
	Based    bool     // it is relative to the test's base, and needs one
	Exact    bool     // counted, not measured: the same in every round
	Steady   bool     // it tells of a steady state, and takes one
	Better   string   // Higher or Lower; empty where it depends on what one wants
	Title    string
}

var (
	closed    = []string{MeasureThroughput, MeasureScaling, MeasureParallelism}
	atRates   = []string{MeasureLatency, MeasureDelivery}
	latency   = []string{MeasureLatency}
	delivery  = []string{MeasureDelivery}
	footprint = []string{MeasureFootprint}
)

// Metrics are the known metrics by name.
var Metrics = byName(
	Metric{Name: "throughput", Steady: true, Better: Higher, Unit: "1/s", Measures: closed, Margin: 1.10,
		Title: "good answers a second, closed loop"},
	Metric{Name: "capacity", Better: Higher, Unit: "1/s", Measures: []string{MeasureCapacity}, Margin: 1.10,
		Title: "highest rate of good answers (or deliveries) within the SLO"},
	Metric{Name: "cpu_seconds_per_1k", Steady: true, Better: Lower, Unit: "s", Measures: closed, Margin: 1.10,
		Title: "CPU-seconds per 1,000 good answers, closed loop"},
	Metric{Name: "memory_bytes", Better: Lower, Unit: "B", Measures: closed, Margin: 1.10,
		Title: "largest memory of the whole server under load"},
	Metric{Name: "cpu_seconds_per_1k_at_rate", Steady: true, Better: Lower, Unit: "s", Measures: atRates, AtRate: true, Margin: 1.10,
		Title: "CPU-seconds per 1,000 good answers (or deliveries) at a common rate"},
	Metric{Name: "memory_bytes_at_rate", Better: Lower, Unit: "B", Measures: atRates, AtRate: true, Margin: 1.10,
		Title: "memory of the whole server after a phase at a common rate"},
	Metric{Name: "memory_per_connection", Better: Lower, Unit: "B", Measures: latency, AtRate: true, Based: true, Margin: 1.10,
		Title: "memory that each further open connection takes"},
	Metric{Name: "p50", Steady: true, Better: Lower, Unit: "s", Measures: latency, AtRate: true, Quantile: .50, Margin: 1.10,
		Title: "median response time at a common rate"},
	Metric{Name: "p90", Steady: true, Better: Lower, Unit: "s", Measures: latency, AtRate: true, Quantile: .90, Margin: 1.10,
		Title: "90th percentile of response time at a common rate"},
	Metric{Name: "p99", Steady: true, Better: Lower, Unit: "s", Measures: latency, AtRate: true, Quantile: .99, Margin: 1.25,
		Title: "99th percentile of response time at a common rate"},
	Metric{Name: "delivery_p50", Steady: true, Better: Lower, Unit: "s", Measures: delivery, AtRate: true, Quantile: .50, Margin: 1.10,
		Title: "median time from when a message was due until a member had it"},
	Metric{Name: "delivery_p90", Steady: true, Better: Lower, Unit: "s", Measures: delivery, AtRate: true, Quantile: .90, Margin: 1.10,
		Title: "90th percentile of the time from when a message was due until a member had it"},
	Metric{Name: "delivery_p99", Steady: true, Better: Lower, Unit: "s", Measures: delivery, AtRate: true, Quantile: .99, Margin: 1.25,
		Title: "99th percentile of the time from when a message was due until a member had it"},
	Metric{Name: "cores_used", Steady: true, Measures: closed, Margin: 1.10,
		Title: "CPU-seconds a second, closed loop"},
	Metric{Name: "speedup", Steady: true, Better: Higher, Measures: closed, Based: true, Margin: 1.10,
		Title: "throughput relative to the base's"},
	Metric{Name: "efficiency", Steady: true, Better: Higher, Measures: closed, Based: true, Margin: 1.10,
		Title: "speed-up over how many times the base's workers or parallel parts there are"},
	Metric{Name: "cold_start", Better: Lower, Unit: "s", Measures: footprint, Margin: 1.10,
		Title: "launch to the first good answer, geometric mean of a round's launches"},
	Metric{Name: "idle_memory_bytes", Better: Lower, Unit: "B", Measures: footprint, Margin: 1.10,
		Title: "memory of the whole server after its first answers, idle"},
	Metric{Name: "image_bytes", Better: Lower, Unit: "B", Measures: footprint, Margin: 1.10, Exact: true,
		Title: "size of the container image"},
	Metric{Name: "settings", Margin: 1, Exact: true,
		Title: "settings changed from the framework's quick start"},
)

func byName(list ...Metric) map[string]Metric {
	metrics := map[string]Metric{}
	for _, m := range list {
		metrics[m.Name] = m
	}
	return metrics
}

// MetricNames are the names of the known metrics, sorted.
func MetricNames() []string {
	names := make([]string, 0, len(Metrics))
	for name := range Metrics {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// BeyondQuantile is how many samples must lie beyond a percentile for it to be
// reported.
const BeyondQuantile = 100
