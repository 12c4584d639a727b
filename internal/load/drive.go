package load

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/timer"
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
	cut       atomic.Int64 // when the context ended, since the start; 0 where it has not
	forget    func() bool  // ends the watch for that

	timers  []*timer.Timer // all, to be closed should the drive not begin
	sampler *timer.Timer
	stop    chan struct{}
	seen    chan flight
}

// connect dials connections ahead of the first request. In an open loop they are
// those that the schedule wants open, which are used in turn; or, where it names none,
// as many as a burst takes such as follows a stall of 10 ms: what goes wrong with
// those will show in the requests.
func (d *drive) connect() error {
	n, dialled := d.s.Connections, d.wire.Dialled()
	held := d.s.OpenLoop() && n > 0
	defer d.wire.InTurn(held)
	d.wire.InTurn(false)
	patience := time.Second
	switch {
	case held:
		if most := mostOpen(); int64(n) > most {
			return fmt.Errorf("%w: %d connections are to be open, but the limit on open files leaves %d", ErrDescriptors, n, most)
		}
		patience = 30 * time.Second
		d.wire.Trim(d.request, n)
	case d.s.OpenLoop():
		n = min(1+int(float64(d.s.Rate)/100), mostAhead, int(d.cap))
	default:
		d.wire.Trim(d.request, n)
	}
	ctx, cancel := context.WithTimeout(d.ctx, patience)
	defer cancel()
	// A server's queue of new connections is short. One that was dialled last and is
	// answered shows that it has taken all before it.
	for open := backlog; held && open < n; open += backlog {
		err := d.wire.DialIdle(ctx, d.request, open)
		if err == nil {
			_, err = d.wire.Exchange(ctx, d.request, nil)
		}
		if err != nil {
			return fmt.Errorf("open %d of %d connections: %w", open, n, err)
		}
	}
	err := d.wire.DialIdle(ctx, d.request, n)
	if !held {
		return nil
	}
	// Each new one is used once: what server and generator make of it is no part of what
	// is measured.
	d.wire.InTurn(true)
	for i := 0; i < n && err == nil && d.wire.Dialled() > dialled; i++ {
		_, err = d.wire.Exchange(ctx, d.request, nil)
	}
	if err != nil {
		return fmt.Errorf("open %d connections: %w", n, err)
	}
	return nil
}

// backlog is how many connections are dialled before the server must have taken them:
// fewer than servers let wait.
const backlog = 250

// mostAhead is how many connections an open loop dials ahead at most, where it names none.
const mostAhead = 256

func (d *drive) begin() {
	d.start = together()
	d.epoch = d.start.UnixNano()
	d.forget = context.AfterFunc(d.ctx, func() { d.cut.CompareAndSwap(0, int64(time.Since(d.start))) })
	d.stop, d.seen = make(chan struct{}), make(chan flight)
	go d.sample()
}

// end fills in what is known of the drive once all its hits have come.
func (d *drive) end(stats *bench.DriveStats) {
	close(d.stop)
	d.forget()
	f := <-d.seen
	stats.MeanFlight, stats.FlightError = f.mean()
	stats.ClockStep = f.step
	stats.MaxFlight = d.peak.Load()
	stats.Planned = stats.Sent
	if d.s.OpenLoop() {
		within := d.s.Duration.Duration
		if d.ctx.Err() != nil { // what was not yet due then is not missed
			within = time.Duration(d.cut.Load())
		}
		stats.Planned = max(planned(d.s, within), stats.Sent)
	}
	stats.Censored = stats.Planned - stats.Sent
	d.tell(stats)
}

// tell fills in what was counted of the answers.
func (d *drive) tell(stats *bench.DriveStats) {
	stats.Unstamped, stats.Retried, stats.Checked = d.unstamped.Load(), d.retried.Load(), d.checked.Load()
	stats.Clock = bench.ClockUser
	if n := d.answers.Load(); n > 0 {
		stats.Wake = time.Duration(d.wake.Load() / n)
		if stats.Unstamped <= uint64(n)/1000 {
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

// sampling is how long it is from one count of the requests in flight to the next,
// in the mean. The times between are random (exponential), since regular ones could
// fall in step with regular arrivals; a random observer sees the mean over time.
const sampling = 10 * time.Millisecond

// sample counts the requests in flight, and watches for steps of the wall clock
// against the monotonic one, until the drive ends.
func (d *drive) sample() {
	defer d.sampler.Close()
	random := rand.New(rand.NewPCG(d.s.Seed, 0x5851f42d4c957f2d))
	var f flight
	for {
		d.sampler.Sleep(min(time.Duration(random.ExpFloat64()*float64(sampling)), 10*sampling))
		f.step = max(f.step, d.stepped().Abs())
		select {
		case <-d.stop:
			d.seen <- f
			return
		default:
			f.counts = append(f.counts, d.inflight.Load())
		}
	}
}

// stepped is how far the wall clock has moved against the monotonic one since the start.
func (d *drive) stepped() time.Duration {
	now := together()
	return time.Duration(now.UnixNano()-d.epoch) - now.Sub(d.start)
}

// together is a reading of the wall clock and the monotonic one, which are read one
// after the other: of several, the one with the least time between the two.
func together() time.Time {
	best := time.Now()
	for range 4 {
		now := time.Now()
		if time.Duration(now.UnixNano()-best.UnixNano()) > now.Sub(best) { // the monotonic one came sooner after
			best = now
		}
	}
	return best
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
