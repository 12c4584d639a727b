package report

import (
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// arm is a server in one variant under a scenario.
type arm struct {
	id    string // see bench.ArmName
	short string // in the section of its scenario
}

// armOf returns the arm that a trial of the scenario launches. Its short name leaves out the scenario, and
// the variant if there is only one.
func armOf(t bench.Trial, s bench.Scenario) arm {
	a := arm{id: t.Arm(), short: t.Target}
	if len(t.Variant) > 0 && len(s.Variants) != 1 {
		a.short += "[" + t.Variant.String() + "]"
	}
	return a
}

// armsOf returns the arms of a scenario in the plan, sorted by id.
func armsOf(p bench.Plan, s bench.Scenario) []arm {
	var arms []arm
	for _, t := range p.Trials {
		if t.Scenario == s.Name {
			arms = append(arms, armOf(t, s))
		}
	}
	slices.SortFunc(arms, func(a, b arm) int { return strings.Compare(a.id, b.id) })
	return slices.Compact(arms)
}
