package live

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// series identifies a histogram by its labels.
type series struct{ phase, scenario, target string }

// histograms collects response times for Prometheus. It takes whole buckets from snapshots, which a
// prometheus.Histogram cannot.
type histograms struct {
	description *prometheus.Desc

	mu sync.Mutex
	of map[series]*histogram
}

type histogram struct {
	count  uint64
	sum    float64         // s
	counts [buckets]uint64 // by the buckets of a count
}

// bounds returns those of Prometheus's buckets, in seconds.
func bounds() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

func newHistograms() *histograms {
	return &histograms{
		of: map[series]*histogram{},
		description: prometheus.NewDesc("bench_response_time_seconds",
			"Response time of requests, from when they were due; a bucket's bound is exact to a sixteenth.",
			append([]string{"phase"}, armLabels()...), nil),
	}
}

// add adds what was counted between two snapshots of a phase.
func (h *histograms) add(of series, now, before *snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.of[of]
	if one == nil {
		one = &histogram{}
		h.of[of] = one
	}
	one.sum += (now.Sum - before.Sum).Seconds()
	for i, n := range now.Buckets {
		more := uint64(n - before.Buckets[i])
		one.count += more
		one.counts[i] += more
	}
}

// Describe implements prometheus.Collector.
func (h *histograms) Describe(to chan<- *prometheus.Desc) { to <- h.description }

// Collect implements prometheus.Collector.
func (h *histograms) Collect(to chan<- prometheus.Metric) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for of, one := range h.of {
		to <- prometheus.MustNewConstHistogram(h.description, one.count, one.sum, one.cumulative(),
			of.phase, of.scenario, of.target)
	}
}

// cumulative returns the number of requests up to each bound.
func (h *histogram) cumulative() map[float64]uint64 {
	list, seen, i := map[float64]uint64{}, uint64(0), 0
	for _, bound := range bounds() {
		for ; i < len(h.counts) && upper(i).Seconds() <= bound; i++ {
			seen += h.counts[i]
		}
		list[bound] = seen
	}
	return list
}
