package runner

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// common is the rate of a phase at a share of the smallest capacity among the trial's server and those that it is
// compared with: of its tier, in the same variant. It is fixed, and in the journal,
// from the second round on, once each of them has a capacity; until then it is not known.
func (c *Conductor) common(t bench.Trial, phase bench.Phase) (rate bench.Rate, known bool, err error) {
	on, _ := c.Plan.Target(t.Target)
	group := bench.Cell{Arm: bench.ArmName(t.Scenario, on.Tier, t.Variant), Level: phase.Level}.String()
	smallest, fixed := c.Commons[group]
	if !fixed {
		if t.Round == 1 {
			return 0, false, nil
		}
		scenario, _ := c.Plan.Scenario(t.Scenario)
		smallest = math.Inf(1)
		for _, name := range scenario.Targets {
			other, _ := c.Plan.Target(name)
			cell := bench.Cell{Arm: bench.ArmName(t.Scenario, name, t.Variant), Level: phase.Level}
			if other.Tier != on.Tier || other.QuickstartOf != "" || c.out[cell] != "" {
				continue
			}
			capacity, found := c.capacities[cell]
			if !found {
				return 0, false, nil
			}
			smallest = min(smallest, capacity)
		}
		if math.IsInf(smallest, 1) {
			return 0, false, nil
		}
		if c.Commons == nil {
			c.Commons = map[string]float64{}
		}
		c.Commons[group] = smallest
		if err := c.Writer.Journal(record.Entry{Event: record.EventCommon, Arm: group, Rate: smallest}); err != nil {
			return 0, false, err
		}
	}
	return bench.Rate(max(math.Round(smallest*float64(phase.Schedule.Share)*100)/100, leastRate)), true, nil
}

// remember takes the capacities that earlier sessions of the run found, as far as they are of
// searches that came to a rate that held.
func (c *Conductor) remember(results []bench.TrialResult) {
	for _, r := range results {
		found := map[bench.Cell]float64{}
		for _, p := range r.Phases {
			if p.Probe != nil && p.Probe.Held && !p.Probe.Confirms && p.Void == "" {
				cell := bench.Cell{Arm: r.Trial.Arm(), Level: p.Level}
				found[cell] = max(found[cell], float64(p.Probe.Rate))
			}
		}
		for cell, capacity := range found {
			c.capacities[cell] = capacity
		}
	}
}
