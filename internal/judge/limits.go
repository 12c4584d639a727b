package judge

import (
	"fmt"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
)

// Who set the throughput of a closed loop? A generator that used more than
// busyLimit of its CPUs, or of its certified capacity, may have; so may one that was not idle (more than
// idleLimit of a CPU) beside a server that used less than busyLimit of what it
// could use, since a generator can be at its limit on one thread of many. Such
// a throughput is a lower bound of the server's: right-censored. Where both
// were below idleLimit, the number of connections set it.
const (
	busyLimit = .85
	idleLimit = .6
)

// caveats warns of what the phase that a comparison is made of shows beside its
// number: failed requests, and what else than the server may have set a
// throughput. It reports whether the number is a lower bound only.
func (c *court) caveats(x *cell, at side, round int) (open bool) {
	t := c.trials[at.arm][round]
	if t == nil {
		return false
	}
	warn := func(format string, args ...any) {
		if w := fmt.Sprintf(format, args...); !slices.Contains(x.Warnings, w) {
			x.Warnings = append(x.Warnings, w)
		}
	}
	m := x.metric
	if m.Name == "capacity" {
		if held, tried := c.confirmed(at); tried > 1 && 2*held < tried {
			warn("%s: another launch confirmed the capacity in %d of %d rounds only: it may be flattered by luck", at.cell(), held, tried)
		}
		if _, open, _ = t.capacity(at.level); open {
			warn("%s: the instrument came to its limit, so the server's capacity is at least this", at.cell())
		}
		return open
	}
	name := bench.PhaseName(at.level, t.measure(m), x.Offered)
	phase, p, err := t.phase(name)
	if err != nil {
		return false
	}
	if p.Failed > 0 {
		warn("%s failed requests in %s", at.arm, name)
	}
	if m.Name != "throughput" && m.Name != "speedup" && m.Name != "efficiency" {
		return false
	}
	arm := at.cell()
	drive := phase.Drive
	generator := drive.Generator.Seconds() / drive.Elapsed.Seconds()
	server := phase.CPU.Seconds() / drive.Elapsed.Seconds()
	beside := generator // what ran on the generator's CPUs
	for _, cpu := range phase.Services {
		beside += cpu.Seconds() / drive.Elapsed.Seconds()
	}
	idle := server < busyLimit*c.capacity(t) // a server that was busy set its throughput itself
	switch {
	case idle && phase.Late > bench.StandardGates.Late.Duration:
		warn("%s: our upstream answered late, so the server's throughput is at least this", arm)
		return true
	case idle && (c.serviceBusy(phase) || len(phase.Services) > 0 && beside > busyLimit*c.cpus):
		warn("%s: a service it leans on was at its limit, so the server's throughput is at least this", arm)
		return true
	case c.nearCapacity(phase), generator > busyLimit*c.cpus, generator > idleLimit && idle:
		warn("%s: the generator was at its limit, so the server's throughput is at least this", arm)
		return true
	case server < idleLimit*c.capacity(t) && generator < idleLimit:
		warn("%s: neither server nor generator was busy, so the number of connections set this throughput", arm)
	}
	return false
}

// confirmed is in how many launches the capacity that the one before had shown held, of how many
// in which it was tried.
func (c *court) confirmed(at side) (held, tried int) {
	for _, t := range c.trials[at.arm] {
		for i, p := range t.result.Phases {
			if p.Level != at.level || !t.summary.Phases[i].Confirms || p.Probe.Limit != "" {
				continue
			}
			tried++
			if t.summary.Phases[i].Held {
				held++
			}
		}
	}
	return held, tried
}

// nearCapacity reports whether the phase came near the most that the generator
// was certified to send.
func (c *court) nearCapacity(p bench.PhaseResult) bool {
	return slices.ContainsFunc(p.Gates, func(g bench.Gate) bool { return g.Name == bench.GateLoad && g.Value > busyLimit })
}

// serviceBusy reports whether a service that targets lean on may have set the phase's
// throughput.
func (c *court) serviceBusy(p bench.PhaseResult) bool {
	return slices.ContainsFunc(p.Gates, func(g bench.Gate) bool {
		return g.Name == bench.GateService && g.Value > bench.StandardGates.Service
	})
}

// capacity is how many CPUs a server can use at most: one for each worker, as far as
// there are CPUs.
func (c *court) capacity(t *trial) float64 {
	n := workers(t.result.Trial.Variant)
	if servers, err := cpuset.Parse(t.result.Trial.CPUs); err == nil && len(servers) > 0 {
		n = min(n, float64(len(servers)))
	}
	return n
}
