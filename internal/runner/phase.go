package runner

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load"
	"github.com/claimbench/claimbench/internal/record"
)

// phaseRun is one phase of a trial, ready to be made.
type phaseRun struct {
	host     *host
	backends *backends
	observer Observer
	driver   bench.Driver

	trial  bench.Trial
	phase  bench.Phase
	task   bench.Task
	server *fleet
	hits   *record.Hits
	// goOn is asked after every hit, and ends the drive when it returns false; nil for never.
	goOn func(bench.Hit) bool
}

// make drives the phase: it records every hit, and reads what the server uses before, during and after. A
// phase that does not count has the reason in its result; the error says why the whole trial is invalid.
func (p phaseRun) make(ctx context.Context) (bench.PhaseResult, error) {
	p.observer.Doing(fmt.Sprintf("round %d: %s on %s, %s",
		p.trial.Round, p.trial.Scenario, p.trial.Target, p.phase.ID))
	result := bench.PhaseResult{ID: p.phase.ID, Level: p.phase.Level, Measure: p.phase.Measure}
	if p.atShare() {
		result.Rate = p.phase.Schedule.Rate
	}
	p.hits.Begin(p.phase.ID.String())
	p.backends.upstream.ForgetLateness()
	start, err := p.backends.read(ctx, p.task.Needs, p.server)
	if err != nil {
		result.Void = err.Error()
		return result, p.server.Alive(ctx)
	}
	before, err := p.server.Usage(ctx)
	if err != nil {
		return result, fmt.Errorf("read what the server uses: %w", err)
	}
	w, stopWatch := p.host.watch(before)
	if err := p.drive(ctx, &result, w); err != nil || result.Void != "" {
		return result, err
	}
	if err := p.server.Alive(ctx); err != nil {
		return result, fmt.Errorf("under load: %w", err)
	}
	after, err := p.server.Usage(ctx)
	if err != nil {
		return result, fmt.Errorf("read what the server uses: %w", err)
	}
	stopWatch(after)
	p.observer.Used(p.trial, after)
	result.CPU = after.CPU - before.CPU
	result.Memory = max(result.Memory, before.Memory, after.Memory)
	result.Late = p.backends.upstream.Late()
	if err := p.backends.alive(ctx, p.task.Needs); err != nil {
		result.Void = fmt.Sprintf("%s: %v", p.phase.ID, err)
		return result, nil
	}
	end, err := p.backends.read(ctx, p.task.Needs, p.server)
	if err != nil {
		result.Void = err.Error()
		return result, nil
	}
	end.addTo(&result, start)
	if p.phase.Measure != "" {
		result.Gates = p.gates(w, result)
	}
	result.Void = voidReason(result, p.task.Workload)
	return result, nil
}

// gates returns the figures of a measured phase, with their limits.
func (p phaseRun) gates(w *watch, result bench.PhaseResult) []bench.Gate {
	c := conditions{
		schedule:       p.phase.Schedule,
		limits:         p.host.gates,
		certified:      p.host.certified,
		shared:         p.trial.Shared,
		calledUpstream: p.backends.calledUpstream(result.Calls),
		oneThread:      p.backends.proxies,
	}
	if c.shared && c.limits.Generator > 0 {
		c.limits.Generator = bench.SharedGenerator
	}
	return w.gates(result, c)
}

// drive sends the load and counts what comes back. The error says why the whole trial is invalid.
func (p phaseRun) drive(ctx context.Context, result *bench.PhaseResult, w *watch) error {
	// To read a server's memory takes the kernel milliseconds on the load generator's CPU. In an open loop
	// the generator would be late by them, and servers that share that CPU would go without it.
	peak := func() int64 { return 0 }
	if !p.phase.Schedule.OpenLoop() && !p.trial.Shared {
		peak = p.sampleMemory(ctx)
	}
	driving, cut := context.WithCancel(ctx)
	defer cut()
	joined := p.sendBackground(driving, result)
	shown := p.phase.ID
	if shown.Probe > 0 {
		shown = shown.Planned()
	}
	var failed error // to record a hit
	offered := bench.Load{URL: p.server.URL(), Workload: p.task.Workload, Schedule: p.phase.Schedule}
	stats, err := p.driver.Drive(driving, offered, func(h bench.Hit) {
		if failed == nil {
			failed = p.hits.Record(h)
		}
		count(result, h)
		w.hit(h)
		p.observer.Hit(p.trial, shown, h)
		if p.goOn != nil && !p.goOn(h) {
			cut()
		}
	})
	cut()
	joined()
	result.Drive, result.Memory = stats, peak()
	switch {
	case failed != nil:
		return fmt.Errorf("record a hit: %w", failed)
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		result.Void = err.Error()
	}
	return nil
}

// count counts a hit by how it ended.
func count(result *bench.PhaseResult, h bench.Hit) {
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
}

// atShare reports whether the plan offers the phase a share of a capacity, so that the run decides the
// rate.
func (p phaseRun) atShare() bool {
	return slices.ContainsFunc(p.trial.Phases, func(planned bench.Phase) bool {
		return planned.Schedule.Share > 0 && planned.ID == p.phase.ID.Unrepeated()
	})
}

// untilCounted makes the phase, and once more if only the load generator was at fault.
func (p phaseRun) untilCounted(ctx context.Context) ([]bench.PhaseResult, error) {
	first, err := p.make(ctx)
	_, atFault := failedGate(first)
	if err != nil || !atFault || first.Void == "" || serverFault(first, p.task.Workload) != "" {
		return []bench.PhaseResult{first}, err
	}
	p.phase.ID = p.phase.ID.Again()
	second, err := p.make(ctx)
	return []bench.PhaseResult{first, second}, err
}

// idle reads the server's memory before any load, after a moment of rest.
func (p phaseRun) idle(ctx context.Context) (bench.PhaseResult, error) {
	result := bench.PhaseResult{ID: p.phase.ID, Level: p.phase.Level, Measure: p.phase.Measure}
	select {
	case <-ctx.Done():
		return result, ctx.Err()
	case <-time.After(p.phase.Schedule.Duration.Duration):
	}
	used, err := p.server.Usage(ctx)
	result.Memory, result.CPU = used.Memory, used.CPU
	return result, err
}

// sendBackground sends the level's other requests until the context ends. joined waits for that.
func (p phaseRun) sendBackground(ctx context.Context, result *bench.PhaseResult) (joined func()) {
	beside := p.task.Beside
	if beside == nil || p.phase.Measure == "" {
		return func() {}
	}
	result.Beside = &bench.BesideResult{}
	schedule := bench.Schedule{
		Offered:  bench.Offered{Rate: beside.Rate},
		Arrivals: p.task.Arrivals,
		Duration: p.phase.Schedule.Duration,
		Seed:     p.phase.Schedule.Seed + 1,
	}
	var running sync.WaitGroup
	running.Go(func() {
		driver := &load.HTTP{Attackers: 1, RuntimeTuned: true}
		defer driver.Close()
		// An error means that nothing was sent: then no answer is good, and the phase is void.
		background := bench.Load{URL: p.server.URL(), Workload: p.task.Background(), Schedule: schedule}
		_, _ = driver.Drive(ctx, background, func(h bench.Hit) {
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

// sampleMemory reads the server's usage at each interval, until peak is called. peak returns the largest
// memory seen, in bytes.
func (p phaseRun) sampleMemory(ctx context.Context) (peak func() int64) {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(sampling)
		defer ticker.Stop()
		var largest int64
		for {
			select {
			case <-ticker.C:
				if u, err := p.server.Usage(ctx); err == nil {
					largest = max(largest, u.Memory)
					p.observer.Used(p.trial, u)
				}
			case <-done:
				most <- largest
				return
			}
		}
	}()
	return func() int64 { close(done); return <-most }
}
