package run

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
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
	scale := c.weigh(ctx, t, server)
	var broken error
	result.Drive, err = driver.Drive(ctx, server.URL(), w, phase.Schedule, func(h bench.Hit) {
		if broken == nil {
			broken = hits.Record(h)
		}
		if h.Good() {
			result.GoodHits++
		} else {
			result.FailedHits++
		}
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
	result.CPU = after.CPU - before.CPU
	result.Memory = max(result.Memory, before.Memory, after.Memory)
	return result, wrong(result, w)
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

// wrong says what a phase shows that makes its trial not valid.
func wrong(p bench.PhaseResult, w bench.Workload) error {
	sent := float64(p.Drive.Sent) / float64(max(p.Drive.Planned, 1))
	switch {
	case p.Drive.FirstWrong != "":
		return fmt.Errorf("%s: a sampled answer is not the expected one: %s", p.Name, p.Drive.FirstWrong)
	case sent < .99:
		return fmt.Errorf("%s: the generator sent %.1f%% of what was due", p.Name, sent*100)
	case p.GoodHits == 0:
		return fmt.Errorf("%s: none of %d answers was good", p.Name, p.FailedHits)
	case p.Calls < p.GoodHits*uint64(w.Expect.Calls["upstream"]):
		return fmt.Errorf("%s: %d good answers, but the upstream was called %d times", p.Name, p.GoodHits, p.Calls)
	}
	return nil
}
