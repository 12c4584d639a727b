package plan

import (
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
)

// twinSuffix ends a server's second name.
const twinSuffix = "-twin"

// twin returns the second name of the scenario's first production server, otherwise of its first server.
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

// withChecks adds to the chosen scenarios what shows whether a run is sound: an A/A twin and, for evidence, a
// positive control. If no chosen scenario has a twin, the first gets one. If none has known work, the first
// of all that does is added.
func (p *builder) withChecks(chosen, all []bench.Scenario) []bench.Scenario {
	chosen = slices.Clone(chosen)
	hasTwin := func(s bench.Scenario) bool { return s.Twin && p.canRun(s) }
	if !slices.ContainsFunc(chosen, hasTwin) {
		first := slices.IndexFunc(chosen, func(s bench.Scenario) bool { return s.Closed() && p.canRun(s) })
		if first < 0 {
			first = slices.IndexFunc(chosen, p.canRun)
		}
		if first >= 0 {
			chosen[first].Twin = true
		}
	}
	hasControl := func(s bench.Scenario) bool { return hasKnownWork(s) && p.canRun(s) }
	if !p.Profile.Evidence || slices.ContainsFunc(chosen, hasControl) {
		return chosen
	}
	if i := slices.IndexFunc(all, hasKnownWork); i >= 0 {
		chosen = append(chosen, p.control(all[i]))
	}
	return chosen
}

// canRun reports whether this machine has the CPUs and the plan the servers for the scenario.
func (p *builder) canRun(s bench.Scenario) bool {
	_, needs := p.place(s)
	return needs == 0 && len(p.runners(s)) > 0
}

func hasKnownWork(s bench.Scenario) bool { return slices.ContainsFunc(s.Levels, isKnownWork) }

func isKnownWork(l bench.Level) bool { return l.ControlOf != "" }

// control returns a scenario with just the level of known work and the level that it is a multiple of.
func (p *builder) control(s bench.Scenario) bench.Scenario {
	s.Name, s.Twin = "control", false
	known := s.Levels[slices.IndexFunc(s.Levels, isKnownWork)]
	base, _ := s.Level(known.ControlOf)
	s.Levels = []bench.Level{base, known}
	if len(p.runners(s)) == 0 { // the chosen servers are of other tiers, and have the same work
		s.Tiers, s.Targets = nil, nil
	}
	return s
}
