package run

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cgroup"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/target"
)

// check asks a fresh server for one answer of the scenario and for what it is,
// so that nothing is timed that does not work.
func check(ctx context.Context, url string, w bench.Workload) (bench.About, error) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	if _, err := target.Ask(ctx, client, url, w); err != nil {
		return nil, err
	}
	return target.AskAbout(ctx, client, url)
}

// drive makes one phase of a trial: it records every hit and weighs the server
// before, during and after. The error says why the trial is not valid.
func (c *Conductor) drive(ctx context.Context, t bench.Trial, phase bench.Phase, driver bench.Driver, server bench.Server,
	w bench.Workload, hits *record.Hits) (bench.PhaseResult, error) {
	c.Observer.Doing(fmt.Sprintf("round %d: %s on %s, %s", t.Round, t.Scenario, t.Target, phase.Name))
	result := bench.PhaseResult{Name: phase.Name}
	hits.Begin(phase.Name)
	c.upstream.Begin()
	calls := c.upstream.Calls()
	before, err := server.Usage(ctx)
	if err != nil {
		return result, fmt.Errorf("weigh the server: %w", err)
	}
	// To weigh a server's memory takes the kernel milliseconds, on the generator's CPU:
	// in an open loop it would be late for them, and there nothing is made of memory.
	scale := func() int64 { return 0 }
	if !phase.Schedule.Open() {
		scale = c.weigh(ctx, t, server)
	}
	var broken error
	watch, stop := c.observe(before)
	result.Drive, err = driver.Drive(ctx, server.URL(), w, phase.Schedule, func(h bench.Hit) {
		if broken == nil {
			broken = hits.Record(h)
		}
		if h.Good() {
			result.GoodHits++
		} else {
			result.FailedHits++
		}
		watch.hit(h)
		c.Observer.Hit(t, phase.Name, h)
	})
	result.Memory = scale()
	switch {
	case err != nil:
		return result, err
	case broken != nil:
		return result, fmt.Errorf("record a hit: %w", broken)
	case ctx.Err() != nil:
		return result, ctx.Err()
	}
	result.Calls, result.Late = c.upstream.Calls()-calls, c.upstream.Late()
	if err := server.Alive(ctx); err != nil {
		return result, fmt.Errorf("under load: %w", err)
	}
	after, err := server.Usage(ctx)
	if err != nil {
		return result, fmt.Errorf("weigh the server: %w", err)
	}
	stop(after)
	result.CPU = after.CPU - before.CPU
	result.Memory = max(result.Memory, before.Memory, after.Memory)
	if phase.Measure != "" {
		result.Gates = watch.gates(result, phase.Schedule, c.Plan.Gates, c.capacity)
	}
	return result, wrong(result, w)
}

// observe follows what is taken from servers and generator until stop is called
// with the server's usage at the end.
func (c *Conductor) observe(before bench.Usage) (w *watch, stop func(after bench.Usage)) {
	w = newWatch()
	both := append(slices.Clone(c.generator), c.servers...)
	w.cpus, w.all = len(c.generator), len(both)
	stolen, steals := both.Stolen()
	throttled, throttles := cgroup.Throttled(os.Getpid())
	return w, func(after bench.Usage) {
		w.stolen, w.throttled = -1, -1
		if now, ok := both.Stolen(); ok && steals {
			w.stolen = now - stolen
		}
		if now, ok := cgroup.Throttled(os.Getpid()); ok && throttles {
			w.throttled = max(after.Throttled-before.Throttled, now-throttled)
		}
	}
}

// weigh looks at the server's usage at each interval, until the returned
// function is called, which gives the largest memory that was seen.
func (c *Conductor) weigh(ctx context.Context, t bench.Trial, server bench.Server) (stop func() int64) {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(sampling)
		defer ticker.Stop()
		var peak int64
		for {
			select {
			case <-ticker.C:
				if u, err := server.Usage(ctx); err == nil {
					peak = max(peak, u.Memory)
					c.Observer.Used(t, u)
				}
			case <-done:
				most <- peak
				return
			}
		}
	}()
	return func() int64 { close(done); return <-most }
}

// wrong says what a phase shows that makes its trial not valid: what the server
// did wrong, or else the first gate of the instrument that it fails.
func wrong(p bench.PhaseResult, w bench.Workload) error {
	switch {
	case p.Drive.FirstWrong != "":
		return fmt.Errorf("%s: a sampled answer is not the expected one: %s", p.Name, p.Drive.FirstWrong)
	case p.GoodHits == 0:
		return fmt.Errorf("%s: none of %d answers was good", p.Name, p.FailedHits)
	case p.Calls < p.GoodHits*uint64(w.Expect.Calls["upstream"]):
		return fmt.Errorf("%s: %d good answers, but the upstream was called %d times", p.Name, p.GoodHits, p.Calls)
	}
	for _, g := range p.Gates {
		if !g.OK {
			return fmt.Errorf("%s: the instrument was at fault: %s", p.Name, g)
		}
	}
	return nil
}
