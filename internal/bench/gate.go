package bench

import (
	"fmt"
	"time"
)

// Gates are the limits within which the instrument must have worked for a trial to
// count. They are part of the plan, so that they are fixed before the first
// launch. A limit of 0 is none.
type Gates struct {
	Sent      float64  `json:"sent"`                   // least share of the planned requests that were sent
	Lag       Duration `json:"lag_p99,omitzero"`       // most lag at the 99th percentile, or
	LagShare  float64  `json:"lag_share"`              // this share of the median response time if that is more
	Generator float64  `json:"generator_cpu"`          // most CPU time of the generator in an open loop, as a share of its CPUs
	Load      float64  `json:"capacity_used"`          // most of an open loop's rate, as a share of the generator's certified capacity
	Little    float64  `json:"little"`                 // most relative difference of the requests in flight from rate x time
	ClockStep Duration `json:"clock_step,omitzero"`    // most that the wall clock may have moved against the monotonic one
	Stolen    float64  `json:"cpu_stolen"`             // most CPU time that a hypervisor gave to others, as a share
	Throttled float64  `json:"cpu_throttled"`          // most time that a CPU quota kept servers or generator from running, as a share
	Late      Duration `json:"upstream_late,omitzero"` // most lateness of our upstream at the 99th percentile in an open loop
	Service   float64  `json:"service_cpu"`            // most CPU time of a service that targets lean on in an open loop, as a share of its CPUs
}

// StandardGates are the gates of every plan.
var StandardGates = Gates{
	Sent: .99, Lag: Duration{time.Millisecond}, LagShare: .05, Generator: .7, Load: .7, Little: .02,
	ClockStep: Duration{50 * time.Microsecond}, Stolen: .02, Throttled: .01, Late: Duration{time.Millisecond}, Service: .7,
}

// Gate is one figure of a phase that shows how the instrument worked.
type Gate struct {
	Name  string  `json:"name"` // see the constants
	Value float64 `json:"value"`
	Limit float64 `json:"limit,omitempty"` // 0 where the figure voids nothing
	Unit  string  `json:"unit"`            // "s", or "" for a share
	OK    bool    `json:"ok"`
}

// Names of gates.
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

// GateNames are the known gates in the order in which they are shown.
var GateNames = []string{GateSent, GateLag, GateGenerator, GateLoad, GateLittle, GateClock, GateStolen, GateThrottled, GateLate, GateService}

// Worse reports whether the gate is nearer to its limit, or further beyond it, than another of its name.
func (g Gate) Worse(than Gate) bool {
	if g.Name == GateSent {
		return g.Value < than.Value
	}
	return g.Value-g.Limit > than.Value-than.Limit
}

// Figure is the gate's value beside its limit: "2.1ms of 1ms".
func (g Gate) Figure() string { return g.text(g.Value) + " of " + g.text(g.Limit) }

func (g Gate) text(x float64) string {
	if g.Unit == "s" {
		return time.Duration(x * float64(time.Second)).Round(time.Microsecond).String()
	}
	return fmt.Sprintf("%.3g%%", x*100)
}

// String is "lag p99 2.1ms, at most 1ms allowed", for the reason of a void trial.
func (g Gate) String() string {
	bound := "at most"
	if g.Name == GateSent {
		bound = "at least"
	}
	return fmt.Sprintf("%s %s, %s %s allowed", g.Name, g.text(g.Value), bound, g.text(g.Limit))
}
