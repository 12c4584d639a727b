package runner

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// capacities holds the capacities that searches have found, and the common rates that follow from them.
type capacities struct {
	plan *bench.Plan
	last map[bench.Cell]float64 // requests per second, as the last launch of the cell showed
	// fixed holds the smallest capacity of each group of servers that are compared. It is fixed once for
	// the whole run; the journal records it.
	fixed map[string]float64
}

func newCapacities(p *bench.Plan) *capacities {
	return &capacities{plan: p, last: map[bench.Cell]float64{}, fixed: map[string]float64{}}
}

// resume takes over what earlier sessions of the run found, from searches in which a rate held.
func (c *capacities) resume(earlier *record.Run) {
	c.fixed = earlier.Commons()
	for _, r := range earlier.Results {
		found := map[bench.Cell]float64{}
		for _, p := range r.Phases {
			if p.Probe != nil && p.Probe.Held && !p.Probe.Confirms && p.Void == "" {
				cell := bench.Cell{Arm: r.Trial.Arm(), Level: p.Level}
				found[cell] = max(found[cell], float64(p.Probe.Rate))
			}
		}
		for cell, capacity := range found {
			c.last[cell] = capacity
		}
	}
}

// smallest returns the smallest capacity among the trial's server and those that it is compared with: the
// servers of its tier, in the same variant. isNew reports that it was not fixed before. It is not known in
// the first round, which finds it, nor before each of those servers has a capacity.
func (c *capacities) smallest(t bench.Trial, level string, out map[bench.Cell]string) (found common, known bool) {
	entry, _ := c.plan.Target(t.Target)
	group := bench.Cell{Arm: bench.ArmName(t.Scenario, entry.Tier, t.Variant), Level: level}.String()
	if capacity, ok := c.fixed[group]; ok {
		return common{group: group, capacity: capacity}, true
	}
	if t.Round == 1 {
		return common{}, false
	}
	scenario, _ := c.plan.Scenario(t.Scenario)
	least := math.Inf(1)
	for _, name := range scenario.Targets {
		other, _ := c.plan.Target(name)
		cell := bench.Cell{Arm: bench.ArmName(t.Scenario, name, t.Variant), Level: level}
		if other.Tier != entry.Tier || other.QuickstartOf != "" || out[cell] != "" {
			continue
		}
		capacity, found := c.last[cell]
		if !found {
			return common{}, false
		}
		least = min(least, capacity)
	}
	if math.IsInf(least, 1) {
		return common{}, false
	}
	c.fixed[group] = least
	return common{group: group, capacity: least, isNew: true}, true
}

// common is the smallest capacity of a group of servers that are compared.
type common struct {
	group    string
	capacity float64 // requests per second
	isNew    bool    // it was fixed just now
}

// rate returns a share of the capacity, to a hundredth of a request per second.
func (c common) rate(share bench.Percent) bench.Rate {
	return bench.Rate(max(math.Round(c.capacity*float64(share)*100)/100, leastRate))
}

// commonRate returns the rate of a phase at a share of a capacity. It is not known before the servers
// that are compared have capacities.
func (r *run) commonRate(t bench.Trial, p bench.Phase) (rate bench.Rate, known bool, err error) {
	found, known := r.capacities.smallest(t, p.Level, r.out)
	if !known {
		return 0, false, nil
	}
	if found.isNew {
		entry := record.Entry{Event: record.EventCommon, Arm: found.group, Rate: found.capacity}
		if err := r.Writer.Journal(entry); err != nil {
			return 0, false, err
		}
	}
	return found.rate(p.Schedule.Share), true, nil
}
