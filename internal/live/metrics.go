// Package live shows a run while it runs: Prometheus metrics over HTTP.
package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/claimbench/claimbench/internal/bench"
)

// Metrics observes a run and serves what it sees at /metrics. Labels come from
// the plan only, never from what a server says.
type Metrics struct {
	server   *http.Server
	listener net.Listener

	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	cpu      *prometheus.GaugeVec
	memory   *prometheus.GaugeVec
	trials   *prometheus.CounterVec
	planned  prometheus.Gauge
	current  *prometheus.GaugeVec

	hits map[string]hitMetrics // of the current trial, by phase
}

// hitMetrics are looked up once a phase, so that a hit costs no label look-up.
type hitMetrics struct {
	byClass map[string]prometheus.Counter
	latency prometheus.Observer
}

var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

var armLabels = []string{"scenario", "target"}

// Listen serves the metrics of a run of the plan on the address.
func Listen(address string, p *bench.Plan) (*Metrics, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	m := &Metrics{
		listener: listener,
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
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.latency, m.cpu, m.memory, m.trials, m.planned, m.current,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.planned.Set(float64(len(p.Trials)))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go m.server.Serve(listener)
	return m, nil
}

// URL is where the metrics are served.
func (m *Metrics) URL() string { return "http://" + m.listener.Addr().String() + "/metrics" }

// Close stops serving.
func (m *Metrics) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := m.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return m.server.Close()
}

// Doing is of no use to metrics.
func (m *Metrics) Doing(string) {}

// Began marks the trial as the one that runs.
func (m *Metrics) Began(t bench.Trial) {
	m.hits = map[string]hitMetrics{}
	m.current.Reset()
	m.cpu.Reset()
	m.memory.Reset()
	m.current.WithLabelValues(t.Scenario, t.Target).Set(1)
}

// Hit counts a request.
func (m *Metrics) Hit(t bench.Trial, phase string, h bench.Hit) {
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

// Used shows the current server's usage.
func (m *Metrics) Used(t bench.Trial, u bench.Usage) {
	m.cpu.WithLabelValues(t.Scenario, t.Target).Set(u.CPU.Seconds())
	m.memory.WithLabelValues(t.Scenario, t.Target).Set(float64(u.Memory))
}

// Looked is of no use to metrics.
func (m *Metrics) Looked(int, string) {}

// Ended counts the trial.
func (m *Metrics) Ended(r bench.TrialResult) {
	m.trials.WithLabelValues(strconv.FormatBool(r.Valid), r.Trial.Scenario, r.Trial.Target).Inc()
	m.current.Reset()
}
