package runner

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/target"
)

// prepare makes the targets ready to launch. An optional one that this machine does
// not have is left out; any other that cannot be made ready ends the run.
func (c *Conductor) prepare(ctx context.Context) error {
	c.absent = map[string]string{}
	for _, t := range c.runners() {
		c.Observer.Doing("preparing " + t.Name)
		err := c.Launcher.Prepare(ctx, t)
		switch {
		case err == nil:
		case t.Optional == "" || ctx.Err() != nil:
			return err
		default:
			line, _, _ := strings.Cut(err.Error(), "\n")
			c.absent[t.Name] = fmt.Sprintf("needs %s (%s)", t.Optional, line)
		}
	}
	return nil
}

// runners are the targets that run any scenario.
func (c *Conductor) runners() (list []bench.Target) {
	for _, t := range c.Plan.Targets {
		if slices.ContainsFunc(c.Plan.Scenarios, func(s bench.Scenario) bool { return slices.Contains(s.Targets, t.Name) }) {
			list = append(list, t)
		}
	}
	return list
}

// env is what every launch gets beside its variant.
func (c *Conductor) env() map[string]string {
	reach, _ := c.Launcher.Host()
	env := map[string]string{"UPSTREAM_URL": "http://" + net.JoinHostPort(reach, strconv.Itoa(c.upstream.Port()))}
	maps.Copy(env, c.services.Env())
	return env
}

// calls are how many calls our upstream and each of the named services have counted
// until now.
func (c *Conductor) calls(ctx context.Context, names []string) (map[string]uint64, error) {
	calls, err := c.services.Calls(ctx, names)
	if err == nil {
		calls["upstream"] = c.upstream.Calls()
	}
	return calls, err
}

// lacks says which service is not there that the scenario needs at the level.
func (c *Conductor) lacks(s bench.Scenario, l bench.Level) string {
	for _, name := range s.AllNeeds(l) {
		if why := c.services.Missing(name); why != "" {
			return why
		}
	}
	return ""
}

// verify checks the targets' conformance and leaves out the cells that fail, or that
// cannot be had here.
func (c *Conductor) verify(ctx context.Context) (map[string]bench.About, error) {
	targets := slices.DeleteFunc(c.runners(), func(t bench.Target) bool { return c.absent[t.Name] != "" })
	v := target.Verifier{Launcher: c.Launcher, Launch: bench.Launch{Env: c.env(), CPUs: c.Plan.CPUs.Target},
		Upstream: c.upstream, Calls: c.calls, Lacks: c.lacks, Ensure: c.services.Ensure, Try: try, Progress: c.Observer.Doing}
	found, err := v.Verify(ctx, targets, c.Plan.Scenarios)
	if err != nil {
		return nil, err
	}
	c.bodies, c.out = found.Bodies, map[string]string{}
	for name, log := range found.Logs {
		if err := c.Writer.ConformanceLog(name, log); err != nil {
			return nil, err
		}
	}
	for _, t := range c.Plan.Trials {
		scenario, _ := c.Plan.Scenario(t.Scenario)
		for _, l := range scenario.AllLevels() {
			cell := bench.CellName(t.Arm(), l.Name)
			if c.Dropped != nil && c.Dropped(cell, c.Looked+1) { // an earlier session's look did so
				c.out[cell] = fmt.Sprintf("dropped at round %d", c.Looked)
			}
			event, reason := "", ""
			switch {
			case t.Round > 1, c.out[cell] != "":
			case c.absent[t.Target] != "":
				event, reason = record.EventMissing, c.absent[t.Target]
			case found.Missing[cell] != "":
				event, reason = record.EventMissing, found.Missing[cell]
			case found.Problems[cell] != "":
				event, reason = record.EventExclude, found.Problems[cell]
			}
			if reason == "" {
				continue
			}
			c.out[cell] = reason
			if err := c.Writer.Journal(record.Entry{Event: event, Arm: t.Arm(), Level: l.Name, Reason: reason}); err != nil {
				return nil, err
			}
		}
	}
	return found.Abouts, nil
}

// hasLevel reports whether the trial has a level that is not left out.
func (c *Conductor) hasLevel(t bench.Trial) bool {
	return slices.ContainsFunc(t.Phases, func(p bench.Phase) bool { return c.out[bench.CellName(t.Arm(), p.Level)] == "" })
}

// anythingLeft is an error where there is nothing to measure.
func (c *Conductor) anythingLeft() error {
	if c.Looked > 0 || len(c.Plan.Trials) > 0 && slices.ContainsFunc(c.Plan.Trials, c.hasLevel) {
		return nil
	}
	var all []string
	for _, cell := range slices.Sorted(maps.Keys(c.out)) {
		all = append(all, cell+": "+c.out[cell])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Plan.Skipped)) {
		all = append(all, name+": "+c.Plan.Skipped[name])
	}
	return &target.Error{Err: fmt.Errorf("no server keeps its contract and has what it needs, so there is nothing to measure:\n    %s", strings.Join(all, "\n    ")),
		Hint: "the contract is in targets/README.md"}
}

// try sends a little of a workload that is no single request, and says what is wrong
// with what comes back.
func try(ctx context.Context, url string, w bench.Workload) error {
	driver, err := newDriver(w.Driver)
	if err != nil {
		return err
	}
	defer driver.Close()
	w.Members = min(w.Members, 3)
	short := bench.Schedule{Offered: bench.Offered{Rate: 20}, Arrivals: bench.Constant, Duration: bench.Duration{Duration: 200 * time.Millisecond}}
	var wrong string
	good := 0
	_, err = driver.Drive(ctx, url, w, short, func(h bench.Hit) {
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
		return fmt.Errorf("of the deliveries %d were good, and one failed: %s", good, wrong)
	case good == 0:
		return fmt.Errorf("nothing was delivered")
	}
	return nil
}
