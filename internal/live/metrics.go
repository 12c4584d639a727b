package live

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/claimbench/claimbench/internal/bench"
)

// metrics exports the run to Prometheus. Labels come from the plan, never from a server.
type metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	latency  *histograms
	cpu      *prometheus.GaugeVec
	memory   *prometheus.GaugeVec
	trials   *prometheus.CounterVec
	planned  prometheus.Gauge
	current  *prometheus.GaugeVec
	gates    *prometheus.CounterVec
	spent    prometheus.Counter

	trial   bench.Trial
	last    snapshot      // of the current phase
	charged time.Duration // the part of the CPU time that spent has
}

// armLabels returns the labels that name an arm.
func armLabels() []string { return []string{"scenario", "target"} }

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		latency:  newHistograms(),
		requests: counters("bench_requests_total", "Requests made, by class of status code: 2xx or another, or error.",
			append([]string{"phase", "code_class"}, armLabels()...)),
		cpu:    gauges("bench_target_cpu_seconds", "CPU time that the current server has used since its launch."),
		memory: gauges("bench_target_memory_bytes", "Memory of the current server with all its processes."),
		trials: counters("bench_trials_total", "Finished trials, by whether they are valid.",
			append([]string{"valid"}, armLabels()...)),
		planned: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bench_trials_planned",
			Help: "Trials in the plan.",
		}),
		current: gauges("bench_trial_running", "1 for the current trial."),
		gates: counters("bench_gate_failures_total", "Phases that the load generator spoiled, by gate.",
			[]string{"gate"}),
		spent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bench_generator_cpu_seconds_total",
			Help: "CPU time of the load generator's process.",
		}),
	}
	for _, gate := range bench.GateNames {
		m.gates.WithLabelValues(gate)
	}
	m.registry.MustRegister(m.requests, m.latency, m.cpu, m.memory, m.trials, m.planned, m.current, m.gates, m.spent)
	return m
}

func counters(name, help string, labels []string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: name,
		Help: help,
	}, labels)
}

// gauges returns a gauge for each arm.
func gauges(name, help string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: name,
		Help: help,
	}, armLabels())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// apply changes the metrics by an update.
func (m *metrics) apply(u update) {
	if u.Run != nil {
		m.planned.Set(float64(u.Run.Trials))
	}
	if t := u.Began; t != nil {
		m.trial, m.last = *t, snapshot{}
		m.current.Reset()
		m.cpu.Reset()
		m.memory.Reset()
		m.current.WithLabelValues(t.Scenario, t.Target).Set(1)
	}
	if u.Counted != nil {
		m.count(u.Counted)
	}
	if more := u.Spent - m.charged; u.Spent > 0 && more > 0 {
		m.spent.Add(more.Seconds())
		m.charged = u.Spent
	}
	if used := u.Used; used != nil {
		m.cpu.WithLabelValues(m.trial.Scenario, m.trial.Target).Set(used.CPU.Seconds())
		m.memory.WithLabelValues(m.trial.Scenario, m.trial.Target).Set(float64(used.Memory))
	}
	if u.Ended != nil {
		m.endTrial(u.Ended)
	}
}

// count adds what a snapshot has more than the last one of its phase.
func (m *metrics) count(s *snapshot) {
	if s.Phase != m.last.Phase || s.answers() < m.last.answers() {
		m.last = snapshot{Phase: s.Phase}
	}
	of := series{
		phase:    s.Phase.String(),
		scenario: m.trial.Scenario,
		target:   m.trial.Target,
	}
	for class, n := range s.Classes {
		if more := n - m.last.Classes[class]; more > 0 {
			name := "error"
			if class > 0 {
				name = strconv.Itoa(class) + "xx"
			}
			m.requests.WithLabelValues(of.phase, name, of.scenario, of.target).Add(float64(more))
		}
	}
	m.latency.add(of, s, &m.last)
	m.last = *s
}

func (m *metrics) endTrial(r *bench.TrialResult) {
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
