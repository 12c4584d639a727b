package runner

import (
	"math"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// capacities holds the capacities that searches have found, and the common rates that follow from them.
type capacities struct {
	plan *bench.Plan
	last map[bench.Cell]capacity // as the last launch of the cell showed
	// fixed holds the smallest capacity of each group of servers that are compared. It is fixed once for
	// the whole run; the journal records it.
	fixed map[string]float64
}

// capacity is the result of a search.
type capacity struct {
	rate float64 // the highest that held, in requests per second
	// isLowerBound says that the load generator reached its own limit before a higher rate failed.
	isLowerBound bool
}

func newCapacities(p *bench.Plan) *capacities {
	return &capacities{plan: p, last: map[bench.Cell]capacity{}, fixed: map[string]float64{}}
}

// resume takes over what earlier sessions of the run found.
func (c *capacities) resume(earlier *record.Run) {
	c.fixed = earlier.Commons()
	for _, r := range earlier.Results {
		byLevel := map[string][]bench.PhaseResult{}
		for _, p := range r.Phases {
			byLevel[p.Level] = append(byLevel[p.Level], p)
		}
		for level, phases := range byLevel {
			c.add(bench.Cell{Arm: r.Trial.Arm(), Level: level}, phases)
		}
	}
}

// add keeps the capacity that the probes among the phases show, if a rate held.
func (c *capacities) add(cell bench.Cell, phases []bench.PhaseResult) {
	var low, high, limit float64 // the highest rate that held, the lowest that did not, and that met a limit
	lowest := func(rate, than float64) float64 {
		if than == 0 {
			return rate
		}
		return min(rate, than)
	}
	for _, p := range phases {
		if p.Probe == nil || p.Probe.Confirms || p.Void != "" {
			continue
		}
		switch rate := float64(p.Probe.Rate); {
		case p.Probe.Held:
			low = max(low, rate)
		case p.Probe.LimitedBy != "":
			limit = lowest(rate, limit)
		default:
			high = lowest(rate, high)
		}
	}
	if low > 0 {
		isLowerBound := high == 0 || limit > low && limit < high
		c.last[cell] = capacity{rate: low, isLowerBound: isLowerBound}
	}
}

// smallest returns the smallest capacity among the trial's server and those that it is compared with: the
// servers of its tier, in the same variant. It is not known in the first round, which finds it, nor before each
// of those servers has a capacity. If a capacity is a lower bound, it must be above the smallest that is not:
// otherwise the shares would be of no capacity.
func (c *capacities) smallest(t bench.Trial, level string, out map[bench.Cell]string) (found common, known bool) {
	entry, _ := c.plan.Target(t.Target)
	group := bench.Cell{Arm: bench.ArmName(t.Scenario, entry.Tier, t.Variant), Level: level}.String()
	if rate, ok := c.fixed[group]; ok {
		return common{group: group, capacity: rate}, true
	}
	if t.Round == 1 {
		return common{}, false
	}
	scenario, _ := c.plan.Scenario(t.Scenario)
	exact, bound := math.Inf(1), math.Inf(1) // the smallest capacity, and the smallest lower bound
	for _, name := range scenario.Targets {
		other, _ := c.plan.Target(name)
		cell := bench.Cell{Arm: bench.ArmName(t.Scenario, name, t.Variant), Level: level}
		if other.Tier != entry.Tier || other.QuickstartOf != "" || out[cell] != "" {
			continue
		}
		switch last, found := c.last[cell]; {
		case !found:
			return common{}, false
		case last.isLowerBound:
			bound = min(bound, last.rate)
		default:
			exact = min(exact, last.rate)
		}
	}
	if math.IsInf(exact, 1) || bound < exact {
		return common{}, false
	}
	c.fixed[group] = exact
	return common{group: group, capacity: exact, isNew: true}, true
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
