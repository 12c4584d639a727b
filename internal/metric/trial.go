package metric

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Trial is a valid trial with everything that metrics are taken from.
type Trial struct {
	Result   bench.TrialResult
	Summary  *bench.Summary // of the phases of Result, in the same order
	Scenario bench.Scenario
	Profile  bench.Profile
}

// Sample is a trial at one level and one offered load: what a metric takes one number from.
type Sample struct {
	*Trial
	Level   string
	Offered bench.Offered
}

// At returns the trial at a level and an offered load.
func (t *Trial) At(level string, offered bench.Offered) Sample { return Sample{t, level, offered} }

// Phase returns the phase of that identity, if it counts. The error says why it does not.
func (t *Trial) Phase(id bench.PhaseID) (bench.PhaseResult, bench.PhaseSummary, error) {
	i := slices.IndexFunc(t.Result.Phases, func(p bench.PhaseResult) bool { return p.ID == id })
	switch {
	case i < 0:
		return bench.PhaseResult{}, bench.PhaseSummary{}, t.absent(id.Level, "this profile has no phase "+id.String())
	case t.Result.Phases[i].Void != "":
		return bench.PhaseResult{}, bench.PhaseSummary{}, errors.New(t.Result.Phases[i].Void)
	}
	return t.Result.Phases[i], t.Summary.Phases[i], nil
}

// absent says why the trial lacks a phase of the level: the level was given up, or the reason given.
func (t *Trial) absent(level, otherwise string) error {
	for _, p := range t.Result.Phases {
		if p.Level == level && p.Measure == "" && p.Void != "" {
			return errors.New(p.Void)
		}
	}
	return errors.New(otherwise)
}

// Capacity returns the highest rate of answers per second that held in the level's search. It is a lower
// bound if the load generator reached its own limit before a higher rate failed, or at a rate inside the
// bracket.
func (t *Trial) Capacity(level string) (rate float64, lowerBound bool, err error) {
	search := bench.PhaseID{Level: level, Kind: bench.MeasureCapacity}
	var low, high float64
	var limited []float64 // rates at which the load generator was at its limit
	limit, probes := "", 0
	for i, p := range t.Result.Phases {
		if p.Probe == nil || p.Probe.Confirms || p.Probe.Search != search || p.Void != "" {
			continue
		}
		probes++
		rate := float64(p.Probe.Rate)
		switch held := t.Summary.Phases[i].Held; {
		case held:
			low = max(low, rate)
		case p.Probe.LimitedBy != "":
			limited, limit = append(limited, rate), p.Probe.LimitedBy
		case high == 0 || rate < high:
			high = rate
		}
	}
	inBracket := func(rate float64) bool { return rate > low && rate < high }
	lowerBound = high == 0 || slices.ContainsFunc(limited, inBracket)
	switch {
	case probes == 0:
		return 0, false, t.absent(level, "this profile does not search for capacities")
	case low == 0 && high == 0:
		return 0, false, fmt.Errorf("no rate held the SLO, because the load generator was at its limit: %s", limit)
	case low == 0:
		return 0, false, fmt.Errorf("no rate held the SLO; the lowest tried was %s", bench.Rate(high))
	}
	return low * float64(t.Scenario.Workload.Answers()), lowerBound, nil
}

// coldStart returns the geometric mean of the trial's launches, in seconds.
func (t *Trial) coldStart() (float64, error) {
	if len(t.Result.Starts) == 0 {
		return 0, errors.New("no cold start was measured")
	}
	sum := 0.0
	for _, d := range t.Result.Starts {
		sum += math.Log(d.Seconds())
	}
	return math.Exp(sum / float64(len(t.Result.Starts))), nil
}

// Lasts returns how long requests of a phase were due: as planned or, at a share of a capacity, as the
// rate requires.
func (t *Trial) Lasts(p bench.PhaseResult) time.Duration {
	if p.Rate > 0 {
		return t.Profile.Lasts(t.Scenario, p.Rate).Duration
	}
	for _, planned := range t.Result.Trial.Phases {
		if planned.ID == p.ID.Unrepeated() {
			return planned.Schedule.Duration.Duration
		}
	}
	return 0
}

// parts returns how many tasks one request of the sample's level consists of.
func (s Sample) parts() float64 {
	if l, ok := s.Scenario.Level(s.Level); ok && l.Units != "" {
		n, _ := strconv.ParseFloat(l.Units, 64) // the plan was validated
		return n
	}
	return 1
}

// units returns how many parts of the server could share the sample's work: tasks times workers.
func (s Sample) units() float64 { return s.parts() * s.Workers() }

// heldConnections returns the idle connections that the sample's level keeps open.
func (s Sample) heldConnections() float64 {
	l, _ := s.Scenario.Level(s.Level)
	return float64(l.HeldConnections)
}

// Workers returns the number of server processes that the trial's variant asks for, at least 1.
func (t *Trial) Workers() float64 {
	n := 1.
	for _, name := range []string{"WORKERS", bench.Replicas} {
		if k, err := strconv.Atoi(t.Result.Trial.Variant[name]); err == nil && k > 0 {
			n *= float64(k)
		}
	}
	return n
}
