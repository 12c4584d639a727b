package load

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// drive is what the attackers of one drive share.
type drive struct {
	ctx     context.Context
	s       bench.Schedule
	wire    *wire.Transport
	request *wire.Request
	expect  bench.Expect
	cap     int64 // most requests in flight
	hits    *ledger

	start time.Time
	epoch int64 // start by the wall clock, in nanoseconds since 1970

	inflight  atomic.Int64
	peak      atomic.Int64
	wake      atomic.Int64 // sum of Seen - Done over answers
	answers   atomic.Int64
	unstamped atomic.Uint64
	retried   atomic.Uint64
	checked   atomic.Uint64
	wrong     atomic.Pointer[string]

	stop chan struct{}
	seen chan flight
}

// connect dials connections ahead of the first request, for a burst such as
// follows a stall of 10 ms in an open loop, so that few requests have to wait for
// one. What goes wrong here will show in the requests.
func (d *drive) connect() {
	n := d.s.Connections
	if d.s.Open() {
		n = min(1+int(float64(d.s.Rate)/100), mostAhead, int(d.cap))
	}
	ctx, cancel := context.WithTimeout(d.ctx, time.Second)
	defer cancel()
	d.wire.Open(ctx, d.request, n)
}

// mostAhead is how many connections an open loop dials ahead at most.
const mostAhead = 256

func (d *drive) begin() {
	d.start = time.Now()
	d.epoch = d.start.UnixNano()
	d.stop, d.seen = make(chan struct{}), make(chan flight)
	go d.sample()
}

// end fills in what is known of the drive once all its hits have come.
func (d *drive) end(stats *bench.DriveStats) {
	close(d.stop)
	f := <-d.seen
	stats.MeanFlight, stats.FlightError = f.mean()
	stats.ClockStep = f.step
	stats.MaxFlight = d.peak.Load()
	stats.Planned = stats.Sent
	if d.s.Open() {
		within := d.s.Duration.Duration
		if d.ctx.Err() != nil { // what was not yet due is not missed
			within = time.Since(d.start)
		}
		stats.Planned = max(planned(d.s, within), stats.Sent)
	}
	stats.Censored = stats.Planned - stats.Sent
	stats.Unstamped, stats.Retried, stats.Checked = d.unstamped.Load(), d.retried.Load(), d.checked.Load()
	stats.Clock = bench.ClockUser
	if n := d.answers.Load(); n > 0 {
		stats.Wake = time.Duration(d.wake.Load() / n)
		if stats.Unstamped == 0 {
			stats.Clock = bench.ClockKernel
		}
	}
	if wrong := d.wrong.Load(); wrong != nil {
		stats.FirstWrong = *wrong
	}
}

// flight is what sample saw.
type flight struct {
	counts []int64
	step   time.Duration
}

// sampling is how often the requests in flight are counted.
const sampling = 10 * time.Millisecond

// sample counts the requests in flight, and watches for steps of the wall clock
// against the monotonic one, until the drive ends.
func (d *drive) sample() {
	ticker := time.NewTicker(sampling)
	defer ticker.Stop()
	var f flight
	for {
		select {
		case <-ticker.C:
			f.counts = append(f.counts, d.inflight.Load())
			f.step = max(f.step, d.stepped().Abs())
		case <-d.stop:
			f.step = max(f.step, d.stepped().Abs())
			d.seen <- f
			return
		}
	}
}

// stepped is how far the wall clock has moved against the monotonic one since the
// start. The two are read one after the other, so of several readings the least counts.
func (d *drive) stepped() time.Duration {
	least := time.Duration(math.MaxInt64)
	for range 5 {
		now := time.Now()
		if step := time.Duration(now.UnixNano()-d.epoch) - now.Sub(d.start); step.Abs() < least.Abs() {
			least = step
		}
	}
	return least
}

// batches is how many batches the samples of the requests in flight are cut into
// for their standard error: neighbouring samples may be of the same request.
const batches = 20

// mean is the mean of the samples with its standard error, by batch means.
func (f flight) mean() (mean, standardError float64) {
	n := len(f.counts)
	if n == 0 {
		return 0, -1
	}
	for _, c := range f.counts {
		mean += float64(c)
	}
	mean /= float64(n)
	size := n / batches
	if size == 0 {
		return mean, -1
	}
	for b := range batches {
		sum := 0.0
		for _, c := range f.counts[b*size : (b+1)*size] {
			sum += float64(c)
		}
		standardError += math.Pow(sum/float64(size)-mean, 2)
	}
	return mean, math.Sqrt(standardError / (batches - 1) / batches)
}
