package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/slo"
)

// longestPhase is longer than any phase: a hit that claims to be due or done later is not a hit.
const longestPhase = 24 * time.Hour

// summarize reads the hits of a trial of the scenario, and takes every metric that the trial has.
func summarize(r *record.Run, result bench.TrialResult, scenario bench.Scenario) (*metric.Trial, error) {
	t := &metric.Trial{
		Result:   result,
		Summary:  &bench.Summary{Trial: result.Trial},
		Scenario: scenario,
		Profile:  r.Plan.Profile,
	}
	if err := readPhases(r, t); err != nil {
		return nil, err
	}
	t.Result = counted(t.Result, t.Summary)
	for _, l := range scenario.AllLevels() {
		for _, m := range metric.All() {
			if m.NeedsBase() || !scenario.Measures(m.Measures...) {
				continue
			}
			for _, at := range m.Offers(scenario, t.Profile) {
				if v, err := m.Take(t.At(l.Name, at)); err == nil {
					t.Summary.Values = append(t.Summary.Values,
						bench.Value{Metric: m.Name, Level: l.Name, Offered: at, Value: v})
				}
			}
		}
	}
	return t, nil
}

// readPhases reads the hits of the trial, and appends a summary of each phase to the trial's.
func readPhases(r *record.Run, t *metric.Trial) error {
	readers := map[string]*reader{}
	for _, phase := range t.Result.Phases {
		p := &reader{
			timeout: t.Scenario.Workload.Timeout.Duration,
			lags:    hdrhistogram.New(1, int64(time.Hour), 3),
			lasts:   t.Lasts(phase),
		}
		p.ID, p.Level, p.Rate = phase.ID, phase.Level, rateOf(t.Result.Trial, phase)
		if t.Scenario.SLO != nil {
			p.tally.SLO = *t.Scenario.SLO
		}
		p.Confirms = phase.Probe != nil && phase.Probe.Confirms && phase.Void == ""
		p.Measured = phase.Measure != "" && phase.Probe == nil && phase.Void == ""
		readers[phase.ID.String()] = p
	}
	outside := 0
	err := r.EachHit(t.Result.Trial, func(phase string, h bench.Hit) {
		if h.Due < 0 || h.Done < 0 || h.Due > longestPhase || h.Done > longestPhase {
			outside++
		} else if p := readers[phase]; p != nil {
			p.add(h)
		}
	})
	if err == nil && outside > 0 {
		err = fmt.Errorf("%d of its hits lie outside any possible phase", outside)
	}
	if err != nil {
		return err
	}
	for _, phase := range t.Result.Phases {
		summary := readers[phase.ID.String()].finish(phase.Drive.Censored)
		t.Summary.Phases = append(t.Summary.Phases, summary)
	}
	return nil
}

// counted puts each repeated phase in the place of the one that it repeats, in the summary and in the
// copy of the result that it returns.
func counted(result bench.TrialResult, s *bench.Summary) bench.TrialResult {
	result.Phases = slices.Clone(result.Phases)
	for i, p := range result.Phases {
		if !p.ID.Repeated {
			continue
		}
		first := p.ID.Unrepeated()
		for k := range i {
			if result.Phases[k].ID == first {
				result.Phases[k].ID, s.Phases[k].ID = p.ID, p.ID
			}
		}
		result.Phases[i].ID, s.Phases[i].ID = first, first
	}
	return result
}

// rateOf returns the rate that a phase was driven at: a probe's own, that of a share of a capacity, or
// the planned one. It is 0 in a closed loop.
func rateOf(t bench.Trial, p bench.PhaseResult) bench.Rate {
	if p.Probe != nil {
		return p.Probe.Rate
	}
	if p.Rate > 0 {
		return p.Rate
	}
	for _, planned := range t.Phases {
		if planned.ID == p.ID.Unrepeated() {
			return planned.Schedule.Rate
		}
	}
	return 0
}

// reader condenses the hits of one phase.
type reader struct {
	bench.PhaseSummary
	timeout time.Duration
	lasts   time.Duration // as planned
	series  series
	good    []int                   // good answers, by the window in which they were done
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
		_ = p.lags.RecordValue(int64(h.Lag())) // beyond an hour it is left out
	}
}

// answered counts a good answer in its window.
func (p *reader) answered(at time.Duration) {
	for w := int(at / window); w >= len(p.good); {
		p.good = append(p.good, 0)
	}
	p.good[at/window]++
}

// spectrum lists the quantiles that are kept of a phase.
var spectrum = []float64{
	0, .05, .1, .2, .3, .4, .5, .6, .7, .75, .8, .85, .9,
	.925, .95, .96, .97, .98, .985, .99, .995, .999, .9999,
}

// finish summarizes the phase: all of it or, if a steady state starts later, the part from there on.
// censored requests were due but never sent; they enter at the timeout.
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
	p.LagP50 = time.Duration(p.lags.ValueAtQuantile(50))
	p.LagP99 = time.Duration(p.lags.ValueAtQuantile(99))
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
