package bench

import "sort"

// Metric is a number that a trial yields and a claim can be judged by.
type Metric struct {
	Name     string
	Unit     string  // of the value: "1/s", "s", "B"
	Measure  string  // the measure that yields it
	Quantile float64 // of the response time, 0 where the metric is no percentile
	Margin   float64 // default margin of equality, as a ratio above 1
	Title    string
}

// Metrics are the known metrics by name. A quantile is taken at each common
// rate; the others are taken over the closed loop.
var Metrics = map[string]Metric{
	"throughput": {Name: "throughput", Unit: "1/s", Measure: MeasureThroughput, Margin: 1.10,
		Title: "good answers a second, closed loop"},
	"cpu_seconds_per_1k": {Name: "cpu_seconds_per_1k", Unit: "s", Measure: MeasureThroughput, Margin: 1.10,
		Title: "CPU-seconds per 1,000 good answers, closed loop"},
	"memory_bytes": {Name: "memory_bytes", Unit: "B", Measure: MeasureThroughput, Margin: 1.10,
		Title: "largest memory of the whole server under load"},
	"p50": {Name: "p50", Unit: "s", Measure: MeasureLatency, Quantile: .50, Margin: 1.10,
		Title: "median response time at a common rate"},
	"p90": {Name: "p90", Unit: "s", Measure: MeasureLatency, Quantile: .90, Margin: 1.10,
		Title: "90th percentile of response time at a common rate"},
	"p99": {Name: "p99", Unit: "s", Measure: MeasureLatency, Quantile: .99, Margin: 1.25,
		Title: "99th percentile of response time at a common rate"},
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
