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

// search is a search for the server's capacity at a level: probe after probe, each its own phase,
// with a drained server in between.
type search struct {
	phaseRun
	slo        bench.SLO
	resolution float64
}

// run searches for the capacity; last is the one that an earlier launch had, or 0. That rate is tried first, to
// confirm it: the highest of many rates that were tried may have held by luck. A probe that fails by the load
// generator's own limit is made once more; if it fails again, the search goes on below that rate, and the
// capacity is a lower bound.
func (s search) run(ctx context.Context, last float64) (list []bench.PhaseResult, err error) {
	start, nudge := float64(s.phase.Schedule.Rate), s.resolution/2
	if last > 0 {
		start, nudge = last, nudgeBy
		confirm, held, err := s.probe(ctx, 0, bench.Rate(last))
		confirm.Probe.Confirms = true
		list = append(list, confirm)
		if err != nil {
			return list, err
		}
		if !held {
			s.drain(ctx)
		}
	}
	b := newBracket(start*s.chance(nudge), s.resolution)
	err = b.closeIn(func(n int, rate bench.Rate) (outcome, error) {
		result, held, err := s.probe(ctx, n, rate)
		list = append(list, result)
		switch {
		case err != nil:
			return shownNothing, err
		case result.Void != "":
			return shownNothing, nil
		case held:
			return rateHeld, nil
		}
		s.drain(ctx)
		if result.Probe.LimitedBy != "" {
			return generatorLimited, nil
		}
		return rateFailed, nil
	})
	return list, err
}

// A search starts at the capacity of the launch before, moved by chance by up to a factor of e^nudgeBy. From
// close by, a search would remember: where rates near the capacity hold by chance, neighboring rounds would be
// alike, and intervals too short (BenchmarkSearchMemory prints by how much).
const nudgeBy = .35

// chance returns a random factor between e^-by and e^by. Even a search that starts at the plan's own rate is moved
// a little, so that launches do not all try the very same rates.
func (s search) chance(by float64) float64 {
	cell := bench.Cell{Arm: s.trial.Arm(), Level: s.phase.Level}
	random := rand.New(rand.NewPCG(s.phase.Schedule.Seed, uint64(len(cell.String()))))
	return math.Exp((2*random.Float64() - 1) * by)
}

// probe tries one rate; n counts the probes from 1, and is 0 for one that confirms.
func (s search) probe(ctx context.Context, n int, rate bench.Rate) (result bench.PhaseResult, held bool, err error) {
	planned := s.phase.ID
	p := s.phaseRun
	p.phase.ID.Probe, p.phase.ID.Offered = n+1, bench.Offered{Rate: rate}
	p.phase.Schedule.Rate = rate
	p.phase.Schedule.Seed += uint64(n)
	tally, onTime := slo.Tally{SLO: s.slo}, slo.Tally{SLO: s.slo}
	undecided := newDoubt(&tally)
	p.goOn = func(h bench.Hit) bool {
		punctual := h
		punctual.Due = h.Sent // as if the load generator had been on time
		onTime.Add(punctual)
		return undecided.hit(h)
	}
	result, err = p.make(ctx)
	held = tally.Held()
	result.Probe = &bench.Probe{Search: planned, Rate: rate, Held: held}
	if err != nil {
		return result, held, err
	}
	if !held {
		result.Probe.LimitedBy = generatorLimit(result, &onTime)
	}
	// The gates' say is in the limit now. That no answer was good may be the effect of a rate beyond the
	// capacity.
	if _, failed := failedGate(result); failed {
		result.Void = serverFault(result, p.task.Workload)
	}
	if result.GoodHits == 0 && result.FailedHits > 0 && p.backends.alive(ctx, p.task.Needs) == nil {
		result.Void = ""
	}
	return result, held, nil
}

// generatorLimit says what of the load generator kept a probe from holding: its lag, if the rate held by
// the times from when requests were sent, or its CPU or a service's, or what was taken from them.
func generatorLimit(p bench.PhaseResult, onTime *slo.Tally) string {
	for _, g := range p.Gates {
		switch {
		case !g.HoldsBeyondCapacity():
		case g.Name == bench.GateLag:
			if onTime.Held() {
				return g.String()
			}
		case !g.OK:
			return g.String()
		}
	}
	return ""
}

// drain waits until a server that was overloaded answers in time again, for 3 s at most.
func (s search) drain(ctx context.Context) {
	if s.task.Driver != bench.DriverHTTP {
		time.Sleep(200 * time.Millisecond)
		return
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && ctx.Err() == nil; {
		asked := time.Now()
		_, err := target.Ask(ctx, client, s.server.URL(), s.task.Workload)
		if err == nil && time.Since(asked) < 50*time.Millisecond {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// doubt ends a probe as soon as its batches leave no doubt that the rate does not hold.
type doubt struct {
	tally *slo.Tally
	until time.Duration // end of the batch
}

// batch is how often a probe is asked whether it is hopeless.
const batch = 100 * time.Millisecond

func newDoubt(t *slo.Tally) *doubt { return &doubt{tally: t, until: batch} }

// hit counts a hit, and reports whether the probe goes on.
func (d *doubt) hit(h bench.Hit) bool {
	d.tally.Add(h)
	if h.Done < d.until {
		return true
	}
	d.until = h.Done - h.Done%batch + batch
	return !d.tally.Hopeless()
}
