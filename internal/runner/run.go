package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/target"
)

// run is one session of a run while it goes on.
type run struct {
	*Conductor
	host       host
	backends   *backends
	capacities *capacities
	absent     map[string]string          // optional servers that this machine lacks, with the reason
	bodies     map[target.Question]string // agreed body
	out        map[bench.Cell]string      // cells that are left out, with the reason
	looked     int                        // last round that was looked at
	pace       pace
}

// newRun returns the session, with what earlier sessions found.
func newRun(c *Conductor) *run {
	r := &run{
		Conductor:  c,
		host:       host{gates: c.Plan.Gates},
		capacities: newCapacities(c.Plan),
		out:        map[bench.Cell]string{},
	}
	if c.Earlier != nil {
		r.capacities.resume(c.Earlier)
		if looks := c.Earlier.Looks(); len(looks) > 0 {
			r.looked = slices.Max(looks)
		}
	}
	return r
}

// start checks the servers, records the environment, and certifies the load generator.
func (r *run) start(ctx context.Context) error {
	abouts, err := r.verify(ctx)
	if err != nil {
		return err
	}
	environment := r.environment(ctx, abouts)
	if r.Earlier != nil && !r.Earlier.Environment.Time.IsZero() {
		if err := sameMachine(r.Earlier.Environment, environment); err != nil {
			return err
		}
	}
	if err := r.Writer.Environment(environment); err != nil {
		return err
	}
	if err := r.anythingLeft(); err != nil {
		return err
	}
	return r.certify(ctx)
}

// certify measures the load generator and records its certificate. A resumed run keeps the certificates
// of all its sessions.
func (r *run) certify(ctx context.Context) error {
	if r.Certify == nil {
		return nil
	}
	r.Observer.Doing("calibrating the load generator")
	generator := r.host.generator
	if len(r.host.servers) == 0 {
		generator = nil // nothing is pinned
	}
	certificate, err := r.Certify(ctx, generator, r.host.servers)
	if err != nil {
		return fmt.Errorf("calibrate: %w", err)
	}
	r.host.certified = certificate.Limit.Rate
	return r.Writer.Certificate(certificate)
}

// done reports whether an earlier session made the trial.
func (r *run) done(t bench.Trial) bool { return r.Earlier != nil && r.Earlier.Done(t.N) }

// trials makes the trials, one after the other.
func (r *run) trials(ctx context.Context) error {
	for _, t := range r.Plan.Trials {
		if r.done(t) || !r.hasLevel(t) {
			continue
		}
		if err := r.look(t.Round); err != nil {
			return err
		}
		if !r.hasLevel(t) { // the look dropped it
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if takes := r.pace.expect(t); !r.Deadline.IsZero() && time.Now().Add(takes).After(r.Deadline) {
			return r.Writer.Journal(record.Entry{
				Event:  record.EventBudget,
				Reason: fmt.Sprintf("trial %d would take about %v", t.N, takes.Round(time.Second)),
			})
		}
		r.Observer.Began(t) // observers may be slow: their time is not the trial's
		start := time.Now()
		if err := r.trial(ctx, t); err != nil {
			return err
		}
		r.pace.took(t, time.Since(start))
	}
	return r.Writer.Journal(record.Entry{Event: record.EventEnd})
}

// look judges the rounds before that one, if the plan looks there and no session has done so, and drops
// what no claim needs any longer. The journal records it.
func (r *run) look(round int) error {
	for _, at := range r.Plan.Profile.Looks {
		if at >= round || at <= r.looked {
			continue
		}
		r.Observer.Doing(fmt.Sprintf("judging %d rounds", at))
		needed, claims, err := r.Look(at)
		if err != nil {
			return fmt.Errorf("look at round %d: %w", at, err)
		}
		dropped, err := r.drop(at, needed)
		if err != nil {
			return err
		}
		r.looked = at
		found := fmt.Sprintf("%d claims are undecided (%s); %d cells are dropped",
			len(claims), strings.Join(claims, ", "), dropped)
		if len(claims) == 0 {
			found = "every claim is decided: nothing more is measured"
		}
		entry := record.Entry{Event: record.EventLook, Round: at, Undecided: claims, Reason: found}
		if err := r.Writer.Journal(entry); err != nil {
			return err
		}
		r.Observer.Looked(at, found)
	}
	return nil
}

// drop leaves out the arms of which no cell is needed. An arm is dropped whole or not at all, because
// everything that a launch does is part of the experiment.
func (r *run) drop(at int, needed map[bench.Cell]bool) (dropped int, err error) {
	for _, t := range r.Plan.Trials {
		scenario, _ := r.Plan.Scenario(t.Scenario)
		levels := scenario.AllLevels()
		if t.Round != at || slices.ContainsFunc(levels, func(l bench.Level) bool {
			return needed[bench.Cell{Arm: t.Arm(), Level: l.Name}]
		}) {
			continue
		}
		for _, l := range levels {
			cell := bench.Cell{Arm: t.Arm(), Level: l.Name}
			if r.out[cell] != "" {
				continue
			}
			r.out[cell] = fmt.Sprintf("dropped at round %d", at)
			dropped++
			entry := record.Entry{Event: record.EventDrop, Round: at, Arm: t.Arm(), Level: l.Name}
			if err := r.Writer.Journal(entry); err != nil {
				return dropped, err
			}
		}
	}
	return dropped, nil
}

// hasLevel reports whether the trial has a level that is not left out.
func (r *run) hasLevel(t bench.Trial) bool {
	return slices.ContainsFunc(t.Phases, func(p bench.Phase) bool {
		return r.out[bench.Cell{Arm: t.Arm(), Level: p.Level}] == ""
	})
}
