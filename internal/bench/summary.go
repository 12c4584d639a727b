package bench

import "time"

// Summary is what the raw hits of one valid trial say.
type Summary struct {
	Trial  Trial
	Phases []PhaseSummary
	Values []Value // every metric that the trial yields
}

// PhaseSummary is what the raw hits of one phase say.
type PhaseSummary struct {
	ID       PhaseID
	Level    string
	Measured bool // it is no warm-up and no probe of a search
	Rate     Rate // that it was driven at; 0 in a closed loop
	Confirms bool // it tried the capacity of an earlier launch
	Requests int  // due; in a closed loop those sent
	Good     int
	Failed   int
	Held     bool          // within the scenario's SLO, if it has one
	Elapsed  time.Duration // start of the phase to the last answer
	Steady   Steady
	// SteadyGood are the good answers from the begin of its steady state on, or of all of it where that
	// is the begin or there is none; SteadyElapsed is the time that they took.
	SteadyGood    int
	SteadyElapsed time.Duration
	// Spectrum holds rising quantiles of the response time in the steady state, as far as BeyondQuantile
	// samples lie beyond them. A failed, censored or timed-out request enters at the
	// timeout, so that a fast refusal cannot improve a percentile. It is empty in a
	// closed loop, whose response times say nothing about users.
	Spectrum []Point
	// WholeFrom is the quantile from which on Spectrum is of the whole phase, since the steady state
	// has too few samples for it; 0 for none.
	WholeFrom float64
	// LagP50 and LagP99 are the instrument's own lateness, to three digits; 0 in a closed loop.
	LagP50, LagP99 time.Duration
}

// Steady is what was found of a phase's steady state: its last segment, within which the
// medians of short windows stay the same.
type Steady struct {
	Windows int           // that were looked at; 0 where the phase was too short
	From    time.Duration // begin of the last segment
	Share   float64       // of the phase that it covers
}

// SteadyShare is the least share of a phase that its steady segment must cover.
const SteadyShare = .5

// Examined reports whether the phase was long enough to be looked at.
func (s Steady) Examined() bool { return s.Windows > 0 }

// Reached reports whether what was looked at has a steady state.
func (s Steady) Reached() bool { return s.Examined() && s.Share >= SteadyShare }

// Point is a quantile q, from 0 to 1, with its value.
type Point struct {
	Q     float64       `json:"q"`
	Value time.Duration `json:"value_ns"`
}

// Value is a trial's number for a metric, in the metric's unit.
type Value struct {
	Metric string
	Level  string
	Offered
	Value      float64
	LowerBound bool    // it is known from below only
	Unsteady   bool    // the phase that it is of has no steady state, and it tells of one
	Error      float64 // what the instrument may have added, in the metric's unit; of percentiles
}

// Phase returns the summary of that phase.
func (s *Summary) Phase(id PhaseID) (PhaseSummary, bool) {
	for _, p := range s.Phases {
		if p.ID == id {
			return p, true
		}
	}
	return PhaseSummary{}, false
}

// Value returns the trial's number for a metric at a level and an offered load.
func (s *Summary) Value(metric, level string, at Offered) (Value, bool) {
	for _, v := range s.Values {
		if v.Metric == metric && v.Level == level && v.Offered == at {
			return v, true
		}
	}
	return Value{}, false
}

// BeyondQuantile is how many samples must lie beyond a percentile for it to be reported.
const BeyondQuantile = 100
