package plan

import (
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Profiles lists the known profiles, from the shortest to the longest.
var Profiles = []bench.Profile{
	{
		Name: "demo", Rounds: 3,
		Warmup: seconds(.4), Measure: seconds(.6), Rates: 1,
		Launches: 1,
	},
	{
		Name: "quick", Rounds: 5,
		Warmup: seconds(.3), Measure: seconds(.8), Stretch: seconds(5), Rates: 1, Tiers: 1,
		Probe: seconds(.6), Resolution: .06, Launches: 2,
	},
	{
		Name: "ci", Rounds: 10, Evidence: true,
		Warmup: seconds(1), Measure: seconds(3), Stretch: seconds(5), Rates: 1, Tiers: 1,
		Probe: seconds(1), Resolution: .04, Launches: 2,
	},
	{
		Name: "evidence", Rounds: 30, Looks: []int{10, 20, 30}, Evidence: true,
		Warmup: seconds(1.5), Measure: seconds(3), Stretch: seconds(15), Rates: 1,
		Shares: []bench.Percent{.25, .5, .75},
		Probe:  seconds(2), Resolution: .02, Launches: 2,
	},
}

func seconds(s float64) bench.Duration {
	return bench.Duration{Duration: time.Duration(s * float64(time.Second))}
}

// StandardGates are the gates of every plan that does not switch them off.
var StandardGates = bench.Gates{
	Sent:      .99,
	Lag:       bench.Duration{Duration: time.Millisecond},
	LagShare:  .05,
	Generator: .7,
	Load:      .7,
	Little:    .02,
	ClockStep: bench.Duration{Duration: 50 * time.Microsecond},
	Stolen:    .02,
	Throttled: .01,
	Late:      bench.Duration{Duration: time.Millisecond},
	Service:   .7,
}
