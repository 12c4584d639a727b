package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/slo"
)

// longestPhase is longer than any: what is said to be due or done later is no hit.
const longestPhase = 24 * time.Hour

// summarise reads the hits of a trial of the scenario.
func summarise(r *record.Run, result bench.TrialResult, scenario bench.Scenario) (*trial, error) {
	readers := map[string]*reader{}
	for _, phase := range result.Phases {
		p := &reader{timeout: scenario.Workload.Timeout.Duration, lags: hdrhistogram.New(1, int64(time.Hour), 3)}
		p.Name, p.Level, p.Rate = phase.Name, phase.Level, rateOf(result.Trial, phase)
		if scenario.SLO != nil {
			p.tally.SLO = *scenario.SLO
		}
		p.lasts = lasts(r.Plan.Profile, scenario, result.Trial, phase)
		p.Confirms = phase.Probe != nil && phase.Probe.Confirms && phase.Void == ""
		p.Measured = phase.Measure != "" && phase.Probe == nil && phase.Void == ""
		readers[phase.Name] = p
	}
	outside := 0
	err := r.EachHit(result.Trial, func(phase string, h bench.Hit) {
		if h.Due < 0 || h.Done < 0 || h.Due > longestPhase || h.Done > longestPhase {
			outside++
		} else if p := readers[phase]; p != nil {
			p.add(h)
		}
	})
	if err == nil && outside > 0 {
		err = fmt.Errorf("%d of its hits lie at times that no phase has", outside)
	}
	if err != nil {
		return nil, err
	}
	s := &bench.Summary{Trial: result.Trial}
	for _, phase := range result.Phases {
		s.Phases = append(s.Phases, readers[phase.Name].finish(phase.Drive.Censored))
	}
	result = counted(result, s)
	t := &trial{result: result, summary: s, scenario: scenario, profile: r.Plan.Profile}
	for _, l := range scenario.AllLevels() {
		for _, name := range bench.MetricNames() {
			m := bench.Metrics[name]
			if m.Based || !scenario.Measures(m.Measures...) {
				continue
			}
			for _, at := range offersOf(m, scenario, r.Plan.Profile) {
				if v, err := t.value(m, l.Name, at); err == nil {
					s.Values = append(s.Values, bench.Value{Metric: name, Level: l.Name, Offered: at, Value: v})
				}
			}
		}
	}
	return t, nil
}

// counted puts a phase that was made once more in the place of the first, in a copy of
// the result and in the summary.
func counted(result bench.TrialResult, s *bench.Summary) bench.TrialResult {
	result.Phases = slices.Clone(result.Phases)
	for i, p := range result.Phases {
		name, again := strings.CutSuffix(p.Name, bench.Again)
		if !again {
			continue
		}
		for j := range i {
			if result.Phases[j].Name == name {
				result.Phases[j].Name, s.Phases[j].Name = p.Name, p.Name
			}
		}
		result.Phases[i].Name, s.Phases[i].Name = name, name
	}
	return result
}

// rateOf is the rate that a phase was driven at: a probe's own, the share of a capacity, or as planned.
func rateOf(t bench.Trial, p bench.PhaseResult) bench.Rate {
	if p.Probe != nil {
		return p.Probe.Rate
	}
	if p.Rate > 0 {
		return p.Rate
	}
	for _, planned := range t.Phases {
		if planned.Name == strings.TrimSuffix(p.Name, bench.Again) {
			return planned.Schedule.Rate
		}
	}
	return 0
}

// offersOf are the loads at which a trial of the scenario has a number for the metric: none in particular
// where it is not taken at a rate.
func offersOf(m bench.Metric, s bench.Scenario, p bench.Profile) []bench.Offered {
	if m.AtRate {
		return p.Offers(s)
	}
	return []bench.Offered{{}}
}

// reader takes in the hits of one phase.
type reader struct {
	bench.PhaseSummary
	timeout time.Duration
	lasts   time.Duration // as planned
	series  series
	good    []int                   // answers, by the window in which they were done
	lags    *hdrhistogram.Histogram // nanoseconds
	tally   slo.Tally
}

func (p *reader) add(h bench.Hit) {
	p.tally.Add(h)
	if h.Err == bench.ErrStopped { // a probe ended
		return
	}
	p.Requests++
	p.Elapsed = max(p.Elapsed, h.Done)
	response := h.ResponseTime()
	if h.Good() {
		p.Good++
		p.answered(h.Done)
	} else {
		p.Failed++
		response = max(response, p.timeout)
	}
	if p.Rate > 0 || p.Measured {
		p.series.add(h.Due, response)
	}
	if p.Rate > 0 {
		p.lags.RecordValue(int64(h.Lag()))
	}
}

// answered counts a good answer in its window.
func (p *reader) answered(at time.Duration) {
	for w := int(at / window); w >= len(p.good); {
		p.good = append(p.good, 0)
	}
	p.good[at/window]++
}

// spectrum are the quantiles that are kept of a phase.
var spectrum = []float64{0, .05, .1, .2, .3, .4, .5, .6, .7, .75, .8, .85, .9, .925, .95, .96, .97, .98, .985, .99, .995, .999, .9999}

// finish sums the phase up: all of it or, where it has a steady state that begins later, what is
// from there on.
func (p *reader) finish(censored uint64) bench.PhaseSummary {
	p.Held = p.tally.Held()
	if p.Measured {
		p.Steady = p.series.steady(int(p.lasts / window))
	}
	from := 0
	if p.Steady.Reached() {
		from = int(p.Steady.From / window)
	}
	p.SteadyGood, p.SteadyElapsed = p.Good, p.Elapsed
	if from > 0 {
		p.SteadyGood, p.SteadyElapsed = 0, p.Elapsed-p.Steady.From
		for _, n := range p.good[min(from, len(p.good)):] {
			p.SteadyGood += n
		}
	}
	if p.Rate == 0 {
		return p.PhaseSummary
	}
	p.Requests += int(censored)
	whole := func(first int) *durations {
		responses := p.series.since(first)
		for range censored {
			responses.add(p.timeout)
		}
		responses.sort()
		return responses
	}
	responses := whole(from)
	p.LagP50, p.LagP99 = time.Duration(p.lags.ValueAtQuantile(50)), time.Duration(p.lags.ValueAtQuantile(99))
	for _, q := range spectrum {
		if from > 0 && !enough(responses.len(), q) && enough(p.Requests, q) && p.WholeFrom == 0 {
			responses, p.WholeFrom = whole(0), q
		}
		if enough(responses.len(), q) {
			p.Spectrum = append(p.Spectrum, bench.Point{Q: q, Value: responses.quantile(q)})
		}
	}
	return p.PhaseSummary
}

// enough reports whether bench.BeyondQuantile of n samples lie beyond q.
func enough(n int, q float64) bool {
	return math.Round(float64(n)*(1-q)*1e6) >= bench.BeyondQuantile*1e6
}

// value is the trial's number for a metric at a level, and at an offered load where it is taken
// at one. The error says why there is none.
func (t *trial) value(m bench.Metric, level string, at bench.Offered) (float64, error) {
	switch {
	case m.Name == "capacity":
		low, _, err := t.capacity(level)
		return low, err
	case m.Name == "cold_start":
		return t.coldStart()
	case m.Name == "idle_memory_bytes":
		return known(float64(t.result.Idle), "no idle memory was measured")
	case m.Name == "image_bytes":
		return known(float64(t.result.Size), "there is no image where servers run as plain processes")
	}
	name := bench.PhaseName(level, t.measure(m), at)
	result, p, err := t.phase(name)
	if err != nil {
		return 0, err
	}
	if m.Quantile > 0 {
		for _, point := range p.Spectrum {
			if point.Q == m.Quantile {
				return point.Value.Seconds(), nil
			}
		}
		return 0, fmt.Errorf("%s needs %.0f samples a trial, so that %d lie beyond it; at %s this profile makes about %.0f",
			m.Name, bench.BeyondQuantile/(1-m.Quantile), bench.BeyondQuantile, at,
			float64(p.Rate)*float64(t.scenario.Workload.Answers())*lasts(t.profile, t.scenario, t.result.Trial, result).Seconds())
	}
	if p.Good == 0 {
		return 0, fmt.Errorf("%s has no good answer", name)
	}
	switch m.Name {
	case "throughput", "speedup", "efficiency":
		return float64(p.SteadyGood) / p.SteadyElapsed.Seconds(), nil
	case "cpu_seconds_per_1k", "cpu_seconds_per_1k_at_rate":
		return result.CPU.Seconds() / float64(p.Good) * 1000, nil
	case "memory_bytes", "memory_bytes_at_rate", "memory_per_connection":
		return float64(result.Memory), nil
	case "cores_used":
		return result.CPU.Seconds() / result.Drive.Elapsed.Seconds(), nil
	}
	return 0, fmt.Errorf("unknown metric %q", m.Name)
}

// measure is what the phase measures that a metric is from.
func (t *trial) measure(m bench.Metric) string {
	switch {
	case !m.AtRate:
		return bench.MeasureThroughput
	case t.scenario.Measures(bench.MeasureDelivery):
		return bench.MeasureDelivery
	}
	return bench.MeasureLatency
}

func known(x float64, why string) (float64, error) {
	if x == 0 {
		return 0, errors.New(why)
	}
	return x, nil
}

// phase is the one of that name, if it counts.
func (t *trial) phase(name string) (bench.PhaseResult, bench.PhaseSummary, error) {
	i := slices.IndexFunc(t.result.Phases, func(p bench.PhaseResult) bool { return p.Name == name })
	switch {
	case i < 0:
		level, _, _ := strings.Cut(name, "/")
		return bench.PhaseResult{}, bench.PhaseSummary{}, t.absent(level, "this profile has no phase "+name)
	case t.result.Phases[i].Void != "":
		return bench.PhaseResult{}, bench.PhaseSummary{}, errors.New(t.result.Phases[i].Void)
	}
	return t.result.Phases[i], t.summary.Phases[i], nil
}

// absent is why the trial lacks a phase of the level: the level was given up, or else.
func (t *trial) absent(level, otherwise string) error {
	for _, p := range t.result.Phases {
		if p.Level == level && p.Measure == "" && p.Void != "" {
			return errors.New(p.Void)
		}
	}
	return errors.New(otherwise)
}

// capacity is the highest rate of answers that held, by the hits of the level's search.
// Where no rate is known that did not hold, since the instrument came to its limit, it
// or where a rate between the two was met by that limit, it is a lower bound: open.
func (t *trial) capacity(level string) (low float64, open bool, err error) {
	search := bench.PhaseName(level, bench.MeasureCapacity, bench.Offered{})
	var high float64
	var limited []float64 // rates at which the instrument was at its limit
	limit, probes := "", 0
	for i, p := range t.result.Phases {
		if p.Probe == nil || p.Probe.Confirms || p.Probe.Search != search || p.Void != "" {
			continue
		}
		probes++
		rate := float64(p.Probe.Rate)
		switch held := t.summary.Phases[i].Held; {
		case held:
			low = max(low, rate)
		case p.Probe.Limit != "":
			limited, limit = append(limited, rate), p.Probe.Limit
		case high == 0 || rate < high:
			high = rate
		}
	}
	open = high == 0 || slices.ContainsFunc(limited, func(rate float64) bool { return rate > low && rate < high })
	switch {
	case probes == 0:
		return 0, false, t.absent(level, "this profile does not search for capacities")
	case low == 0 && high == 0:
		return 0, false, fmt.Errorf("no rate held the SLO, but by the instrument's limit: %s", limit)
	case low == 0:
		return 0, false, fmt.Errorf("no rate held the SLO; the lowest tried was %s", bench.Rate(high))
	}
	return low * float64(t.scenario.Workload.Answers()), open, nil
}

// coldStart is the geometric mean of the trial's launches.
func (t *trial) coldStart() (float64, error) {
	if len(t.result.Starts) == 0 {
		return 0, errors.New("no cold start was measured")
	}
	sum := 0.0
	for _, d := range t.result.Starts {
		sum += math.Log(d.Seconds())
	}
	return math.Exp(sum / float64(len(t.result.Starts))), nil
}

// lasts is how long requests of a phase were due.
func lasts(profile bench.Profile, s bench.Scenario, t bench.Trial, p bench.PhaseResult) time.Duration {
	if p.Rate > 0 {
		return profile.Lasts(s, p.Rate).Duration
	}
	for _, planned := range t.Phases {
		if planned.Name == strings.TrimSuffix(p.Name, bench.Again) {
			return planned.Schedule.Duration.Duration
		}
	}
	return 0
}
