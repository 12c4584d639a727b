package live

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/claimbench/claimbench/internal/bench"
)

// metrics are Prometheus's. Labels come from the plan only, never from what a server says.
type metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	latency  *latencies
	cpu      *prometheus.GaugeVec
	memory   *prometheus.GaugeVec
	trials   *prometheus.CounterVec
	planned  prometheus.Gauge
	current  *prometheus.GaugeVec
	gates    *prometheus.CounterVec
	spent    prometheus.Counter

	trial   bench.Trial
	last    snapshot      // of the phase that is driven
	charged time.Duration // that spent holds
}

var armLabels = []string{"scenario", "target"}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bench_requests_total", Help: "Requests made, by class of status code (2xx, ... or error).",
		}, append([]string{"phase", "code_class"}, armLabels...)),
		latency: newLatencies(),
		cpu: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bench_target_cpu_seconds", Help: "CPU time the current server has used since its launch.",
		}, armLabels),
		memory: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bench_target_memory_bytes", Help: "Memory of the current server with all its processes.",
		}, armLabels),
		trials: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bench_trials_total", Help: "Trials that have ended, by whether they are valid.",
		}, append([]string{"valid"}, armLabels...)),
		planned: prometheus.NewGauge(prometheus.GaugeOpts{Name: "bench_trials_planned", Help: "Trials that the plan holds."}),
		current: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "bench_trial_running", Help: "1 for the trial that is running.",
		}, armLabels),
		gates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bench_gate_failures_total", Help: "Phases in which the instrument was at fault, by gate.",
		}, []string{"gate"}),
		spent: prometheus.NewCounter(prometheus.CounterOpts{Name: "bench_generator_cpu_seconds_total", Help: "CPU time of the load generator's process."}),
	}
	for _, gate := range bench.GateNames {
		m.gates.WithLabelValues(gate)
	}
	m.registry.MustRegister(m.requests, m.latency, m.cpu, m.memory, m.trials, m.planned, m.current, m.gates, m.spent)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

func (m *metrics) told(what message) {
	if what.Run != nil {
		m.planned.Set(float64(what.Run.Trials))
	}
	if t := what.Began; t != nil {
		m.trial, m.last = *t, snapshot{}
		m.current.Reset()
		m.cpu.Reset()
		m.memory.Reset()
		m.current.WithLabelValues(t.Scenario, t.Target).Set(1)
	}
	if s := what.Counted; s != nil {
		if s.Phase != m.last.Phase || s.answers() < m.last.answers() {
			m.last = snapshot{Phase: s.Phase}
		}
		for class, n := range s.Classes {
			if more := n - m.last.Classes[class]; more > 0 {
				name := "error"
				if class > 0 {
					name = strconv.Itoa(class) + "xx"
				}
				m.requests.WithLabelValues(s.Phase.String(), name, m.trial.Scenario, m.trial.Target).Add(float64(more))
			}
		}
		m.latency.add([3]string{s.Phase.String(), m.trial.Scenario, m.trial.Target}, s, &m.last)
		m.last = *s
	}
	if more := what.Spent - m.charged; what.Spent > 0 && more > 0 {
		m.spent.Add(more.Seconds())
		m.charged = what.Spent
	}
	if u := what.Used; u != nil {
		m.cpu.WithLabelValues(m.trial.Scenario, m.trial.Target).Set(u.CPU.Seconds())
		m.memory.WithLabelValues(m.trial.Scenario, m.trial.Target).Set(float64(u.Memory))
	}
	if r := what.Ended; r != nil {
		m.trials.WithLabelValues(strconv.FormatBool(r.Valid), r.Trial.Scenario, r.Trial.Target).Inc()
		m.current.Reset()
		for _, p := range r.Phases {
			for _, g := range p.Gates {
				if !g.OK {
					m.gates.WithLabelValues(g.Name).Inc()
				}
			}
		}
	}
}

// latencies is a histogram that is told whole buckets.
type latencies struct {
	description *prometheus.Desc
	mu          sync.Mutex
	of          map[[3]string]*histogram // by phase, scenario and target
}

type histogram struct {
	count uint64
	sum   float64            // seconds
	below [64 * steps]uint64 // by count's buckets
}

// bounds are those of Prometheus's buckets, in seconds.
var bounds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newLatencies() *latencies {
	return &latencies{of: map[[3]string]*histogram{}, description: prometheus.NewDesc("bench_response_time_seconds",
		"Response time of requests, from when they were due; its buckets are exact to a sixteenth.", append([]string{"phase"}, armLabels...), nil)}
}

func (l *latencies) add(labels [3]string, s, before *snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of[labels]
	if h == nil {
		h = &histogram{}
		l.of[labels] = h
	}
	h.sum += (s.Sum - before.Sum).Seconds()
	for i, n := range s.Buckets {
		more := uint64(n - before.Buckets[i])
		h.count += more
		h.below[i] += more
	}
}

// Describe is for Prometheus.
func (l *latencies) Describe(to chan<- *prometheus.Desc) { to <- l.description }

// Collect is for Prometheus.
func (l *latencies) Collect(to chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for labels, h := range l.of {
		buckets, seen, i := map[float64]uint64{}, uint64(0), 0
		for _, bound := range bounds {
			for ; i < len(h.below) && upper(i).Seconds() <= bound; i++ {
				seen += h.below[i]
			}
			buckets[bound] = seen
		}
		to <- prometheus.MustNewConstHistogram(l.description, h.count, h.sum, buckets, labels[:]...)
	}
}
