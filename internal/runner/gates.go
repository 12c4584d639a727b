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
	requests      uint64                  // sent to the server
	exhausted     uint64                  // requests for which this machine had no descriptor or port
	throttled     time.Duration           // of servers and load generator; negative if unknown
	stolen        time.Duration           // from their CPUs; negative if unknown
	cpus          int                     // of the load generator
	all           int                     // CPUs of both
}

func newWatch() *watch {
	histogram := func() *hdrhistogram.Histogram {
		return hdrhistogram.New(1000, int64(10*time.Minute), 3)
	}
	return &watch{lag: histogram(), response: histogram()}
}

func (w *watch) hit(h bench.Hit) {
	if h.Err == bench.ErrStopped {
		return
	}
	// A value beyond the histogram's range is left out; no phase lasts that long.
	_ = w.lag.RecordValue(int64(h.Lag()))
	_ = w.response.RecordValue(int64(h.ResponseTime()))
	if h.Err == bench.ErrExhausted {
		w.exhausted++
	}
	if h.Err != bench.ErrInflight {
		w.residence += h.Latency()
		w.requests++
	}
}

// conditions holds what the gates of a phase depend on besides its figures.
type conditions struct {
	schedule       bench.Schedule
	limits         bench.Gates
	certified      float64 // the load generator's capacity in requests per second; 0 if unknown
	shared         bool    // servers share the load generator's CPUs
	calledUpstream bool
	oneThread      map[string]bool // services that run on one thread
}

// inOpenLoop returns the limit in an open loop, and none in a closed one.
func (c conditions) inOpenLoop(limit float64) float64 {
	if c.schedule.OpenLoop() {
		return limit
	}
	return 0
}

// gates returns the figures of a measured phase, with the limits that the plan sets.
func (w *watch) gates(p bench.PhaseResult, c conditions) (list []bench.Gate) {
	atMost := func(name, unit string, value, limit float64) {
		list = append(list, bench.Gate{
			Name: name, Unit: unit, Value: value, Limit: limit,
			OK: limit == 0 || value <= limit,
		})
	}
	d := p.Drive
	seconds := max(d.Elapsed.Seconds(), 1e-9)
	// In a closed loop the planned requests are those that were sent, and those that could not be.
	sent := float64(d.Sent-w.exhausted) / float64(max(d.Planned, 1))
	list = append(list, bench.Gate{Name: bench.GateSent, Value: sent, Limit: c.limits.Sent, OK: sent >= c.limits.Sent})
	rate := float64(d.Sent) / seconds
	if c.schedule.OpenLoop() {
		atMost(bench.GateLag, "s", float64(w.lag.ValueAtQuantile(99))/1e9, w.lagLimit(c.limits))
		rate = float64(c.schedule.Rate)
	}
	if c.shared {
		// Whatever the load generator uses, the servers lack, of all the CPUs that they share with it.
		used := d.Generator.Seconds() / seconds / float64(max(w.all, 1))
		atMost(bench.GateGenerator, "", used, c.limits.Generator)
	} else {
		used := d.Generator.Seconds() / seconds / float64(max(w.cpus, 1))
		atMost(bench.GateGenerator, "", used, c.inOpenLoop(c.limits.Generator))
	}
	if c.certified > 0 {
		atMost(bench.GateLoad, "", rate/c.certified, c.inOpenLoop(c.limits.Load))
	}
	if value, limit, ok := w.little(d, c.limits.Little); ok {
		atMost(bench.GateLittle, "", value, limit)
	}
	atMost(bench.GateClock, "s", d.ClockStep.Seconds(), c.limits.ClockStep.Seconds())
	// The kernel counts stolen time in steps of 10 ms: up to two of them prove nothing.
	if w.stolen >= 0 {
		stolen := max(w.stolen-20*time.Millisecond, 0).Seconds() / seconds / float64(max(w.all, 1))
		atMost(bench.GateStolen, "", stolen, c.limits.Stolen)
	}
	if w.throttled >= 0 {
		atMost(bench.GateThrottled, "", w.throttled.Seconds()/seconds, c.limits.Throttled)
	}
	if c.calledUpstream {
		atMost(bench.GateLate, "s", p.Late.Seconds(), c.inOpenLoop(c.limits.Late.Seconds()))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		cpus := max(w.cpus, 1)
		if c.oneThread[name] {
			cpus = 1
		}
		used := p.Services[name].Seconds() / seconds / float64(cpus)
		atMost(bench.GateService, "", used, c.inOpenLoop(c.limits.Service))
	}
	return list
}

// lagLimit returns the most lag that is allowed at the 99th percentile, in seconds.
func (w *watch) lagLimit(limits bench.Gates) float64 {
	limit := limits.Lag.Seconds()
	if limit == 0 {
		return 0
	}
	return max(limit, limits.LagShare*float64(w.response.ValueAtQuantile(50))/1e9)
}

// little compares the mean number of requests in flight, as sampled, with the rate times the mean time
// that a request took, including its wait for this program to wake (Little 1961). Four standard errors of
// the samples are allowed in addition to the limit; that error is known from twenty batches only.
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
