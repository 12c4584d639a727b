package report

import (
	"fmt"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// judgedBy returns the gates that the judge goes by: those of the plan, or the standard ones if the plan has
// none (--no-gates).
func judgedBy(p bench.Plan) bench.Gates {
	if p.Gates == (bench.Gates{}) {
		return plan.StandardGates
	}
	return p.Gates
}

// checkGates shows the worst figure of each gate over the phases that count.
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
				Why:   "worst of the phases that count; " + g.Meaning(judgedBy(r.Plan)),
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
			checks = append(checks, checkAccuracy(a, judgedBy(r.Plan)))
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

// checkAccuracy compares the times that the load generator reported with the true ones. It warns if the load
// generator sent less than the gates demand.
func checkAccuracy(a bench.Accuracy, gates bench.Gates) Check {
	us := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e3) }
	pair := func(q float64) string { return us(a.Reported.At(q)) + "/" + us(a.Truth.At(q)) }
	return Check{
		Name:  "Load generator: accuracy at " + a.Rate.String(),
		Value: fmt.Sprintf("p50 %s µs, p99 %s µs; lag p99 %s µs", pair(.5), pair(.99), us(a.Lag.P99)),
		State: warnIf(a.Sent < gates.Sent, a.Errors > 0),
		Why: "reported/true, against our server that records how long it held each request; " +
			"the reported time includes the trip there and back",
	}
}
