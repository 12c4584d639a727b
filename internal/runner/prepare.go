package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/target"
)

// prepare makes the servers ready to launch. An optional one that this machine lacks is left out; any other
// that cannot be prepared ends the run.
func (r *run) prepare(ctx context.Context) error {
	r.absent = map[string]string{}
	for _, t := range r.entries() {
		r.Observer.Doing("preparing " + t.Name)
		err := r.Launcher.Prepare(ctx, t)
		switch {
		case err == nil:
		case t.Optional == "" || ctx.Err() != nil:
			return err
		default:
			line, _, _ := strings.Cut(err.Error(), "\n")
			r.absent[t.Name] = fmt.Sprintf("needs %s (%s)", t.Optional, line)
		}
	}
	return nil
}

// entries returns the catalogue entries of the servers that run a scenario.
func (r *run) entries() (list []bench.Target) {
	for _, t := range r.Plan.Targets {
		if slices.ContainsFunc(r.Plan.Scenarios, func(s bench.Scenario) bool {
			return slices.Contains(s.Targets, t.Name)
		}) {
			list = append(list, t)
		}
	}
	return list
}

// verify checks that the servers keep the contract. It leaves out the cells that fail, and those that need
// something that this machine lacks.
func (r *run) verify(ctx context.Context) (map[string]bench.About, error) {
	entries := slices.DeleteFunc(r.entries(), func(t bench.Target) bool { return r.absent[t.Name] != "" })
	v := target.Verifier{
		Launcher: r.Launcher,
		Launch:   bench.Launch{Env: r.env(), CPUs: r.Plan.CPUs.Target},
		Upstream: r.backends.upstream,
		Own:      r.backends.own,
		Calls:    r.backends.calls,
		Lacks:    r.backends.lacks,
		Ensure:   r.backends.services.Ensure,
		Try:      try,
		Progress: r.Observer.Doing,
	}
	found, err := v.Verify(ctx, entries, r.Plan.Scenarios)
	if err != nil {
		return nil, err
	}
	r.bodies = found.Bodies
	for name, log := range found.Logs {
		if err := r.Writer.ConformanceLog(name, log); err != nil {
			return nil, err
		}
	}
	for _, t := range r.Plan.Trials {
		scenario, _ := r.Plan.Scenario(t.Scenario)
		for _, l := range scenario.AllLevels() {
			cell := bench.Cell{Arm: t.Arm(), Level: l.Name}
			if r.Earlier != nil && r.Earlier.Dropped(cell, r.looked+1) {
				r.out[cell] = fmt.Sprintf("dropped at round %d", r.looked)
			}
			if t.Round > 1 || r.out[cell] != "" {
				continue
			}
			if err := r.leaveOut(cell, r.absent[t.Target], found); err != nil {
				return nil, err
			}
		}
	}
	return found.Abouts, nil
}

// leaveOut leaves out a cell whose server is absent, or that failed the check, and records why.
func (r *run) leaveOut(cell bench.Cell, absent string, found *target.Conformance) error {
	event, reason := record.EventMissing, absent
	if reason == "" {
		reason = found.Missing[cell]
	}
	if reason == "" {
		event, reason = record.EventExclude, found.Problems[cell]
	}
	if reason == "" {
		return nil
	}
	r.out[cell] = reason
	return r.Writer.Journal(record.Entry{Event: event, Arm: cell.Arm, Level: cell.Level, Reason: reason})
}

// anythingLeft returns an error if nothing is left to measure.
func (r *run) anythingLeft() error {
	if r.looked > 0 || slices.ContainsFunc(r.Plan.Trials, r.hasLevel) {
		return nil
	}
	var all []string
	for cell, why := range r.out {
		all = append(all, cell.String()+": "+why)
	}
	slices.Sort(all)
	for _, name := range slices.Sorted(maps.Keys(r.Plan.Skipped)) {
		all = append(all, name+": "+r.Plan.Skipped[name])
	}
	return &target.Error{
		Err: fmt.Errorf("there is nothing to measure: no server keeps the contract and has what it needs\n    %s",
			strings.Join(all, "\n    ")),
		Hint: "read the contract in targets/README.md",
	}
}

// try sends a little of a workload that is not a single request, and returns what is wrong with the
// answers.
func try(ctx context.Context, url string, w bench.Workload) error {
	driver, err := newDriver(w.Driver)
	if err != nil {
		return err
	}
	defer driver.Close()
	w.Members = min(w.Members, 3)
	schedule := bench.Schedule{
		Offered:  bench.Offered{Rate: 20},
		Arrivals: bench.Constant,
		Duration: bench.Duration{Duration: 200 * time.Millisecond},
	}
	var wrong string
	good := 0
	_, err = driver.Drive(ctx, bench.Load{URL: url, Workload: w, Schedule: schedule}, func(h bench.Hit) {
		if h.Good() {
			good++
		} else if wrong == "" {
			wrong = h.Err
		}
	})
	switch {
	case err != nil:
		return err
	case wrong != "":
		return fmt.Errorf("%d deliveries were good, and one failed: %s", good, wrong)
	case good == 0:
		return errors.New("nothing was delivered")
	}
	return nil
}
