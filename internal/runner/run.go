package runner

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/reference"
	"github.com/claimbench/claimbench/internal/service"
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
	// Used is called with what the server has used: at the end of each phase and, in a closed loop, twice a second.
	Used(t bench.Trial, u bench.Usage)
	// Ended is called when a trial has been recorded.
	Ended(r bench.TrialResult)
	// Looked is called when the rounds up to that one were judged, with what came of it.
	Looked(round int, found string)
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

	// Look judges the rounds up to that one, and tells which cells (bench.CellName) more rounds are
	// needed of, and which claims need them. It is called after the rounds that the plan says.
	Look func(round int) (cells map[string]bool, claims []string, err error)
	// Looked is the last round that an earlier session of the same run looked at, and Dropped
	// tells which cells need not be measured in a round, by what was seen then.
	Looked  int
	Dropped func(cell string, round int) bool

	// Made are the results of earlier sessions, and Commons the smallest capacities of those compared that they
	// had fixed, by group; see common.
	Made    []bench.TrialResult
	Commons map[string]float64

	// Deadline is when the run has to end with what is known by then; zero for no such time.
	Deadline time.Time

	upstream *reference.Upstream
	services *service.Services
	capacity float64 // of the generator, as certified; requests a second
	// The CPUs of each; those of the generator are all there are where nothing is pinned.
	generator, servers cpuset.Set
	absent             map[string]string  // optional targets that this machine does not have, with the reason
	bodies             map[string]string  // agreed body by scenario and level
	out                map[string]string  // cells (bench.CellName) that are left out, with the reason
	capacities         map[string]float64 // last known, by cell
	pace               pace
}

// sampling is how often a server's usage is looked at.
const sampling = 500 * time.Millisecond

// Run makes every trial that is not done. A trial that fails is recorded as not
// valid and the run goes on; an error means that the run could not go on. What
// was recorded until then stays.
func (c *Conductor) Run(ctx context.Context) (err error) {
	c.capacities = map[string]float64{}
	c.remember(c.Made)
	if err := c.prepare(ctx); err != nil {
		return err
	}
	_, bind := c.Launcher.Host()
	if c.upstream, err = reference.NewUpstream(net.JoinHostPort(bind, "0")); err != nil {
		return err
	}
	defer c.upstream.Close()
	pinned, unpin, err := c.pin()
	if err != nil {
		return err
	}
	defer unpin()
	if c.services, err = service.Start(ctx, c.Launcher, c.Plan.Services, c.Plan.CPUs.Generator, c.Observer.Doing); err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), target.StopTimeout+5*time.Second)
		defer cancel()
		if stopped := c.services.Close(stopping); err == nil && stopped != nil {
			err = fmt.Errorf("stop the services: %w", stopped)
		}
	}()
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
	if err := c.anythingLeft(); err != nil {
		return err
	}
	if err := c.certify(ctx); err != nil {
		return err
	}
	return c.trials(ctx)
}

// trials makes the trials one after the other.
func (c *Conductor) trials(ctx context.Context) error {
	for _, t := range c.Plan.Trials {
		if c.Done(t.N) || !c.hasLevel(t) {
			continue
		}
		if err := c.look(t.Round); err != nil {
			return err
		}
		if !c.hasLevel(t) { // the look dropped it
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if takes := c.pace.expect(t); !c.Deadline.IsZero() && time.Now().Add(takes).After(c.Deadline) {
			return c.Writer.Journal(record.Entry{Event: record.EventBudget,
				Reason: fmt.Sprintf("trial %d would take about %v", t.N, takes.Round(time.Second))})
		}
		c.Observer.Began(t) // who observes may take a while, which is no part of the trial
		began := time.Now()
		if err := c.trial(ctx, t); err != nil {
			return err
		}
		c.pace.took(t, time.Since(began))
	}
	return c.Writer.Journal(record.Entry{Event: record.EventEnd})
}

// look judges the rounds before that one, where the plan says so and it was not done yet, and
// drops what no claim needs any more. The journal shows it.
func (c *Conductor) look(round int) error {
	for _, at := range c.Plan.Profile.Looks {
		if at >= round || at <= c.Looked {
			continue
		}
		c.Observer.Doing(fmt.Sprintf("judging %d rounds", at))
		needed, claims, err := c.Look(at)
		if err != nil {
			return fmt.Errorf("look at round %d: %w", at, err)
		}
		dropped := 0
		for _, t := range c.Plan.Trials {
			scenario, _ := c.Plan.Scenario(t.Scenario)
			// What else a launch does is part of the experiment, so arms are dropped as a whole.
			if t.Round != at || slices.ContainsFunc(scenario.AllLevels(), func(l bench.Level) bool { return needed[bench.CellName(t.Arm(), l.Name)] }) {
				continue
			}
			for _, l := range scenario.AllLevels() {
				cell := bench.CellName(t.Arm(), l.Name)
				if c.out[cell] != "" {
					continue
				}
				c.out[cell] = fmt.Sprintf("dropped at round %d", at)
				dropped++
				if err := c.Writer.Journal(record.Entry{Event: record.EventDrop, Round: at, Arm: t.Arm(), Level: l.Name}); err != nil {
					return err
				}
			}
		}
		c.Looked = at
		reason := fmt.Sprintf("%d claims are open (%s); %d cells are measured no more", len(claims), strings.Join(claims, ", "), dropped)
		if len(claims) == 0 {
			reason = "no claim is open: nothing more is measured"
		}
		if err := c.Writer.Journal(record.Entry{Event: record.EventLook, Round: at, Undecided: claims, Reason: reason}); err != nil {
			return err
		}
		c.Observer.Looked(at, reason)
	}
	return nil
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
	c.capacity = certificate.Limit.Rate
	return c.Writer.Certificate(certificate)
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
	return fmt.Sprintf("generator and services on CPUs %s, servers on %s", set, c.Plan.CPUs.Target), restore, nil
}
