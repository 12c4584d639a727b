package judge

import (
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/metric"
)

// Who set the throughput of a closed loop? The load generator may have set it if it used more than
// busyLimit of its CPUs or of its certified capacity. Next to a server that used less than busyLimit of
// its own CPUs, more than idleLimit of one CPU is enough, since a load generator can be at its limit on
// one thread of many. Such a throughput is a lower bound of the server's: right-censored. If both were
// below idleLimit, the number of connections set it.
const (
	busyLimit = .85
	idleLimit = .6
)

// limited adds to the comparison what the phase shows besides its number: failed requests, and anything
// other than the server that may have set it. It reports whether the number is a lower bound.
func (j *judgment) limited(c *comparison, cell bench.Cell, round int) (lowerBound bool) {
	t := j.trials[cell.Arm][round]
	if t == nil {
		return false
	}
	if c.metric.Searched {
		return j.searchLimited(c, cell, t)
	}
	id := c.metric.Phase(t.Scenario, cell.Level, c.Offered)
	phase, p, err := t.Phase(id)
	if err != nil {
		return false
	}
	if p.Failed > 0 {
		c.warn("%s failed requests in %s", cell.Arm, id)
	}
	return c.metric.Throughput && j.throughputLimited(c, cell, t, phase)
}

// searchLimited is limited for a rate found by a search.
func (j *judgment) searchLimited(c *comparison, cell bench.Cell, t *metric.Trial) bool {
	if held, tried := j.confirmations(cell); tried > 1 && 2*held < tried {
		c.warn("%s: another launch confirmed the capacity in only %d of %d rounds; luck may flatter it",
			cell, held, tried)
	}
	_, lowerBound, _ := t.Capacity(cell.Level)
	if lowerBound {
		c.warn("%s: the load generator reached its limit, so the server's capacity is at least this", cell)
	}
	return lowerBound
}

// throughputLimited is limited for the throughput of a closed loop.
func (j *judgment) throughputLimited(c *comparison, cell bench.Cell, t *metric.Trial, p bench.PhaseResult) bool {
	seconds := p.Drive.Elapsed.Seconds()
	generator, server := p.Drive.Generator.Seconds()/seconds, p.CPU.Seconds()/seconds
	used := generator // by everything on the load generator's CPUs
	for _, cpu := range p.Services {
		used += cpu.Seconds() / seconds
	}
	limit := cpuLimit(t)
	idle := server < busyLimit*limit // a busy server set its throughput itself
	servicesBusy := j.serviceBusy(p) || len(p.Services) > 0 && used > busyLimit*j.generator
	switch {
	case idle && p.Late > j.gates.Late.Duration:
		c.warn("%s: the upstream answered late, so the server's throughput is at least this", cell)
		return true
	case idle && servicesBusy:
		c.warn("%s: a service that it uses was at its limit, so the server's throughput is at least this", cell)
		return true
	case nearCapacity(p), generator > busyLimit*j.generator, generator > idleLimit && idle:
		c.warn("%s: the load generator was at its limit, so the server's throughput is at least this", cell)
		return true
	case server < idleLimit*limit && generator < idleLimit:
		c.warn("%s: neither server nor load generator was busy, so the number of connections set this throughput",
			cell)
	}
	return false
}

// confirmations counts the launches in which the capacity of the launch before was tried, and those in
// which it held.
func (j *judgment) confirmations(cell bench.Cell) (held, tried int) {
	for _, t := range j.trials[cell.Arm] {
		for i, p := range t.Result.Phases {
			if p.Level != cell.Level || !t.Summary.Phases[i].Confirms || p.Probe.Limit != "" {
				continue
			}
			tried++
			if t.Summary.Phases[i].Held {
				held++
			}
		}
	}
	return held, tried
}

// nearCapacity reports whether the phase came near the highest rate that the load generator was
// certified to send.
func nearCapacity(p bench.PhaseResult) bool {
	return slices.ContainsFunc(p.Gates, func(g bench.Gate) bool {
		return g.Name == bench.GateLoad && g.Value > busyLimit
	})
}

// serviceBusy reports whether a service that servers use may have set the phase's throughput.
func (j *judgment) serviceBusy(p bench.PhaseResult) bool {
	return slices.ContainsFunc(p.Gates, func(g bench.Gate) bool {
		return g.Name == bench.GateService && g.Value > j.gates.Service
	})
}

// cpuLimit returns how many CPUs a server can use at most: one per worker, up to the CPUs it may run on.
func cpuLimit(t *metric.Trial) float64 {
	n := t.Workers()
	if servers, err := cpuset.Parse(t.Result.Trial.CPUs); err == nil && len(servers) > 0 {
		n = min(n, float64(len(servers)))
	}
	return n
}
