package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// summarise reads the hits of a trial.
func summarise(r *record.Run, result bench.TrialResult, timeout time.Duration) (*bench.Summary, error) {
	readers := map[string]*reader{}
	for _, phase := range result.Trial.Phases {
		readers[phase.Name] = &reader{timeout: timeout, lags: hdrhistogram.New(1, int64(time.Hour), 3), PhaseSummary: bench.PhaseSummary{Name: phase.Name, Rate: phase.Schedule.Rate}}
	}
	for _, phase := range result.Phases {
		if p := readers[phase.Name]; p != nil && p.Rate > 0 {
			p.responses.grow(phase.Drive.Planned)
		}
	}
	err := r.EachHit(result.Trial, func(phase string, h bench.Hit) {
		if p := readers[phase]; p != nil {
			p.add(h)
		}
	})
	if err != nil {
		return nil, err
	}
	s := &bench.Summary{Trial: result.Trial}
	for _, phase := range result.Phases {
		if p := readers[phase.Name]; p != nil {
			s.Phases = append(s.Phases, p.finish(phase.Drive.Censored))
		}
	}
	for _, m := range bench.MetricNames() {
		for _, rate := range rates(s, bench.Metrics[m]) {
			if v, err := value(s, result, bench.Metrics[m], rate); err == nil {
				s.Values = append(s.Values, bench.Value{Metric: m, Rate: rate, Value: v})
			}
		}
	}
	return s, nil
}

// rates are those at which the trial may have a number for the metric.
func rates(s *bench.Summary, m bench.Metric) []bench.Rate {
	if m.Quantile == 0 {
		return []bench.Rate{0}
	}
	var list []bench.Rate
	for _, p := range s.Phases {
		if p.Rate > 0 {
			list = append(list, p.Rate)
		}
	}
	return list
}

// reader takes in the hits of one phase.
type reader struct {
	bench.PhaseSummary
	timeout   time.Duration
	responses durations
	lags      *hdrhistogram.Histogram // nanoseconds
}

func (p *reader) add(h bench.Hit) {
	p.Requests++
	p.Elapsed = max(p.Elapsed, h.Done)
	response := h.ResponseTime()
	if h.Good() {
		p.Good++
	} else {
		p.Failed++
		response = max(response, p.timeout)
	}
	if p.Rate > 0 {
		p.responses.add(response)
		p.lags.RecordValue(int64(h.Lag()))
	}
}

// spectrum are the quantiles that are kept of a phase.
var spectrum = []float64{0, .05, .1, .2, .3, .4, .5, .6, .7, .75, .8, .85, .9, .925, .95, .96, .97, .98, .985, .99, .995, .999, .9999}

func (p *reader) finish(censored uint64) bench.PhaseSummary {
	if p.Rate == 0 {
		return p.PhaseSummary
	}
	for range censored {
		p.Requests++
		p.responses.add(p.timeout)
	}
	p.responses.sort()
	p.LagP50, p.LagP99 = time.Duration(p.lags.ValueAtQuantile(50)), time.Duration(p.lags.ValueAtQuantile(99))
	for _, q := range spectrum {
		if enough(p.Requests, q) {
			p.Spectrum = append(p.Spectrum, bench.Point{Q: q, Value: p.responses.quantile(q)})
		}
	}
	return p.PhaseSummary
}

// enough reports whether bench.BeyondQuantile of n samples lie beyond q.
func enough(n int, q float64) bool {
	return math.Round(float64(n)*(1-q)*1e6) >= bench.BeyondQuantile*1e6
}

// value is the trial's number for a metric, at a rate where it is a percentile.
// The error says why there is none.
func value(s *bench.Summary, result bench.TrialResult, m bench.Metric, rate bench.Rate) (float64, error) {
	if m.Quantile > 0 {
		p, ok := s.Phase(bench.LatencyPhase(rate))
		if !ok {
			return 0, fmt.Errorf("this profile does not measure latency at %s", rate)
		}
		for _, point := range p.Spectrum {
			if point.Q == m.Quantile {
				return point.Value.Seconds(), nil
			}
		}
		return 0, fmt.Errorf("%s needs %.0f requests a trial, so that %d lie beyond it; at %s this profile makes about %.0f",
			m.Name, bench.BeyondQuantile/(1-m.Quantile), bench.BeyondQuantile, rate, float64(rate)*phaseSeconds(s.Trial, p.Name))
	}
	p, ok := s.Phase(bench.MeasureThroughput)
	if !ok || p.Good == 0 {
		return 0, fmt.Errorf("the closed loop has no good answer")
	}
	i := slices.IndexFunc(result.Phases, func(r bench.PhaseResult) bool { return r.Name == bench.MeasureThroughput })
	switch m.Name {
	case "throughput":
		return float64(p.Good) / p.Elapsed.Seconds(), nil
	case "cpu_seconds_per_1k":
		return result.Phases[i].CPU.Seconds() / float64(p.Good) * 1000, nil
	case "memory_bytes":
		return float64(result.Phases[i].Memory), nil
	}
	return 0, fmt.Errorf("unknown metric %q", m.Name)
}

func phaseSeconds(t bench.Trial, name string) float64 {
	for _, p := range t.Phases {
		if p.Name == name {
			return p.Schedule.Duration.Seconds()
		}
	}
	return 0
}
