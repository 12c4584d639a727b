package plan

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
)

// builder makes a plan.
type builder struct {
	*bench.Plan
	cpus map[string]string // of the servers, by scenario
}

// mostParts is the most parallel parts that {k} and k stand for.
const mostParts = 4

// add puts a scenario into the plan, with its servers and its place on this machine
// fixed; or says why it is skipped.
func (p *builder) add(s bench.Scenario, generator, servers cpuset.Set) {
	skip := func(format string, args ...any) {
		if p.Skipped == nil {
			p.Skipped = map[string]string{}
		}
		p.Skipped[s.Name] = fmt.Sprintf(format, args...)
	}
	on, needs := place(s, generator, servers)
	if needs > 0 {
		skip("needs %d CPUs", needs)
		return
	}
	count := max(len(on), 1)
	p.cpus[s.Name] = on.String()
	parts := strconv.Itoa(min(count, mostParts))
	s.Levels = slices.Clone(s.Levels)
	for i, l := range s.Levels {
		s.Levels[i].Path = strings.ReplaceAll(l.Path, "{k}", parts)
		if l.Units == "k" {
			s.Levels[i].Units = parts
		}
	}
	var variants []bench.Variant
	for _, v := range s.Variants {
		for _, v := range expand(v, count) {
			if v = resolve(v, count); !slices.ContainsFunc(variants, func(o bench.Variant) bool { return maps.Equal(o, v) }) {
				variants = append(variants, v)
			}
		}
	}
	s.Variants = variants
	p.resolveTests(s.Name, count)
	s.Targets, s.Tiers = p.runners(s), nil
	if len(s.Targets) == 0 {
		skip("no server that was chosen runs it")
		return
	}
	if s.Twin {
		s.Targets = append(s.Targets, p.twin(s))
	}
	p.Scenarios = append(p.Scenarios, s)
}

// place is where the scenario's servers run: on their own CPUs or, where those are too few and the
// scenario allows it, on the generator's as well. It tells how many CPUs are needed where there are too few.
func place(s bench.Scenario, generator, servers cpuset.Set) (on cpuset.Set, needs int) {
	all := append(slices.Clone(generator), servers...)
	slices.Sort(all)
	switch {
	case s.CPUs.Least <= max(len(servers), 1):
		return servers, 0
	case s.CPUs.Share && s.CPUs.Least <= len(all):
		return all, 0
	case s.CPUs.Share:
		return nil, s.CPUs.Least
	}
	return nil, s.CPUs.Least + max(len(generator), 1)
}

// twinSuffix is behind a target's second name.
const twinSuffix = "-twin"

// twin is the second name of the scenario's first production target, else of its first.
func (p *builder) twin(s bench.Scenario) string {
	of, _ := p.Target(s.Targets[0])
	for _, name := range s.Targets {
		if t, _ := p.Target(name); t.Production() {
			of = t
			break
		}
	}
	twin := of
	twin.Name, twin.TwinOf = of.Name+twinSuffix, of.Name
	if _, ok := p.Target(twin.Name); !ok {
		p.Targets = append(slices.Clone(p.Targets), twin)
	}
	return twin.Name
}

// guards sees to it that a run has its A/A arm and, where its verdicts are to be evidence,
// a positive control: the first of the scenarios, as they are written in the project, gets a twin where none that
// was chosen has one, and the first level of known work is added, with the level that it is relative to, as
// a scenario of its own.
func (p *builder) guards(chosen, all []bench.Scenario, generator, servers cpuset.Set) []bench.Scenario {
	chosen = slices.Clone(chosen)
	runs := func(s bench.Scenario) bool {
		_, needs := place(s, generator, servers)
		return needs == 0 && len(p.runners(s)) > 0
	}
	if !slices.ContainsFunc(chosen, func(s bench.Scenario) bool { return s.Twin && runs(s) }) {
		first := slices.IndexFunc(chosen, func(s bench.Scenario) bool { return s.Closed() && runs(s) })
		if first < 0 {
			first = slices.IndexFunc(chosen, runs)
		}
		if first >= 0 {
			chosen[first].Twin = true
		}
	}
	controlled := func(s bench.Scenario) bool {
		return slices.ContainsFunc(s.Levels, func(l bench.Level) bool { return l.ControlOf != "" })
	}
	if !p.Profile.Evidence || slices.ContainsFunc(chosen, func(s bench.Scenario) bool { return controlled(s) && runs(s) }) {
		return chosen
	}
	if i := slices.IndexFunc(all, controlled); i >= 0 {
		control := all[i]
		control.Name, control.Twin = "control", false
		known := control.Levels[slices.IndexFunc(control.Levels, func(l bench.Level) bool { return l.ControlOf != "" })]
		base, _ := control.Level(known.ControlOf)
		control.Levels = []bench.Level{base, known}
		if len(p.runners(control)) == 0 { // what was chosen is of other tiers, and has the same work
			control.Tiers, control.Targets = nil, nil
		}
		chosen = append(chosen, control)
	}
	return chosen
}

// mostSteps is how many variants "1..cpus" stands for at most: as many as a scaling law takes.
const mostSteps = 6

// expand is a variant for each of the numbers that "1..cpus" stands for, evenly spread
// from one to the number of CPUs.
func expand(v bench.Variant, cpus int) []bench.Variant {
	for name, value := range v {
		if value != "1..cpus" {
			continue
		}
		var list []bench.Variant
		steps := min(cpus, mostSteps)
		for i := range steps {
			next := maps.Clone(v)
			next[name] = strconv.Itoa(1 + (cpus-1)*i/max(steps-1, 1))
			list = append(list, next)
		}
		return list
	}
	return []bench.Variant{v}
}

// resolve puts the number of CPUs in the place of its name.
func resolve(v bench.Variant, cpus int) bench.Variant {
	v = maps.Clone(v)
	for name, value := range v {
		if value == "cpus" {
			v[name] = strconv.Itoa(cpus)
		}
	}
	return v
}

// resolveTests does so in the tests of a scenario.
func (p *builder) resolveTests(scenario string, cpus int) {
	p.Guide.Claims = slices.Clone(p.Guide.Claims)
	for i, claim := range p.Guide.Claims {
		claim.Tests = slices.Clone(claim.Tests)
		for j, t := range claim.Tests {
			if t.Scenario != scenario {
				continue
			}
			claim.Tests[j].Variant = resolve(t.Variant, cpus)
			if t.Base != nil {
				base := *t.Base
				base.Variant = resolve(base.Variant, cpus)
				claim.Tests[j].Base = &base
			}
		}
		p.Guide.Claims[i] = claim
	}
}

// runners are the names of the targets that run a scenario.
func (p *builder) runners(s bench.Scenario) (names []string) {
	tiers := s.Tiers
	if most := p.Profile.Tiers; most > 0 && len(tiers) > most {
		tiers = tiers[:most]
	}
	add := func(runs func(bench.Target) bool) {
		for _, t := range p.Targets {
			if runs(t) && !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	add(func(t bench.Target) bool {
		everyone := len(s.Tiers) == 0 && len(s.Targets) == 0
		return slices.Contains(s.Targets, t.Name) || t.Production() && (everyone || slices.Contains(tiers, t.Tier))
	})
	if s.Quickstarts {
		production := slices.Clone(names)
		add(func(t bench.Target) bool { return slices.Contains(production, t.QuickstartOf) })
	}
	return names
}

// needs keeps the services that the scenarios need.
func (p *builder) needs(services []bench.Service) {
	for _, service := range services {
		if slices.ContainsFunc(p.Scenarios, func(s bench.Scenario) bool {
			return slices.ContainsFunc(s.AllLevels(), func(l bench.Level) bool { return slices.Contains(s.AllNeeds(l), service.Name) })
		}) {
			p.Services = append(p.Services, service)
		}
	}
}

// round is every arm once, in an order of the round's own.
func (p *builder) round(round int) []bench.Trial {
	var trials []bench.Trial
	for _, s := range p.Scenarios {
		on := p.cpus[s.Name]
		launches := 0
		if s.Measures(bench.MeasureFootprint) {
			launches = p.Profile.Launches
		}
		phases := p.phases(s, round)
		for _, name := range s.Targets {
			target, _ := p.Target(name)
			for i, v := range s.Variants {
				if i > 0 && target.QuickstartOf != "" {
					break
				}
				trials = append(trials, bench.Trial{Round: round, Scenario: s.Name, Target: name, Variant: v,
					CPUs: on, Shared: on != p.Plan.CPUs.Target, Launches: launches, Phases: phases})
			}
		}
	}
	shuffle := rand.New(rand.NewPCG(p.Seed, uint64(round)))
	shuffle.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
	return trials
}

// phases are the drives of a trial: of each level, in an order of the round's own, all
// that is measured. Within a round all targets get the same arrivals and the same
// order, so that what is in the schedule meets both sides of a comparison.
func (p *builder) phases(s bench.Scenario, round int) []bench.Phase {
	levels := slices.Clone(s.AllLevels())
	// Memory that open connections took is not given back: there, fewer come first.
	if !slices.ContainsFunc(levels, func(l bench.Level) bool { return l.HeldConnections > 0 }) {
		order := rand.New(rand.NewPCG(p.Seed, seed(p.Seed, round, s.Name, "levels")))
		order.Shuffle(len(levels), func(i, j int) { levels[i], levels[j] = levels[j], levels[i] })
	}
	var list []bench.Phase
	for _, l := range levels {
		list = append(list, p.level(s, l, round)...)
	}
	return list
}

// level are the drives of one level.
func (p *builder) level(s bench.Scenario, l bench.Level, round int) (list []bench.Phase) {
	add := func(measure string, at bench.Offered, schedule bench.Schedule) {
		phase := bench.Phase{
			ID:       bench.PhaseID{Level: l.Name, Kind: measure, Offered: at},
			Level:    l.Name,
			Schedule: schedule,
		}
		if measure != bench.Warmup {
			phase.Measure = measure
		}
		phase.Schedule.Seed = seed(p.Seed, round, s.Name, phase.ID.String())
		list = append(list, phase)
	}
	connections := s.Connections
	if l.Connections > 0 {
		connections = l.Connections
	}
	closed := func(d bench.Duration) bench.Schedule { return bench.Schedule{Connections: connections, Duration: d} }
	none := bench.Offered{}
	open := func(at bench.Offered, d bench.Duration) bench.Schedule {
		return bench.Schedule{Offered: at, Arrivals: s.Workload.Arrivals, Connections: l.HeldConnections, Duration: d}
	}
	if s.Measures(bench.MeasureFootprint) {
		add(bench.MeasureFootprint, none, bench.Schedule{Duration: p.Profile.Warmup})
		if len(s.Measure) == 1 { // nothing is put under load
			return list
		}
	}
	if s.Workload.Driver == bench.DriverHTTP && l.HeldConnections == 0 {
		add(bench.Warmup, none, closed(p.Profile.Warmup))
	} else { // connections that stay open are made now, and not when something is measured
		add(bench.Warmup, none, open(bench.Offered{Rate: s.Rates[0]}, p.Profile.Warmup))
	}
	for _, measure := range []string{bench.MeasureLatency, bench.MeasureDelivery} {
		if s.Measures(measure) {
			for _, at := range p.Profile.Offers(s) {
				lasts := p.Profile.Measure // at a share of a capacity that is not known yet
				if at.Rate > 0 {
					lasts = p.Profile.Lasts(s, at.Rate)
				}
				add(measure, at, open(at, lasts))
			}
		}
	}
	if s.Closed() {
		add(bench.MeasureThroughput, none, closed(p.Profile.Measure))
	}
	if s.Measures(bench.MeasureCapacity) && p.Profile.Probe.Duration > 0 {
		add(bench.MeasureCapacity, none, open(bench.Offered{Rate: s.Rates[0]}, p.Profile.Probe))
	}
	return list
}

// seed is a function of what it is given.
func seed(plan uint64, round int, scenario, what string) uint64 {
	h := fnv.New64a()
	binary.Write(h, binary.LittleEndian, []uint64{plan, uint64(round)})
	h.Write([]byte(scenario + "\x00" + what))
	return h.Sum64()
}
