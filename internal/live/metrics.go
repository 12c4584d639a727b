package live

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/claimbench/claimbench/internal/bench"
)

// metrics are Prometheus's. Labels come from the plan only, never from what a server says.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	cpu      *prometheus.GaugeVec
	memory   *prometheus.GaugeVec
	trials   *prometheus.CounterVec
	planned  prometheus.Gauge
	current  *prometheus.GaugeVec
	gates    *prometheus.CounterVec

	hits map[string]hitMetrics // of the current trial, by phase
}

// hitMetrics are looked up once a phase, so that a hit costs no label look-up.
type hitMetrics struct {
	byClass map[string]prometheus.Counter
	latency prometheus.Observer
}

var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

var armLabels = []string{"scenario", "target"}

func newMetrics(p *bench.Plan) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bench_requests_total", Help: "Requests made, by class of status code (2xx, ... or error).",
		}, append([]string{"phase", "code_class"}, armLabels...)),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bench_response_time_seconds", Help: "Response time of requests, from when they were due.",
			Buckets: buckets, NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
		}, append([]string{"phase"}, armLabels...)),
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
	}
	for _, gate := range bench.GateNames {
		m.gates.WithLabelValues(gate)
	}
	m.registry.MustRegister(m.requests, m.latency, m.cpu, m.memory, m.trials, m.planned, m.current, m.gates,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.planned.Set(float64(len(p.Trials)))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// began marks the trial as the one that runs.
func (m *metrics) began(t bench.Trial) {
	m.hits = map[string]hitMetrics{}
	m.current.Reset()
	m.cpu.Reset()
	m.memory.Reset()
	m.current.WithLabelValues(t.Scenario, t.Target).Set(1)
}

// hit counts a request.
func (m *metrics) hit(t bench.Trial, phase string, h bench.Hit) {
	if h.Err == bench.ErrStopped { // with its probe
		return
	}
	of, ok := m.hits[phase]
	if !ok {
		of = hitMetrics{map[string]prometheus.Counter{}, m.latency.WithLabelValues(phase, t.Scenario, t.Target)}
		m.hits[phase] = of
	}
	class := "error"
	if h.Code > 0 {
		class = strconv.Itoa(h.Code/100) + "xx"
	}
	counter, ok := of.byClass[class]
	if !ok {
		counter = m.requests.WithLabelValues(phase, class, t.Scenario, t.Target)
		of.byClass[class] = counter
	}
	counter.Inc()
	of.latency.Observe(h.ResponseTime().Seconds())
}

// used shows the current server's usage.
func (m *metrics) used(t bench.Trial, u bench.Usage) {
	m.cpu.WithLabelValues(t.Scenario, t.Target).Set(u.CPU.Seconds())
	m.memory.WithLabelValues(t.Scenario, t.Target).Set(float64(u.Memory))
}

// ended counts the trial.
func (m *metrics) ended(r bench.TrialResult) {
	m.trials.WithLabelValues(strconv.FormatBool(r.Valid), r.Trial.Scenario, r.Trial.Target).Inc()
	m.current.Reset()
	for _, p := range r.Phases {
		for _, g := range p.Gates {
			if !g.OK && p.Probe == nil {
				m.gates.WithLabelValues(g.Name).Inc()
			}
		}
	}
}
