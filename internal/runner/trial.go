package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/target"
)

// trial makes one trial. What the server does wrong makes it not valid; the
// error is of the run: it was cancelled, its engine is gone, or nothing can be written.
func (c *Conductor) trial(ctx context.Context, t bench.Trial) error {
	if err := c.Writer.Journal(record.Entry{Event: record.EventLaunch, Trial: t.N, Arm: t.Arm()}); err != nil {
		return err
	}
	hits, err := c.Writer.Trial(t)
	if err != nil {
		return err
	}
	result, log, err := c.measure(ctx, t, hits)
	if closed := hits.Close(); closed != nil {
		return fmt.Errorf("record trial %d: %w", t.N, closed)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // half a trial is no trial: its folder is set aside when the run is resumed
	case errors.Is(err, target.ErrEngine):
		return err
	case err != nil:
		result.Reason = err.Error()
	default:
		result.Valid, result.Reason = verdict(result)
	}
	if err := c.Writer.Result(result, log); err != nil {
		return err
	}
	c.Observer.Ended(result)
	return nil
}

// verdict says whether a trial counts: whether any of what it measured does. The
// reason names what of it does not.
func verdict(r bench.TrialResult) (valid bool, reason string) {
	var void []string
	measured := 0
	for _, p := range r.Phases {
		if p.Void != "" && !slices.Contains(void, p.Void) {
			void = append(void, p.Void)
		}
		if p.Void == "" && p.Measure != "" {
			measured++
		}
	}
	return measured > 0, strings.Join(void, "; ")
}

// measure launches the trial's server, drives its phases and stops it. The error
// says why the trial is not valid.
func (c *Conductor) measure(ctx context.Context, t bench.Trial, hits *record.Hits) (result bench.TrialResult, log string, err error) {
	result = bench.TrialResult{Trial: t, Start: time.Now().UTC()}
	on, _ := c.Plan.Target(t.Target)
	scenario, _ := c.Plan.Scenario(t.Scenario)
	for _, l := range scenario.AllLevels() {
		if err := c.services.Ensure(ctx, scenario.AllNeeds(l)); err != nil {
			return result, "", err
		}
	}
	for range t.Launches - 1 {
		ready, log, err := c.coldStart(ctx, on, t)
		if err != nil {
			return result, log, err
		}
		result.Starts = append(result.Starts, ready)
	}
	launched := time.Now()
	server, err := c.launch(ctx, on, t, scenario)
	if err != nil {
		return result, "", err
	}
	result.Ready = time.Since(launched)
	if t.Launches > 0 {
		result.Starts = append(result.Starts, result.Ready)
		if result.Size, err = c.Launcher.Size(ctx, on); err != nil {
			result.Warnings = append(result.Warnings, "image size: "+err.Error())
		}
	}
	result.Placement = server.Placement()
	defer func() {
		if stopped := c.stop(ctx, server); stopped != nil && on.QuickstartOf == "" {
			result.Exit = stopped.Error()
			if err == nil {
				err = stopped
			}
		}
		log = server.Log()
	}()
	works := c.works(t, scenario, on)
	wrong := check(ctx, server.URL(), works)
	for _, level := range slices.Sorted(maps.Keys(wrong)) {
		delete(works, level)
		result.Phases = append(result.Phases, bench.PhaseResult{Name: bench.PhaseName(level, "check", bench.Offered{}), Level: level, Void: wrong[level]})
	}
	if len(works) == 0 {
		return result, "", errors.New(result.Phases[0].Void)
	}
	if result.About, err = about(ctx, server.URL()); err != nil {
		return result, "", err
	}
	if why := on.Unlike(result.About); why != "" {
		return result, "", errors.New(why)
	}
	if err := c.phases(ctx, t, server, works, hits, &result); err != nil {
		return result, "", err
	}
	if on.QuickstartOf == "" {
		err = sameGIL(ctx, server.URL(), result.About)
	}
	return result, "", err
}

// phases makes the trial's phases. A level whose warm-up fails is given up; what else
// goes wrong with a phase makes that phase void. The error says why the trial is not valid.
func (c *Conductor) phases(ctx context.Context, t bench.Trial, server *fleet, works map[string]work, hits *record.Hits, result *bench.TrialResult) error {
	kind := bench.DriverHTTP
	for _, w := range works {
		kind = w.Driver
	}
	driver, err := newDriver(kind)
	if err != nil {
		return err
	}
	defer driver.Close()
	given := map[string]bool{}
	for _, phase := range t.Phases {
		w, in := works[phase.Level]
		if !in || given[phase.Level] {
			continue
		}
		if phase.Schedule.Share > 0 {
			rate, known, err := c.common(t, phase)
			if err != nil {
				return err
			}
			if !known { // in the first round, and until each of those compared has a capacity
				continue
			}
			scenario, _ := c.Plan.Scenario(t.Scenario)
			phase.Schedule.Offered, phase.Schedule.Duration = bench.Offered{Rate: rate}, c.Plan.Profile.Lasts(scenario, rate)
		}
		d := drive{Conductor: c, trial: t, phase: phase, driver: driver, server: server, work: w, hits: hits}
		var results []bench.PhaseResult
		switch phase.Measure {
		case bench.MeasureFootprint:
			results, err = c.idle(ctx, d, result)
		case bench.MeasureCapacity:
			results, err = c.search(ctx, d)
		default:
			results, err = d.untilCounted(ctx)
		}
		result.Phases = append(result.Phases, results...)
		if err != nil {
			return err
		}
		given[phase.Level] = phase.Measure == "" && results[0].Void != ""
	}
	return nil
}

// idle weighs the server before any load, after a moment of rest.
func (c *Conductor) idle(ctx context.Context, d drive, result *bench.TrialResult) ([]bench.PhaseResult, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(d.phase.Schedule.Duration.Duration):
	}
	used, err := d.server.Usage(ctx)
	result.Idle = used.Memory
	return []bench.PhaseResult{{Name: d.phase.Name, Level: d.phase.Level, Measure: d.phase.Measure, Memory: used.Memory, CPU: used.CPU}}, err
}

// coldStart launches the server, and stops it once it is ready.
func (c *Conductor) coldStart(ctx context.Context, on bench.Target, t bench.Trial) (ready time.Duration, log string, err error) {
	launched := time.Now()
	server, err := c.Launcher.Launch(ctx, on, bench.Launch{Env: c.trialEnv(t), CPUs: t.CPUs})
	if err != nil {
		return 0, "", err
	}
	ready = time.Since(launched)
	if err := c.stop(ctx, server); err != nil && on.QuickstartOf == "" {
		return ready, server.Log(), err
	}
	return ready, "", nil
}

// stop stops a server, also where the run was cancelled.
func (c *Conductor) stop(ctx context.Context, server interface{ Stop(context.Context) error }) error {
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), target.StopTimeout+5*time.Second)
	defer cancel()
	return server.Stop(stopping)
}

func (c *Conductor) trialEnv(t bench.Trial) map[string]string {
	env := c.env()
	maps.Copy(env, t.Variant)
	delete(env, bench.Replicas)
	return env
}

// work is what a server is put to at a level.
type work struct {
	bench.Workload
	beside *bench.Beside
	needs  []string // services
}

// works are those of the trial's levels that are not left out, by level.
func (c *Conductor) works(t bench.Trial, s bench.Scenario, on bench.Target) map[string]work {
	all := map[string]work{}
	for _, l := range s.AllLevels() {
		if c.out[bench.CellName(t.Arm(), l.Name)] != "" {
			continue
		}
		w := s.At(l)
		if w.Expect.SHA256 == "" && on.QuickstartOf == "" {
			w.Expect.SHA256 = c.bodies[bench.CellName(s.Name, l.Name)]
		}
		all[l.Name] = work{w, l.Beside, s.AllNeeds(l)}
	}
	return all
}

// check asks a fresh server for one answer of each of its works, so
// that nothing is timed that does not work, and nothing is made for the first time
// while something is timed. It says, by level, what is wrong.
func check(ctx context.Context, url string, works map[string]work) map[string]string {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	wrong := map[string]string{}
	for _, level := range slices.Sorted(maps.Keys(works)) {
		w := works[level]
		var err error
		if w.Driver == bench.DriverHTTP {
			_, err = target.Ask(ctx, client, url, w.Workload)
		}
		if err == nil && w.beside != nil {
			_, err = target.Ask(ctx, client, url, w.besides())
		}
		if err != nil {
			wrong[level] = err.Error()
		}
	}
	return wrong
}

// about asks a server what it is.
func about(ctx context.Context, url string) (bench.About, error) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	return target.AskAbout(ctx, client, url)
}

// besides is the workload of what is sent beside.
func (w work) besides() bench.Workload {
	return bench.Workload{Driver: bench.DriverHTTP, Method: http.MethodGet, Path: w.beside.Path, Timeout: w.Timeout,
		Arrivals: w.Arrivals, Expect: w.beside.Expect}
}

// sameGIL asks a server at its end whether its global interpreter lock is as it was:
// a module that does not know free threading turns it on.
func sameGIL(ctx context.Context, url string, before bench.About) error {
	after, err := about(ctx, url)
	if err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	if was, now := before["gil"], after["gil"]; was != now {
		return fmt.Errorf("the global interpreter lock was %v at the begin and is %v at the end: a module may have turned it on", was, now)
	}
	return nil
}
