package judge

import (
	"fmt"
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

// quantity is a metric at an offered load: what a number says, whichever cell and round it is from.
type quantity struct {
	metric  metric.Metric
	offered bench.Offered
}

// limits says what other than the server may have limited a number.
type limits struct {
	lowerBound bool
	warnings   []string
}

func (l *limits) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// atLeast marks the number as a lower bound, with the reason.
func (l *limits) atLeast(cell bench.Cell, why, of string) {
	l.lowerBound = true
	l.warn("%s: %s, so the figure is only a lower bound for the server's %s", cell, why, of)
}

// limits returns what a cell's phase in a round shows besides its number: failed requests, and anything other
// than the server that may have set the number.
func (j *judgment) limits(q quantity, cell bench.Cell, round int) (l limits) {
	t := j.trials[cell.Arm][round]
	if t == nil {
		return l
	}
	if q.metric.Searched {
		j.addSearchLimits(&l, cell, t)
		return l
	}
	id := q.metric.Phase(t.Scenario, cell.Level, q.offered)
	phase, p, err := t.Phase(id)
	if err != nil {
		return l
	}
	if p.Failed > 0 {
		l.warn("%s failed requests in %s", cell.Arm, id)
	}
	if q.metric.ClosedLoop {
		j.addThroughputLimits(&l, cell, t, phase)
	}
	return l
}

// addSearchLimits adds the limits of a rate found by a search.
func (j *judgment) addSearchLimits(l *limits, cell bench.Cell, t *metric.Trial) {
	if held, tried := j.confirmations(cell); tried > 1 && 2*held < tried {
		l.warn("%s: another launch confirmed the capacity in only %d of %d rounds; the capacity may be a lucky one",
			cell, held, tried)
	}
	if _, lowerBound, _ := t.Capacity(cell.Level); lowerBound {
		l.atLeast(cell, "the load generator reached its limit", "capacity")
	}
}

// addThroughputLimits adds the limits of the throughput of a closed loop.
func (j *judgment) addThroughputLimits(l *limits, cell bench.Cell, t *metric.Trial, p bench.PhaseResult) {
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
		l.atLeast(cell, "the upstream answered late", "throughput")
	case idle && servicesBusy:
		l.atLeast(cell, "a service that it uses was at its limit", "throughput")
	case nearCapacity(p), generator > busyLimit*j.generator, generator > idleLimit && idle:
		l.atLeast(cell, "the load generator was at its limit", "throughput")
	case server < idleLimit*limit && generator < idleLimit:
		l.warn("%s: neither the server nor the load generator was busy, "+
			"so the number of connections set this throughput", cell)
	}
}

// confirmations counts the launches in which the capacity of the launch before was tried, and those in
// which it held.
func (j *judgment) confirmations(cell bench.Cell) (held, tried int) {
	for _, t := range j.trials[cell.Arm] {
		for i, p := range t.Result.Phases {
			if p.Level != cell.Level || !t.Summary.Phases[i].Confirms || p.Probe.LimitedBy != "" {
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
