package report

import (
	"fmt"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// gateReason says what a gate protects against.
func gateReason(name string) string {
	switch name {
	case bench.GateSent:
		return "under the limit, the load generator could not send what was due"
	case bench.GateLag:
		return "how late the load generator sent; the limit is 5% of the median response time if that is more; " +
			"response times count from the due time"
	case bench.GateGenerator:
		return "of an open loop; near the limit, the load generator would measure itself"
	case bench.GateLoad:
		return "an open loop's rate as a share of the rate that the load generator was certified for"
	case bench.GateLittle:
		return "sampled requests in flight against rate × time: counts and times must agree, " +
			"within 2% and the error of the samples"
	case bench.GateClock:
		return "how far the wall clock moved against the monotonic one"
	case bench.GateStolen:
		return "CPU time that a hypervisor gave to others"
	case bench.GateThrottled:
		return "time in which a CPU quota stopped servers or load generator"
	case bench.GateLate:
		return "how late our slow service answered, in an open loop"
	case bench.GateService:
		return "CPU time of a database or proxy in an open loop, as a share of its CPUs; " +
			"near the limit, the run would measure the service"
	}
	return ""
}

// checkGates shows the worst figure of each gate over the trials that count.
func checkGates(r *record.Run) []Check {
	worst := map[string]bench.Gate{}
	for _, t := range r.Results {
		for _, p := range t.Phases {
			if !t.Valid || p.Void != "" || p.Probe != nil {
				continue
			}
			for _, g := range p.Gates {
				if w, seen := worst[g.Name]; g.Limit > 0 && (!seen || g.Worse(w)) {
					worst[g.Name] = g
				}
			}
		}
	}
	var checks []Check
	for _, name := range bench.GateNames {
		if g, ok := worst[name]; ok {
			checks = append(checks, Check{
				Name:  "Gate: " + g.Name,
				Value: g.Figure(),
				State: badIf(!g.OK),
				Why:   "worst of the trials that count; " + gateReason(name),
			})
		}
	}
	return checks
}

// checkCertificates shows what the load generator can do, as measured before the run.
func checkCertificates(r *record.Run) []Check {
	var checks []Check
	for _, c := range r.Certificates {
		checks = append(checks, Check{
			Name:  "Load generator: capacity",
			Value: fmt.Sprintf("%.0f requests per second over %d connections", c.Limit.Rate, c.Limit.Connections),
			State: StateOK,
			Why:   "in a closed loop, against our server that does nothing",
		})
		for _, a := range c.Accuracy {
			checks = append(checks, checkAccuracy(a))
		}
		for _, w := range c.Warnings {
			checks = append(checks, Check{
				Name:  "Load generator",
				Value: w,
				State: StateWarn,
			})
		}
	}
	if len(checks) == 0 {
		checks = append(checks, Check{
			Name:  "Load generator",
			Value: "no certificate",
			State: StateWarn,
			Why:   "its capacity and accuracy on this machine were not measured",
		})
	}
	return checks
}

func checkAccuracy(a bench.Accuracy) Check {
	us := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e3) }
	pair := func(q float64) string { return us(a.Reported.At(q)) + "/" + us(a.Truth.At(q)) }
	return Check{
		Name:  "Load generator: accuracy at " + a.Rate.String(),
		Value: fmt.Sprintf("p50 %s µs, p99 %s µs; lag p99 %s µs", pair(.5), pair(.99), us(a.Lag.P99)),
		State: warnIf(a.Sent < .99, a.Errors > 0),
		Why: "reported/true, against our server that records how long it held each request; " +
			"the reported time includes the way there and back",
	}
}
