package runner

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/bench"
)

// watch follows a phase for its gates.
type watch struct {
	lag, response *hdrhistogram.Histogram // nanoseconds
	residence     time.Duration           // sum over requests of done - sent
	requests      uint64                  // that were sent to the server
	exhausted     uint64                  // that this machine had no descriptor or port for
	throttled     time.Duration           // of servers and generator; negative where it is not known
	stolen        time.Duration           // from their CPUs; negative where it is not known
	cpus          int                     // of the generator
	all           int                     // CPUs of both
}

func newWatch() *watch {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1000, int64(10*time.Minute), 3) }
	return &watch{lag: histogram(), response: histogram()}
}

func (w *watch) hit(h bench.Hit) {
	if h.Err == bench.ErrStopped {
		return
	}
	w.lag.RecordValue(int64(h.Lag()))
	w.response.RecordValue(int64(h.ResponseTime()))
	if h.Err == bench.ErrExhausted {
		w.exhausted++
	}
	if h.Err != bench.ErrInflight {
		w.residence += h.Latency()
		w.requests++
	}
}

// gates are the figures of a measured phase, with the limits that the plan sets.
// capacity is the generator's certified one in requests a second, 0 where it is
// not known. Where servers share the generator's CPUs, its use of all of them is limited
// in a closed loop as well.
func (w *watch) gates(p bench.PhaseResult, s bench.Schedule, limits bench.Gates, capacity float64, shared bool) []bench.Gate {
	var list []bench.Gate
	most := func(name, unit string, value, limit float64) {
		list = append(list, bench.Gate{Name: name, Value: value, Limit: limit, Unit: unit, OK: limit == 0 || value <= limit})
	}
	onlyOpen := func(limit float64) float64 {
		if s.OpenLoop() {
			return limit
		}
		return 0
	}
	d := p.Drive
	seconds := max(d.Elapsed.Seconds(), 1e-9)
	// In a closed loop what is planned is what is sent, but for what could not be.
	sent := float64(d.Sent-w.exhausted) / float64(max(d.Planned, 1))
	list = append(list, bench.Gate{Name: bench.GateSent, Value: sent, Limit: limits.Sent, OK: sent >= limits.Sent})
	rate := float64(d.Sent) / seconds
	if s.OpenLoop() {
		limit := limits.Lag.Seconds()
		if limit > 0 {
			limit = max(limit, limits.LagShare*float64(w.response.ValueAtQuantile(50))/1e9)
		}
		most(bench.GateLag, "s", float64(w.lag.ValueAtQuantile(99))/1e9, limit)
		rate = float64(s.Rate)
	}
	if shared {
		// What it uses is missing from servers, of all the CPUs that they share with it.
		most(bench.GateGenerator, "", d.Generator.Seconds()/seconds/float64(max(w.all, 1)), limits.Generator)
	} else {
		most(bench.GateGenerator, "", d.Generator.Seconds()/seconds/float64(max(w.cpus, 1)), onlyOpen(limits.Generator))
	}
	if capacity > 0 {
		most(bench.GateLoad, "", rate/capacity, onlyOpen(limits.Load))
	}
	if value, limit, ok := w.little(d, limits.Little); ok {
		most(bench.GateLittle, "", value, limit)
	}
	most(bench.GateClock, "s", d.ClockStep.Seconds(), limits.ClockStep.Seconds())
	// The kernel counts stolen time in steps of 10 ms: up to two of them are no evidence.
	if w.stolen >= 0 {
		most(bench.GateStolen, "", max(w.stolen-20*time.Millisecond, 0).Seconds()/seconds/float64(max(w.all, 1)), limits.Stolen)
	}
	if w.throttled >= 0 {
		most(bench.GateThrottled, "", w.throttled.Seconds()/seconds, limits.Throttled)
	}
	if p.Calls["upstream"] > 0 {
		most(bench.GateLate, "s", p.Late.Seconds(), onlyOpen(limits.Late.Seconds()))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		cpus := max(w.cpus, 1)
		if name == proxy {
			cpus = 1
		}
		most(bench.GateService, "", p.Services[name].Seconds()/seconds/float64(cpus), onlyOpen(limits.Service))
	}
	return list
}

// little holds the mean number of requests in flight, as it was sampled, against
// the rate times the mean time that a request took (Little 1961), its wait for
// this program to wake included. The samples' own error, four standard errors, is
// allowed beside the limit: it is known from twenty batches only.
func (w *watch) little(d bench.DriveStats, limit float64) (difference, allowed float64, ok bool) {
	if d.FlightError < 0 || d.MeanFlight <= 0 || d.Elapsed <= 0 {
		return 0, 0, false
	}
	held := w.residence.Seconds() + float64(w.requests)*d.Wake.Seconds()
	difference = math.Abs(d.MeanFlight-held/d.Elapsed.Seconds()) / d.MeanFlight
	if limit > 0 {
		limit += 4 * d.FlightError / d.MeanFlight
	}
	return difference, limit, true
}
