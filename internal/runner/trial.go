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

// trial makes one trial and records it. A fault of the server makes the trial invalid. An error ends the
// run: it was canceled, its engine is gone, or nothing can be written.
func (r *run) trial(ctx context.Context, t bench.Trial) error {
	if err := r.Writer.Journal(record.Entry{Event: record.EventLaunch, Trial: t.N, Arm: t.Arm()}); err != nil {
		return err
	}
	hits, err := r.Writer.Trial(t)
	if err != nil {
		return err
	}
	result, log, err := r.measure(ctx, t, hits)
	if closed := hits.Close(); closed != nil {
		return fmt.Errorf("record trial %d: %w", t.N, closed)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // half a trial does not count: its folder is set aside when the run is resumed
	case errors.Is(err, target.ErrEngine):
		return err
	case err != nil:
		result.Reason = err.Error()
	default:
		result.Valid, result.Reason = counts(result)
	}
	if err := r.Writer.Result(result, log); err != nil {
		return err
	}
	r.Observer.Ended(result)
	return nil
}

// counts reports whether anything that the trial measured counts. The reason lists what does not.
func counts(r bench.TrialResult) (valid bool, reason string) {
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

// measure launches the trial's server, drives its phases and stops it. The error says why the trial is
// invalid.
func (r *run) measure(ctx context.Context, t bench.Trial, hits *record.Hits) (
	result bench.TrialResult, log string, err error,
) {
	result = bench.TrialResult{Trial: t, Start: time.Now().UTC()}
	entry, _ := r.Plan.Target(t.Target)
	scenario, _ := r.Plan.Scenario(t.Scenario)
	for _, l := range scenario.AllLevels() {
		if err := r.backends.services.Ensure(ctx, scenario.AllNeeds(l)); err != nil {
			return result, "", err
		}
	}
	for range t.Launches - 1 {
		ready, log, err := r.coldStart(ctx, entry, t)
		if err != nil {
			return result, log, err
		}
		result.Starts = append(result.Starts, ready)
	}
	launched := time.Now()
	server, err := r.launch(ctx, entry, t, scenario)
	if err != nil {
		return result, "", err
	}
	result.Ready = time.Since(launched)
	if t.Launches > 0 {
		result.Starts = append(result.Starts, result.Ready)
		if result.Size, err = r.Launcher.Size(ctx, entry); err != nil {
			result.Warnings = append(result.Warnings, "image size: "+err.Error())
		}
	}
	result.Placement = server.Placement()
	defer func() {
		if stopped := stop(ctx, server); stopped != nil && entry.QuickstartOf == "" {
			result.Exit = stopped.Error()
			if err == nil {
				err = stopped
			}
		}
		log = server.Log()
	}()
	err = r.load(ctx, &trialLoad{
		trial:    t,
		entry:    entry,
		scenario: scenario,
		server:   server,
		hits:     hits,
		result:   &result,
	})
	return result, "", err
}

// trialLoad is a launched server with what the trial asks of it.
type trialLoad struct {
	trial    bench.Trial
	entry    bench.Target
	scenario bench.Scenario
	server   *fleet
	hits     *record.Hits
	result   *bench.TrialResult
}

// load checks the launched server and puts it under load. The error says why the trial is invalid.
func (r *run) load(ctx context.Context, l *trialLoad) (err error) {
	tasks := r.tasks(l.trial, l.scenario, l.entry)
	wrong := check(ctx, l.server.URL(), tasks)
	for _, level := range slices.Sorted(maps.Keys(wrong)) {
		delete(tasks, level)
		l.result.Phases = append(l.result.Phases, bench.PhaseResult{
			ID:    bench.PhaseID{Level: level, Kind: bench.Preflight},
			Level: level,
			Void:  wrong[level],
		})
	}
	if len(tasks) == 0 {
		return errors.New(l.result.Phases[0].Void)
	}
	if l.result.About, err = about(ctx, l.server.URL()); err != nil {
		return err
	}
	if why := l.entry.Unlike(l.result.About); why != "" {
		return errors.New(why)
	}
	if err := r.phases(ctx, l, tasks); err != nil {
		return err
	}
	if l.entry.QuickstartOf == "" {
		return sameGIL(ctx, l.server.URL(), l.result.About)
	}
	return nil
}

// phases makes the trial's phases. A level whose warm-up fails is given up; any other fault makes only its
// phase void. The error says why the trial is invalid.
func (r *run) phases(ctx context.Context, l *trialLoad, tasks map[string]bench.Task) error {
	kind := bench.DriverHTTP
	for _, t := range tasks {
		kind = t.Driver
	}
	driver, err := newDriver(kind)
	if err != nil {
		return err
	}
	defer driver.Close()
	givenUp := map[string]bool{}
	for _, phase := range l.trial.Phases {
		t, isIn := tasks[phase.Level]
		if !isIn || givenUp[phase.Level] {
			continue
		}
		if phase.Schedule.Share > 0 {
			rate, known, err := r.commonRate(l.trial, phase)
			if err != nil {
				return err
			}
			if !known {
				continue
			}
			phase.Schedule.Offered = bench.Offered{Rate: rate}
			phase.Schedule.Duration = r.Plan.Profile.Lasts(l.scenario, rate)
		}
		p := phaseRun{
			host:     &r.host,
			backends: r.backends,
			observer: r.Observer,
			driver:   driver,
			trial:    l.trial,
			phase:    phase,
			task:     t,
			server:   l.server,
			hits:     l.hits,
		}
		results, err := r.makePhase(ctx, p, l)
		l.result.Phases = append(l.result.Phases, results...)
		if err != nil {
			return err
		}
		givenUp[phase.Level] = phase.Measure == "" && results[0].Void != ""
	}
	return nil
}

// makePhase makes one phase of the plan, which may take several drives.
func (r *run) makePhase(ctx context.Context, p phaseRun, l *trialLoad) ([]bench.PhaseResult, error) {
	switch p.phase.Measure {
	case bench.MeasureFootprint:
		result, err := p.idle(ctx)
		l.result.Idle = result.Memory
		return []bench.PhaseResult{result}, err
	case bench.MeasureCapacity:
		cell := bench.Cell{Arm: l.trial.Arm(), Level: p.phase.Level}
		s := search{phaseRun: p, slo: *l.scenario.SLO, resolution: float64(r.Plan.Profile.Resolution)}
		results, err := s.run(ctx, r.capacities.last[cell].rate)
		r.capacities.add(cell, results)
		return results, err
	}
	return p.untilCounted(ctx)
}

// coldStart launches the server, and stops it once it is ready.
func (r *run) coldStart(ctx context.Context, entry bench.Target, t bench.Trial) (
	ready time.Duration, log string, err error,
) {
	launched := time.Now()
	server, err := r.Launcher.Launch(ctx, entry, bench.Launch{Env: r.trialEnv(t), CPUs: t.CPUs})
	if err != nil {
		return 0, "", err
	}
	ready = time.Since(launched)
	if err := stop(ctx, server); err != nil && entry.QuickstartOf == "" {
		return ready, server.Log(), err
	}
	return ready, "", nil
}

// stop stops a server, even if the run was canceled.
func stop(ctx context.Context, server interface{ Stop(context.Context) error }) error {
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), target.StopTimeout+5*time.Second)
	defer cancel()
	return server.Stop(stopping)
}

// env returns the environment that every launch gets.
func (r *run) env() map[string]string {
	reach, _ := r.Launcher.Host()
	return r.backends.env(reach)
}

// trialEnv returns env with the trial's variant.
func (r *run) trialEnv(t bench.Trial) map[string]string {
	env := r.env()
	maps.Copy(env, t.Variant)
	delete(env, bench.Replicas)
	return env
}

// about asks a server what it is.
func about(ctx context.Context, url string) (bench.About, error) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	return target.AskAbout(ctx, client, url)
}

// sameGIL returns an error if the server's global interpreter lock changed since the trial's start: a
// module that does not support free threading turns it on.
func sameGIL(ctx context.Context, url string, before bench.About) error {
	after, err := about(ctx, url)
	if err != nil {
		return fmt.Errorf("ask the server again after the load: %w", err)
	}
	if was, now := before["gil"], after["gil"]; was != now {
		return fmt.Errorf("the global interpreter lock was %v at the start and is %v at the end: "+
			"a module may have turned it on", was, now)
	}
	return nil
}
