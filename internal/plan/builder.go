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
	generator, servers cpuset.Set        // CPUs of the load generator and of the servers
	cpus               map[string]string // of the servers, by scenario
}

// mostParts is the largest number of parallel parts that {k} and k stand for.
const mostParts = 4

// add puts a scenario into the plan, resolved for this machine, or records why it is skipped.
func (p *builder) add(s bench.Scenario) {
	on, needs := p.place(s)
	if needs > 0 {
		p.skip(s.Name, fmt.Sprintf("needs %d CPUs", needs))
		return
	}
	count := max(len(on), 1)
	p.cpus[s.Name] = on.String()
	s.Levels = resolveLevels(s.Levels, min(count, mostParts))
	s.Variants = resolveVariants(s.Variants, count)
	p.resolveTests(s.Name, count)
	s.Targets, s.Tiers = p.runners(s), nil
	if len(s.Targets) == 0 {
		p.skip(s.Name, "none of the chosen servers runs it")
		return
	}
	if s.Twin {
		s.Targets = append(s.Targets, p.twin(s))
	}
	p.Scenarios = append(p.Scenarios, s)
}

// skip records why a scenario is left out.
func (p *builder) skip(scenario, why string) {
	if p.Skipped == nil {
		p.Skipped = map[string]string{}
	}
	p.Skipped[scenario] = why
}

// place returns the CPUs of the scenario's servers: their own or, if those are too few and the scenario
// allows it, the load generator's too. If there are too few, needs is how many the machine must have.
func (p *builder) place(s bench.Scenario) (on cpuset.Set, needs int) {
	all := append(slices.Clone(p.generator), p.servers...)
	slices.Sort(all)
	switch {
	case s.CPUs.Least <= max(len(p.servers), 1):
		return p.servers, 0
	case s.CPUs.Share && s.CPUs.Least <= len(all):
		return all, 0
	case s.CPUs.Share:
		return nil, s.CPUs.Least
	}
	return nil, s.CPUs.Least + max(len(p.generator), 1)
}

// runners returns the names of the servers that run a scenario.
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

// keepNeeded puts the services that the scenarios need into the plan.
func (p *builder) keepNeeded(services []bench.Service) {
	for _, service := range services {
		if slices.ContainsFunc(p.Scenarios, func(s bench.Scenario) bool {
			return slices.ContainsFunc(s.AllLevels(), func(l bench.Level) bool {
				return slices.Contains(s.AllNeeds(l), service.Name)
			})
		}) {
			p.Services = append(p.Services, service)
		}
	}
}

// round returns every arm once, in an order of the round's own.
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
				trials = append(trials, bench.Trial{
					Round:    round,
					Scenario: s.Name,
					Target:   name,
					Variant:  v,
					CPUs:     on,
					Shared:   on != p.Plan.CPUs.Target,
					Launches: launches,
					Phases:   phases,
				})
			}
		}
	}
	shuffle := rand.New(rand.NewPCG(p.Seed, uint64(round)))
	shuffle.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
	return trials
}

// phases returns the phases of a trial: level by level, in an order of the round's own, everything that is
// measured. Within a round all servers get the same arrivals in the same order, so that chance in the
// schedule meets both sides of a comparison.
func (p *builder) phases(s bench.Scenario, round int) []bench.Phase {
	levels := slices.Clone(s.AllLevels())
	// A server does not give back the memory of held connections, so levels with fewer come first.
	if !slices.ContainsFunc(levels, func(l bench.Level) bool { return l.HeldConnections > 0 }) {
		order := rand.New(rand.NewPCG(p.Seed, seed(p.Seed, round, s.Name, "levels")))
		order.Shuffle(len(levels), func(i, j int) { levels[i], levels[j] = levels[j], levels[i] })
	}
	var list []bench.Phase
	for _, l := range levels {
		list = append(list, p.level(s, l)...)
	}
	for i := range list {
		list[i].Schedule.Seed = seed(p.Seed, round, s.Name, list[i].ID.String())
	}
	return list
}

// level returns the phases of one level.
func (p *builder) level(s bench.Scenario, l bench.Level) (list []bench.Phase) {
	add := func(kind string, at bench.Offered, schedule bench.Schedule) {
		phase := bench.Phase{
			ID:       bench.PhaseID{Level: l.Name, Kind: kind, Offered: at},
			Level:    l.Name,
			Schedule: schedule,
		}
		if kind != bench.Warmup {
			phase.Measure = kind
		}
		list = append(list, phase)
	}
	connections := s.Connections
	if l.Connections > 0 {
		connections = l.Connections
	}
	closed := func(d bench.Duration) bench.Schedule {
		return bench.Schedule{Connections: connections, Duration: d}
	}
	open := func(at bench.Offered, d bench.Duration) bench.Schedule {
		return bench.Schedule{
			Offered:     at,
			Arrivals:    s.Workload.Arrivals,
			Connections: l.HeldConnections,
			Duration:    d,
		}
	}
	none := bench.Offered{}
	if s.Measures(bench.MeasureFootprint) {
		add(bench.MeasureFootprint, none, bench.Schedule{Duration: p.Profile.Warmup})
		if len(s.Measure) == 1 { // nothing is put under load
			return list
		}
	}
	if s.Workload.Driver == bench.DriverHTTP && l.HeldConnections == 0 {
		add(bench.Warmup, none, closed(p.Profile.Warmup))
	} else { // connections that stay open are made now, not while something is measured
		add(bench.Warmup, none, open(bench.Offered{Rate: s.Rates[0]}, p.Profile.Warmup))
	}
	for _, measure := range []string{bench.MeasureLatency, bench.MeasureDelivery} {
		if !s.Measures(measure) {
			continue
		}
		for _, at := range p.Profile.Offers(s) {
			lasts := p.Profile.Measure // at a share of a capacity that is not known yet
			if at.Rate > 0 {
				lasts = p.Profile.Lasts(s, at.Rate)
			}
			add(measure, at, open(at, lasts))
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

// seed derives the seed of one use of chance from the plan's: the same arguments give the same seed.
func seed(plan uint64, round int, scenario, use string) uint64 {
	h := fnv.New64a()
	var numbers []byte
	numbers = binary.LittleEndian.AppendUint64(numbers, plan)
	numbers = binary.LittleEndian.AppendUint64(numbers, uint64(round))
	h.Write(numbers)
	h.Write([]byte(scenario + "\x00" + use))
	return h.Sum64()
}

// resolveLevels puts the number of parallel parts in the place of its name.
func resolveLevels(levels []bench.Level, parts int) []bench.Level {
	levels = slices.Clone(levels)
	number := strconv.Itoa(parts)
	for i, l := range levels {
		levels[i].Path = strings.ReplaceAll(l.Path, "{k}", number)
		if l.Units == "k" {
			levels[i].Units = number
		}
	}
	return levels
}

// resolveVariants puts numbers of CPUs in the place of their names, and leaves out repetitions.
func resolveVariants(variants []bench.Variant, cpus int) (list []bench.Variant) {
	for _, written := range variants {
		for _, v := range expand(written, cpus) {
			v = resolve(v, cpus)
			if !slices.ContainsFunc(list, func(other bench.Variant) bool { return maps.Equal(other, v) }) {
				list = append(list, v)
			}
		}
	}
	return list
}

// mostSteps is the largest number of variants that "1..cpus" stands for: as many as a scaling law takes.
const mostSteps = 6

// expand returns a variant for each of the numbers that "1..cpus" stands for, evenly spread from one to the
// number of CPUs.
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

// resolveTests puts the number of CPUs in the place of its name in the tests of a scenario.
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
