package runner

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/slo"
	"github.com/claimbench/claimbench/internal/target"
)

// bracket closes in on the highest rate that holds: it doubles the rate until one does
// not hold (or halves it until one does), then bisects on the log scale. Where it
// begins at a rate that is likely near, its first steps are small.
type bracket struct {
	low, high  float64 // highest that held, lowest that did not; 0 where there is none
	next       float64
	step       float64
	resolution float64 // high/low - 1 at which it ends
}

func newBracket(start float64, near bool, resolution float64) *bracket {
	b := &bracket{next: start, step: 2, resolution: resolution}
	if near {
		b.step = 1 + 1.5*resolution
	}
	return b
}

// add tells whether the rate asked for has held.
func (b *bracket) add(held bool) {
	if held {
		b.low = b.next
	} else {
		b.high = b.next
	}
	switch {
	case b.low > 0 && b.high > 0:
		b.next = math.Sqrt(b.low * b.high)
	case held:
		b.next *= b.step
	default:
		b.next /= b.step
	}
	b.step = min(b.step*b.step, 2)
}

func (b *bracket) done() bool { return b.low > 0 && b.high > 0 && b.high <= b.low*(1+b.resolution) }

// mostProbes ends a search that finds no bracket, and leastRate one whose probes would
// have no requests.
const (
	mostProbes = 24
	leastRate  = 5
)

// search finds the server's capacity at the level: probe after probe, each a phase of its own, drained
// between. Before that, the capacity that the last launch showed is tried on this one: what was the
// highest of many rates that were tried may have been so by luck. A probe that fails by the
// instrument's own limit is made once more; then the search ends, and the capacity is known from below
// only.
func (c *Conductor) search(ctx context.Context, d drive) (list []bench.PhaseResult, err error) {
	scenario, _ := c.Plan.Scenario(d.trial.Scenario)
	cell := bench.Cell{Arm: d.trial.Arm(), Level: d.phase.Level}
	last := c.capacities[cell]
	// The start is moved by chance, so that rounds do not all try the very same rates.
	random := rand.New(rand.NewPCG(d.phase.Schedule.Seed, uint64(len(cell.String()))))
	resolution := float64(c.Plan.Profile.Resolution)
	start := float64(d.phase.Schedule.Rate)
	if last > 0 {
		start = last
	}
	if last > 0 {
		confirm, held, err := c.probe(ctx, d, scenario, 0, bench.Rate(last))
		confirm.Probe.Confirms = true
		list = append(list, confirm)
		if err != nil {
			return list, err
		}
		if !held {
			c.drain(ctx, d)
		}
	}
	b := newBracket(start*math.Exp((random.Float64()-.5)*resolution), last > 0, resolution)
	again, void := false, 0
	for n := 1; n <= mostProbes && !b.done() && b.next >= leastRate; n++ {
		rate := bench.Rate(math.Round(b.next*100) / 100)
		result, held, err := c.probe(ctx, d, scenario, n, rate)
		list = append(list, result)
		if err != nil {
			return list, err
		}
		if result.Void != "" { // it shows nothing; perhaps the next one does
			if void++; void > 1 {
				break
			}
			continue
		}
		if result.Probe.Limit != "" && !held {
			if again {
				break
			}
			again = true
			continue
		}
		again = false
		b.add(held)
		if !held {
			c.drain(ctx, d)
		}
	}
	if b.low > 0 {
		c.capacities[cell] = b.low
	}
	return list, nil
}

// probe tries one rate.
func (c *Conductor) probe(ctx context.Context, d drive, s bench.Scenario, n int, rate bench.Rate) (result bench.PhaseResult, held bool, err error) {
	search := d.phase.ID
	d.phase.ID.Probe, d.phase.ID.Offered = n+1, bench.Offered{Rate: rate}
	d.phase.Schedule.Rate = rate
	d.phase.Schedule.Seed += uint64(n)
	tally, own := slo.Tally{SLO: *s.SLO}, slo.Tally{SLO: *s.SLO}
	decided := newDoubt(&tally)
	d.watching = func(h bench.Hit) bool {
		unhurried := h
		unhurried.Due = h.Sent // as if the instrument had been on time
		own.Add(unhurried)
		return decided.hit(h)
	}
	result, err = d.make(ctx)
	held = tally.Held()
	result.Probe = &bench.Probe{Search: search, Rate: rate, Held: held}
	if err != nil {
		return result, held, err
	}
	if !held {
		result.Probe.Limit = atLimit(result, own.Held())
	}
	// What the gates say has been weighed; and that nothing was good is what a rate beyond
	// capacity may be like.
	if _, fault := atFault(result); fault {
		result.Void = amiss(result, d.work.Workload)
	}
	if result.GoodHits == 0 && result.FailedHits > 0 && c.services.Alive(ctx, d.work.needs) == nil {
		result.Void = ""
	}
	return result, held, nil
}

// atLimit says what of the instrument kept a probe from holding: its lag, if the rate
// held by the time from when requests were sent; or its CPU or a service's, or what was
// taken from them. What else the gates look at is not steady at a rate beyond capacity.
func atLimit(p bench.PhaseResult, byLatency bool) string {
	for _, g := range p.Gates {
		switch g.Name {
		case bench.GateSent, bench.GateLittle:
		case bench.GateLag:
			if byLatency {
				return g.String()
			}
		default:
			if !g.OK {
				return g.String()
			}
		}
	}
	return ""
}

// drain waits until a server that was given more than it can do answers in time again.
func (c *Conductor) drain(ctx context.Context, d drive) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && ctx.Err() == nil; {
		if d.work.Driver != bench.DriverHTTP {
			time.Sleep(200 * time.Millisecond)
			return
		}
		began := time.Now()
		if _, err := target.Ask(ctx, client, d.server.URL(), d.work.Workload); err == nil && time.Since(began) < 50*time.Millisecond {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// doubt ends a probe whose batches of 100 ms leave no doubt that its rate does not hold.
type doubt struct {
	tally *slo.Tally
	until time.Duration // end of the batch
}

func newDoubt(t *slo.Tally) *doubt { return &doubt{t, batch} }

const batch = 100 * time.Millisecond

// hit counts a hit, and reports whether the probe is to go on.
func (d *doubt) hit(h bench.Hit) bool {
	d.tally.Add(h)
	if h.Done < d.until {
		return true
	}
	d.until = h.Done - h.Done%batch + batch
	return !d.tally.Hopeless()
}
