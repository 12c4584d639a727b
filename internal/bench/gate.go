package bench

import (
	"fmt"
	"time"
)

// Gates are the limits within which the load generator must have worked for a phase to count. They are
// part of the plan, so they are fixed before the first launch and the run is judged by them. A limit of
// 0 limits nothing.
type Gates struct {
	// Sent is the least share of the planned requests that were sent.
	Sent float64 `json:"sent"`
	// Lag is the most lag at the 99th percentile; LagShare the same as a share of the median response
	// time. The larger of the two applies.
	Lag      Duration `json:"lag_p99,omitzero"`
	LagShare float64  `json:"lag_share"`
	// Generator is the most CPU time of the load generator in an open loop, as a share of its CPUs.
	Generator float64 `json:"generator_cpu"`
	// Load is the highest rate of an open loop, as a share of the load generator's certified capacity.
	Load float64 `json:"capacity_used"`
	// Little is the largest relative difference of the requests in flight from rate × time.
	Little float64 `json:"little"`
	// ClockStep is the most that the wall clock may have moved against the monotonic clock.
	ClockStep Duration `json:"clock_step,omitzero"`
	// Stolen is the largest share of CPU time that a hypervisor gave to others.
	Stolen float64 `json:"cpu_stolen"`
	// Throttled is the largest share of time in which a CPU quota stopped the servers or the load
	// generator.
	Throttled float64 `json:"cpu_throttled"`
	// Late is the most lateness of the upstream at the 99th percentile, in an open loop.
	Late Duration `json:"upstream_late,omitzero"`
	// Service is the most CPU time of a service in an open loop, as a share of its CPUs.
	Service float64 `json:"service_cpu"`
}

// Gate is one figure of a phase that shows how the load generator worked.
type Gate struct {
	Name  string  `json:"name"` // see the constants
	Value float64 `json:"value"`
	Limit float64 `json:"limit,omitempty"` // 0 if the figure voids nothing
	Unit  string  `json:"unit"`            // "s", or empty for a share
	OK    bool    `json:"ok"`
}

// Names of gates. Each has a definition in gateDefinitions.
const (
	GateSent      = "sent"
	GateLag       = "lag p99"
	GateGenerator = "generator CPU"
	GateLoad      = "capacity used"
	GateLittle    = "Little's law"
	GateClock     = "clock step"
	GateStolen    = "CPU stolen"
	GateThrottled = "CPU throttled"
	GateLate      = "upstream late p99"
	GateService   = "service CPU"
)

// GateNames lists the known gates in the order in which they are shown.
var GateNames = gateNames()

func gateNames() []string {
	names := make([]string, 0, len(gateDefinitions))
	for _, d := range gateDefinitions {
		names = append(names, d.name)
	}
	return names
}

// Floor reports whether the limit is the least that is allowed. For other gates it is the most.
func (g Gate) Floor() bool { return g.definition().floor }

// HoldsBeyondCapacity reports whether the figure means anything at a rate beyond the server's capacity,
// at which neither the requests sent nor those in flight are steady.
func (g Gate) HoldsBeyondCapacity() bool { return !g.definition().steady }

// Meaning says in a few words what the figure shows, under the limits that the plan sets. It is empty for
// an unknown gate, which a file of another version may hold.
func (g Gate) Meaning(limits Gates) string {
	if d := g.definition(); d.meaning != nil {
		return d.meaning(limits)
	}
	return ""
}

// definition returns the gate's entry in the table, or the zero value for an unknown gate.
func (g Gate) definition() gateDefinition {
	for _, d := range gateDefinitions {
		if d.name == g.Name {
			return d
		}
	}
	return gateDefinition{}
}

// Worse reports whether the gate is nearer to its limit, or further beyond it, than another of its name.
func (g Gate) Worse(than Gate) bool {
	if g.Floor() {
		return g.Value < than.Value
	}
	return g.Value-g.Limit > than.Value-than.Limit
}

// Figure formats the value next to its limit: "2.1ms (at most 1ms)".
func (g Gate) Figure() string {
	return fmt.Sprintf("%s (%s %s)", g.format(g.Value), g.bound(), g.format(g.Limit))
}

// String formats the gate for the reason of a void phase: "lag p99 2.1ms, at most 1ms allowed".
func (g Gate) String() string {
	return fmt.Sprintf("%s %s, %s %s allowed", g.Name, g.format(g.Value), g.bound(), g.format(g.Limit))
}

func (g Gate) bound() string {
	if g.Floor() {
		return "at least"
	}
	return "at most"
}

func (g Gate) format(x float64) string {
	if g.Unit == "s" {
		return time.Duration(x * float64(time.Second)).Round(time.Microsecond).String()
	}
	return percent(x)
}

// percent formats a share: "2%".
func percent(share float64) string { return fmt.Sprintf("%.3g%%", share*100) }
