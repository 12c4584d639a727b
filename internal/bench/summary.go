package bench

import "time"

// Summary condenses the raw hits of one valid trial.
type Summary struct {
	Trial  Trial
	Phases []PhaseSummary
	Values []Value // every metric that the trial yields
}

// PhaseSummary condenses the raw hits of one phase.
type PhaseSummary struct {
	ID       PhaseID
	Level    string
	Measured bool // not a warm-up, and not a probe of a search
	Rate     Rate // at which it was driven; 0 in a closed loop
	Confirms bool // it tried the capacity that an earlier launch had
	Requests int  // due; in a closed loop those sent
	Good     int
	Failed   int
	Held     bool          // within the scenario's SLO, if it has one
	Elapsed  time.Duration // start of the phase to the last answer
	Steady   Steady
	// SteadyGood counts the good answers of the steady state, and SteadyElapsed is the time that they took. Both
	// are of the whole phase if it is steady from its start, or never.
	SteadyGood    int
	SteadyElapsed time.Duration
	// Spectrum holds rising quantiles of the response time in the steady state; BeyondQuantile samples or more
	// lie beyond each. A failed, censored or timed-out request enters at the timeout, so that a fast refusal
	// cannot improve a percentile. It is empty in a closed loop, whose response times say nothing about users.
	Spectrum []Point
	// WholeFrom is the lowest quantile that had to be taken from the whole phase, because the steady state has
	// too few samples; 0 for none.
	WholeFrom float64
	// LagP50 and LagP99 are percentiles of the load generator's lag, to three digits; 0 in a closed loop.
	LagP50, LagP99 time.Duration
}

// Steady describes the steady state of a phase: its last segment, within which the medians of short windows
// stay the same.
type Steady struct {
	Windows int           // that were examined; 0 if the phase was too short
	From    time.Duration // start of the last segment
	Share   float64       // of the phase that it covers
}

// SteadyShare is the smallest share of a phase that its steady segment must cover.
const SteadyShare = .5

// Examined reports whether the phase was long enough to be examined.
func (s Steady) Examined() bool { return s.Windows > 0 }

// Reached reports whether an examined phase has a steady state.
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
	LowerBound bool // the true value is at least this
	Unsteady   bool // it describes a steady state, and its phase has none
	// Error is how much the load generator may have added to a percentile, in the metric's unit.
	Error float64
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
