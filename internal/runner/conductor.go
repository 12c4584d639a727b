package runner

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/reference"
	"github.com/claimbench/claimbench/internal/service"
	"github.com/claimbench/claimbench/internal/target"
)

// Observer follows a run while it goes on. Its methods are called from the goroutine that
// measures, so they must be quick.
type Observer interface {
	// Doing says in a few words what is under way.
	Doing(what string)
	// Began is called before a trial's server is launched. Its time is not part of the trial.
	Began(t bench.Trial)
	// Hit is called for every request. A probe's hits come under the phase of its search.
	Hit(t bench.Trial, phase bench.PhaseID, h bench.Hit)
	// Used is called with what the server has used: after each phase and, in a closed loop, twice per
	// second.
	Used(t bench.Trial, u bench.Usage)
	// Ended is called when a trial has been recorded.
	Ended(r bench.TrialResult)
	// Looked is called after a look at the rounds up to that one, with what it found.
	Looked(round int, found string)
}

// Conductor runs a plan into a run directory.
type Conductor struct {
	Plan     *bench.Plan
	Writer   *record.Writer
	Launcher bench.Launcher
	Observer Observer
	// Certify measures the load generator before the first trial, at the rates of the plan. If it is nil,
	// the run has no certificate.
	Certify func(ctx context.Context, generator, servers cpuset.Set) (bench.Certificate, error)
	// Look judges the rounds up to that one. It returns the cells of which more rounds are needed, and
	// the claims that need them. It is called after the rounds at which the plan looks.
	Look func(round int) (cells map[bench.Cell]bool, claims []string, err error)
	// Earlier holds what earlier sessions of the same run recorded; nil for a new run.
	Earlier *record.Run
	// Deadline is when the run must stop with what it has; zero for never.
	Deadline time.Time
}

// sampling is how often a server's usage is read.
const sampling = 500 * time.Millisecond

// Run makes every trial that is not done. A trial that fails is recorded as invalid and the run goes on.
// An error means that the run could not go on; what was recorded until then stays.
func (c *Conductor) Run(ctx context.Context) (err error) {
	r := newRun(c)
	if err := r.prepare(ctx); err != nil {
		return err
	}
	_, bind := c.Launcher.Host()
	upstream, err := reference.NewUpstream(net.JoinHostPort(bind, "0"))
	if err != nil {
		return err
	}
	defer func() { _ = upstream.Close() }() // its work is done
	unpin, err := r.host.pin(c.Plan.CPUs)
	if err != nil {
		return err
	}
	defer unpin()
	services, err := service.Start(ctx, service.Config{
		Launcher: c.Launcher,
		Services: c.Plan.Services,
		CPUs:     c.Plan.CPUs.Generator,
		Progress: c.Observer.Doing,
	})
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), target.StopTimeout+5*time.Second)
		defer cancel()
		if stopped := services.Close(stopping); err == nil && stopped != nil {
			err = fmt.Errorf("stop the services: %w", stopped)
		}
	}()
	r.backends = newBackends(c.Plan.Services, upstream, services)
	if err := r.start(ctx); err != nil {
		return err
	}
	return r.trials(ctx)
}
