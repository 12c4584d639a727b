package metric

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// Metric is a number that a trial yields and a claim can be judged by.
type Metric struct {
	Name       string   // in claims and in JSON: "cpu_seconds_per_1k"
	Title      string   // for people: "memory at a common rate"
	Stem       string   // Title next to a known load: "memory"; empty if it is Title
	Series     string   // in files for other programs, next to a load: "memory bytes"; empty if it is Name in words
	Definition string   // what exactly is measured, in a few words
	Unit       string   // of the value: "1/s", "s", "B"; empty for a ratio or a count
	Measures   []string // the measures of a scenario that yield it; empty if none is needed
	AtRate     bool     // taken at each common rate
	Quantile   float64  // of the response or delivery time; 0 if the metric is not a percentile
	Margin     float64  // default margin of practical equality, as a ratio above 1
	Counted    bool     // counted, not measured: the same in every round
	Steady     bool     // describes a steady state, and needs one
	Better     string   // bench.Higher or bench.Lower; empty if it depends on the user's purpose
	// ClosedLoop marks the rate of a closed loop. If something other than the server may have set it,
	// it is a lower bound.
	ClosedLoop bool
	// Searched marks a rate found by a search, which the load generator's own limit may end.
	Searched bool

	// take reads the number from one trial. The error says why the trial has none.
	take func(Metric, Sample) (float64, error)
	// fromEntry counts something in a server's catalogue entry; nil if the number comes from trials.
	fromEntry func(bench.Target) float64
	// relate combines the numbers of a sample and of its base; nil if the metric needs no base, and then
	// a base divides.
	relate func(of, base Sample, x, y float64) (float64, error)
}

// NeedsBase reports whether the metric exists only relative to a base.
func (m Metric) NeedsBase() bool { return m.relate != nil }

// TitleAt returns the title with the load at which the number was taken: "memory at 500/s". It is Title if
// the load is empty.
func (m Metric) TitleAt(load bench.Offered) string {
	if at := load.String(); at != "" {
		return cmp.Or(m.Stem, m.Title, m.Name) + " at " + at
	}
	return cmp.Or(m.Title, m.Name)
}

// SeriesAt returns the name of the number in files for other programs: "memory bytes at 500/s". Those programs
// find the series of earlier runs by it, so it must not change, even if a title does.
func (m Metric) SeriesAt(load bench.Offered) string {
	series := cmp.Or(m.Series, strings.ReplaceAll(m.Name, "_", " "))
	if at := load.String(); at != "" {
		return series + " at " + at
	}
	return series
}

// Take returns the sample's number, in the metric's unit. The error says why there is none.
func (m Metric) Take(s Sample) (float64, error) {
	if m.take == nil {
		return 0, fmt.Errorf("%s does not come from trials", m.Name)
	}
	return m.take(m, s)
}

// Count returns the number of a server's catalogue entry; ok is false if the metric comes from trials.
func (m Metric) Count(t bench.Target) (n float64, ok bool) {
	if m.fromEntry == nil {
		return 0, false
	}
	return m.fromEntry(t), true
}

// Relate returns the number x of a sample relative to the number y of its base. The error says why the
// two have no relation; it wraps ErrNoGrowth if that is so because memory did not grow.
func (m Metric) Relate(of, base Sample, x, y float64) (float64, error) {
	if m.relate == nil {
		return x / y, nil
	}
	return m.relate(of, base, x, y)
}

// Offers returns the loads at which a trial of the scenario has a number for the metric. It is one
// empty Offered if the metric is not taken at a rate.
func (m Metric) Offers(s bench.Scenario, p bench.Profile) []bench.Offered {
	if m.AtRate {
		return p.Offers(s)
	}
	return []bench.Offered{{}}
}

// Phase returns the identity of the phase that the metric is taken from.
func (m Metric) Phase(s bench.Scenario, level string, at bench.Offered) bench.PhaseID {
	kind := bench.MeasureThroughput
	switch {
	case m.AtRate && s.Measures(bench.MeasureDelivery):
		kind = bench.MeasureDelivery
	case m.AtRate:
		kind = bench.MeasureLatency
	}
	return bench.PhaseID{Level: level, Kind: kind, Offered: at}
}

// All returns the known metrics, sorted by name.
func All() []Metric {
	return slices.SortedFunc(slices.Values(definitions), func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) })
}

// Columns returns the metrics that tables of a run show, in their order: those that one trial yields
// without a base.
func Columns() (list []Metric) {
	for _, m := range definitions {
		if m.take != nil && !m.NeedsBase() {
			list = append(list, m)
		}
	}
	return list
}

// Names returns the names of the known metrics, sorted.
func Names() []string {
	names := make([]string, 0, len(definitions))
	for _, m := range All() {
		names = append(names, m.Name)
	}
	return names
}

// Find returns the metric of that name. For an unknown name, which an old or foreign file may hold, it
// returns a Metric that has only the name.
func Find(name string) Metric {
	for _, m := range definitions {
		if m.Name == name {
			return m
		}
	}
	return Metric{Name: name}
}
