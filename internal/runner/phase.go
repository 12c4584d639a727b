package runner

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cgroup"
	"github.com/claimbench/claimbench/internal/load"
	"github.com/claimbench/claimbench/internal/record"
)

// drive is one phase of a trial to be made.
type drive struct {
	*Conductor
	trial  bench.Trial
	phase  bench.Phase
	driver bench.Driver
	server *fleet
	work   work
	hits   *record.Hits
	// watching is told every hit, and ends the drive where it returns false; nil for none.
	watching func(bench.Hit) (goOn bool)
}

// make drives the phase: it records every hit and weighs the server before, during and
// after. What makes the phase void is in the result; the error says why the whole
// trial is not valid.
func (d drive) make(ctx context.Context) (bench.PhaseResult, error) {
	phase, schedule := d.phase, d.phase.Schedule
	d.Observer.Doing(fmt.Sprintf("round %d: %s on %s, %s", d.trial.Round, d.trial.Scenario, d.trial.Target, phase.Name))
	result := bench.PhaseResult{Name: phase.Name, Level: phase.Level, Measure: phase.Measure}
	if d.ofCapacity() {
		result.Rate = schedule.Rate
	}
	d.hits.Begin(phase.Name)
	d.upstream.ForgetLateness()
	calls, err := d.calls(ctx, d.work.needs)
	if err != nil {
		result.Void = err.Error()
		return result, d.server.Alive(ctx)
	}
	spent := d.serviceCPU(ctx)
	before, err := d.server.Usage(ctx)
	if err != nil {
		return result, fmt.Errorf("weigh the server: %w", err)
	}
	// To weigh a server's memory takes the kernel milliseconds, on the generator's CPU:
	// in an open loop it would be late for them, and where servers share that CPU they
	// would be without it.
	scale := func() int64 { return 0 }
	if !schedule.OpenLoop() && !d.trial.Shared {
		scale = d.weigh(ctx, d.trial, d.server)
	}
	var broken error
	watch, stop := d.observe(before)
	driving, cut := context.WithCancel(ctx)
	defer cut()
	joined := d.beside(driving, &result)
	name := phase.Name
	if probe, ok := searched(phase); ok {
		name = probe
	}
	result.Drive, err = d.driver.Drive(driving, d.server.URL(), d.work.Workload, schedule, func(h bench.Hit) {
		if broken == nil {
			broken = d.hits.Record(h)
		}
		switch {
		case h.Good():
			result.GoodHits++
		case h.Err != bench.ErrStopped:
			result.FailedHits++
		}
		switch h.Err {
		case bench.ErrLost, bench.ErrOrder, bench.ErrClosed:
			result.Undelivered++
		}
		watch.hit(h)
		d.Observer.Hit(d.trial, name, h)
		if d.watching != nil && !d.watching(h) {
			cut()
		}
	})
	cut()
	joined()
	result.Memory = scale()
	switch {
	case broken != nil:
		return result, fmt.Errorf("record a hit: %w", broken)
	case ctx.Err() != nil:
		return result, ctx.Err()
	case err != nil:
		result.Void = err.Error()
		return result, nil
	}
	if err := d.server.Alive(ctx); err != nil {
		return result, fmt.Errorf("under load: %w", err)
	}
	after, err := d.server.Usage(ctx)
	if err != nil {
		return result, fmt.Errorf("weigh the server: %w", err)
	}
	stop(after)
	d.Observer.Used(d.trial, after)
	result.CPU = after.CPU - before.CPU
	result.Memory = max(result.Memory, before.Memory, after.Memory)
	result.Late = d.upstream.Late()
	if err := d.services.Alive(ctx, d.work.needs); err != nil {
		result.Void = fmt.Sprintf("%s: a service ended: %v", phase.Name, err)
		return result, nil
	}
	if err := d.settle(ctx, &result, calls, spent); err != nil {
		result.Void = err.Error()
		return result, nil
	}
	if phase.Measure != "" {
		limits := d.Plan.Gates
		if d.trial.Shared && limits.Generator > 0 {
			limits.Generator = bench.SharedGenerator
		}
		result.Gates = watch.gates(result, schedule, limits, d.capacity, d.trial.Shared)
	}
	result.Void = wrong(result, d.work.Workload)
	return result, nil
}

// ofCapacity reports whether the plan leaves it to the run what rate the phase is driven at.
func (d drive) ofCapacity() bool {
	return slices.ContainsFunc(d.trial.Phases, func(p bench.Phase) bool {
		return p.Schedule.Share > 0 && p.Name == strings.TrimSuffix(d.phase.Name, bench.Again)
	})
}

// untilCounted makes the phase, and once more where the instrument was at fault, and
// the server was not.
func (d drive) untilCounted(ctx context.Context) ([]bench.PhaseResult, error) {
	first, err := d.make(ctx)
	if _, fault := atFault(first); err != nil || !fault || first.Void == "" || amiss(first, d.work.Workload) != "" {
		return []bench.PhaseResult{first}, err
	}
	d.phase.Name += bench.Again
	second, err := d.make(ctx)
	return []bench.PhaseResult{first, second}, err
}

// serviceCPU is the time that the services which the level needs, and the proxy before
// the servers, have used.
func (d drive) serviceCPU(ctx context.Context) map[string]time.Duration {
	used := d.services.CPU(ctx, d.work.needs)
	if d.server.front != nil {
		if u, err := d.server.front.Usage(ctx); err == nil {
			used[proxy] = u.CPU
		}
	}
	return used
}

// proxy is the service that stands before replicas. It has one thread.
const proxy = "proxy"

// settle fills in what the services counted and used.
func (d drive) settle(ctx context.Context, result *bench.PhaseResult, calls map[string]uint64, spent map[string]time.Duration) error {
	now, err := d.calls(ctx, d.work.needs)
	if err != nil {
		return err
	}
	for name := range now {
		if n := now[name] - calls[name]; n > 0 {
			if result.Calls == nil {
				result.Calls = map[string]uint64{}
			}
			result.Calls[name] = n
		}
	}
	for name, cpu := range d.serviceCPU(ctx) {
		if result.Services == nil {
			result.Services = map[string]time.Duration{}
		}
		result.Services[name] = cpu - spent[name]
	}
	return nil
}

// beside sends what the level has beside its requests, until the context ends; the
// returned function waits for that.
func (d drive) beside(ctx context.Context, result *bench.PhaseResult) (joined func()) {
	beside := d.work.beside
	if beside == nil || d.phase.Measure == "" {
		return func() {}
	}
	result.Beside = &bench.BesideResult{}
	schedule := bench.Schedule{Offered: bench.Offered{Rate: beside.Rate}, Arrivals: d.work.Arrivals, Duration: d.phase.Schedule.Duration, Seed: d.phase.Schedule.Seed + 1}
	var running sync.WaitGroup
	running.Go(func() {
		driver := &load.HTTP{Attackers: 1, RuntimeTuned: true}
		defer driver.Close()
		driver.Drive(ctx, d.server.URL(), d.work.besides(), schedule, func(h bench.Hit) {
			switch {
			case h.Good():
				result.Beside.Good++
			case h.Err != bench.ErrStopped:
				result.Beside.Failed++
			}
		})
	})
	return running.Wait
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
func (c *Conductor) weigh(ctx context.Context, t bench.Trial, server *fleet) (stop func() int64) {
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

// wrong says what a phase shows that makes it void: what the server did wrong, or else
// the first gate of the instrument that it fails; empty where it counts.
func wrong(p bench.PhaseResult, w bench.Workload) string {
	if why := amiss(p, w); why != "" {
		return why
	}
	if g, ok := atFault(p); ok {
		return fmt.Sprintf("%s: the instrument was at fault: %s", p.Name, g)
	}
	return ""
}

// amiss says what is wrong with a phase's answers.
func amiss(p bench.PhaseResult, w bench.Workload) string {
	switch {
	case p.Drive.FirstWrong != "":
		return fmt.Sprintf("%s: a sampled answer is not the expected one: %s", p.Name, p.Drive.FirstWrong)
	case p.GoodHits == 0:
		return fmt.Sprintf("%s: none of %d answers was good", p.Name, p.FailedHits)
	case p.Undelivered > 0 && p.Measure == bench.MeasureDelivery:
		return fmt.Sprintf("%s: %d deliveries were lost, out of order, or to members whose connection the server had ended: none may be", p.Name, p.Undelivered)
	case p.Beside != nil && p.Beside.Good == 0:
		return fmt.Sprintf("%s: none of %d answers beside was good", p.Name, p.Beside.Failed)
	}
	for service, each := range w.Expect.Calls {
		if p.Calls[service] < p.GoodHits*uint64(each) {
			return fmt.Sprintf("%s: %d good answers of %d calls each, but the %s was called %d times", p.Name, p.GoodHits, each, service, p.Calls[service])
		}
	}
	return ""
}

// atFault is the first gate that the phase fails.
func atFault(p bench.PhaseResult) (bench.Gate, bool) {
	for _, g := range p.Gates {
		if !g.OK {
			return g, true
		}
	}
	return bench.Gate{}, false
}
