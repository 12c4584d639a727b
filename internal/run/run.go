package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/load"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/reference"
	"github.com/claimbench/claimbench/internal/target"
)

// Observer is told what happens while it happens. Its methods are called from
// the goroutine that measures, so they must be quick.
type Observer interface {
	// Doing says in a few words what is under way.
	Doing(what string)
	// Began is called before a trial's server is launched.
	Began(t bench.Trial)
	// Hit is called for every request.
	Hit(t bench.Trial, phase string, h bench.Hit)
	// Used is called with what the server has used, twice a second under load.
	Used(t bench.Trial, u bench.Usage)
	// Ended is called when a trial has been recorded.
	Ended(r bench.TrialResult)
}

// Conductor runs a plan into a run directory.
type Conductor struct {
	Plan     *bench.Plan
	Writer   *record.Writer
	Launcher bench.Launcher
	Observer Observer
	// Done tells which trials an earlier session of the same run has made.
	Done func(trial int) bool
	// Before is the environment of that session, nil where there was none.
	Before *bench.Environment
	// Certify measures the instrument before the first trial, at the rates of the plan;
	// nil where it is not to be measured.
	Certify func(ctx context.Context, generator, servers cpuset.Set) (bench.Certificate, error)

	upstream *reference.Upstream
	capacity float64 // of the generator, as certified; requests a second
	// The CPUs of each; those of the generator are all there are where nothing is pinned.
	generator, servers cpuset.Set
	bodies             map[string]string // agreed body by scenario
	excluded           map[string]string
}

// sampling is how often a server's usage is looked at.
const sampling = 500 * time.Millisecond

// Run makes every trial that is not done. A trial that fails is recorded as not
// valid and the run goes on; an error means that the run could not go on. What
// was recorded until then stays.
func (c *Conductor) Run(ctx context.Context) error {
	for _, t := range c.Plan.Targets {
		c.Observer.Doing("preparing " + t.Name)
		if err := c.Launcher.Prepare(ctx, t); err != nil {
			return err
		}
	}
	_, bind := c.Launcher.Host()
	upstream, err := reference.NewUpstream(net.JoinHostPort(bind, "0"))
	if err != nil {
		return err
	}
	defer upstream.Close()
	c.upstream = upstream
	pinned, unpin, err := c.pin()
	if err != nil {
		return err
	}
	defer unpin()
	abouts, err := c.verify(ctx)
	if err != nil {
		return err
	}
	environment := c.environment(ctx, pinned, abouts)
	if err := sameMachine(c.Before, environment); err != nil {
		return err
	}
	if err := c.Writer.Environment(environment); err != nil {
		return err
	}
	if len(c.excluded) == c.arms() {
		var all []string
		for _, arm := range slices.Sorted(maps.Keys(c.excluded)) {
			all = append(all, arm+": "+c.excluded[arm])
		}
		return &target.Error{Err: fmt.Errorf("no server keeps its contract, so there is nothing to measure:\n    %s", strings.Join(all, "\n    ")),
			Hint: "the contract is in targets/README.md"}
	}
	if err := c.certify(ctx); err != nil {
		return err
	}
	for _, t := range c.Plan.Trials {
		if _, out := c.excluded[t.Arm()]; out || c.Done(t.N) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.trial(ctx, t); err != nil {
			return err
		}
	}
	return c.Writer.Journal(record.Entry{Event: record.EventEnd})
}

// certify measures the instrument and keeps its certificate. A resumed run keeps
// the certificates of all its sessions.
func (c *Conductor) certify(ctx context.Context) error {
	if c.Certify == nil {
		return nil
	}
	c.Observer.Doing("calibrating the instrument")
	generator := c.generator
	if len(c.servers) == 0 {
		generator = nil // nothing is pinned
	}
	certificate, err := c.Certify(ctx, generator, c.servers)
	if err != nil {
		return fmt.Errorf("calibrate: %w", err)
	}
	c.capacity = certificate.Capacity.Rate
	return c.Writer.Certificate(certificate)
}

func (c *Conductor) arms() int {
	arms := map[string]bool{}
	for _, t := range c.Plan.Trials {
		arms[t.Arm()] = true
	}
	return len(arms)
}

// notPinned is what pin's words begin with where pinning did not take.
const notPinned = "nothing is pinned: "

// pin keeps this process on the generator's CPUs until unpin, and says in words what took.
func (c *Conductor) pin() (pinned string, unpin func(), err error) {
	unpin = func() {}
	c.generator, c.servers = cpuset.Allowed(), nil
	set, err := cpuset.Parse(c.Plan.CPUs.Generator)
	if err != nil {
		return "", unpin, err
	}
	servers, err := cpuset.Parse(c.Plan.CPUs.Target)
	if err != nil {
		return "", unpin, err
	}
	if len(set) == 0 {
		return notPinned + "there is one CPU, which servers and generator share", unpin, nil
	}
	restore, err := cpuset.PinSelf(set)
	if err != nil {
		return notPinned + err.Error(), unpin, nil
	}
	c.generator, c.servers = set, servers
	return fmt.Sprintf("generator and upstream on CPUs %s, servers on %s", set, c.Plan.CPUs.Target), restore, nil
}

// env is what every launch gets beside its variant.
func (c *Conductor) env() map[string]string {
	reach, _ := c.Launcher.Host()
	return map[string]string{"UPSTREAM_URL": "http://" + net.JoinHostPort(reach, strconv.Itoa(c.upstream.Port()))}
}

// verify checks the targets' conformance and excludes the arms that fail.
func (c *Conductor) verify(ctx context.Context) (map[string]bench.About, error) {
	v := target.Verifier{Launcher: c.Launcher, Env: c.env(), Upstream: c.upstream, Progress: c.Observer.Doing}
	found, err := v.Verify(ctx, c.Plan.Targets, c.Plan.Scenarios)
	if err != nil {
		return nil, err
	}
	c.bodies, c.excluded = found.Bodies, found.Problems
	for name, log := range found.Logs {
		if err := c.Writer.ConformanceLog(name, log); err != nil {
			return nil, err
		}
	}
	for _, t := range c.Plan.Trials {
		if reason, out := c.excluded[t.Arm()]; out && t.Round == 1 {
			if err := c.Writer.Journal(record.Entry{Event: record.EventExclude, Arm: t.Arm(), Reason: reason}); err != nil {
				return nil, err
			}
		}
	}
	return found.Abouts, nil
}

// trial makes one trial. What the server does wrong makes it not valid; the
// error is of the run: it was cancelled, its engine is gone, or nothing can be written.
func (c *Conductor) trial(ctx context.Context, t bench.Trial) error {
	c.Observer.Began(t)
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
		result.Valid = true
	}
	if err := c.Writer.Result(result, log); err != nil {
		return err
	}
	c.Observer.Ended(result)
	return nil
}

// measure launches the trial's server, drives its phases and stops it. The error
// says why the trial is not valid.
func (c *Conductor) measure(ctx context.Context, t bench.Trial, hits *record.Hits) (result bench.TrialResult, log string, err error) {
	result = bench.TrialResult{Trial: t, Start: time.Now().UTC()}
	on, _ := c.Plan.Target(t.Target)
	scenario, _ := c.Plan.Scenario(t.Scenario)
	env := c.env()
	maps.Copy(env, t.Variant)
	launched := time.Now()
	server, err := c.Launcher.Launch(ctx, on, env)
	if err != nil {
		return result, "", err
	}
	result.Ready = time.Since(launched)
	result.Placement = server.Placement()
	defer func() {
		// A cancelled run must stop its servers too.
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), target.StopTimeout+5*time.Second)
		defer cancel()
		if stopped := server.Stop(stopping); stopped != nil {
			result.Exit = stopped.Error()
			if err == nil {
				err = stopped
			}
		}
		log = server.Log()
	}()
	workload := scenario.Workload
	if workload.Expect.SHA256 == "" {
		workload.Expect.SHA256 = c.bodies[t.Scenario]
	}
	if result.About, err = check(ctx, server.URL(), workload); err != nil {
		return result, "", err
	}
	driver := &load.HTTP{}
	defer driver.Close()
	for _, phase := range t.Phases {
		p, err := c.drive(ctx, t, phase, driver, server, workload, hits)
		result.Phases = append(result.Phases, p)
		if err != nil {
			return result, "", err
		}
	}
	return result, "", nil
}
