package report

import (
	"fmt"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// ErrorBound states how often verdicts are wrong, with the assumption that it needs.
const ErrorBound = "5% at most, if launches are roughly symmetric; see METHODOLOGY"

// ErrorBound returns the constant, for templates.
func (d *Document) ErrorBound() string { return ErrorBound }

// notShown lists what a reader might conclude from the report, and must not.
func notShown(r *record.Run, v *bench.Verdicts) []string {
	list := []string{
		"Other machines: every figure holds for the one machine described below.",
		"Other versions, other code: the servers are our own reference servers, in the versions listed below.",
		"A network: load and servers share this machine, so no figure includes a network's delay.",
	}
	if len(v.Twins) == 0 {
		list = append(list, "The noise: this run has no A/A twin, so be wary of differences near the margin.")
	}
	if r.Plan.Runner == "process" {
		list = append(list, "Containers: servers ran as plain processes, without limits on memory.")
	}
	if onlyWithGIL(r) {
		list = append(list, "Free-threaded Python: this machine has no such build, so it was not tested.")
	}
	return list
}

// onlyWithGIL reports whether the run has Python servers, and all of them have the global interpreter lock.
func onlyWithGIL(r *record.Run) bool {
	python := false
	for _, t := range r.Results {
		if on, ok := t.About["gil"].(bool); ok {
			python = true
			if !on {
				return false
			}
		}
	}
	return python
}

// method describes in short how the numbers are made.
func method(p bench.Plan) []string {
	f := p.Profile
	return []string{
		fmt.Sprintf("Each trial is a fresh launch. Each kind of work is warmed up for %v. "+
			"Latency and delivery are measured in an open loop at common rates, for %v or as long as the scenario's "+
			"percentile takes. Throughput, cores, CPU time and memory are measured in a closed loop for %v.",
			f.Warmup, f.Measure, f.Measure),
		fmt.Sprintf("Capacity is the highest rate at which late or failed answers stay under 1%%, "+
			"and failures within the SLO. Each launch searches for it, with probes of %v, to within %v.", f.Probe, f.Resolution),
		fmt.Sprintf("There are %d rounds at most. Each round launches every server for every scenario once, "+
			"in an order shuffled by seed %d. Comparisons are made within rounds.", f.Rounds, p.Seed),
		"Response time counts from the moment a request was due, so a stall counts for every request that it " +
			"delayed.",
		"The unit is the launch, never the request. A ratio is the geometric mean over rounds. " +
			"Its interval is Student's t on the log scale, at 95% or, with several looks, at the look's level. " +
			"The Hodges-Lehmann estimate and the exact sign-flip test are shown next to it. " +
			"If the sign-flip test could confirm a decision and does not, the comparison stays inconclusive.",
		"The claims are judged as one family. The probability that any verdict is wrong is " + ErrorBound + ".",
		"A verdict is supported, contradicted or practically equal if the whole interval lies beyond the margin, " +
			"beyond it the other way, or within it. Anything else is inconclusive.",
		"A percentile is given only if 100 samples or more lie beyond it. " +
			"No percentile is an average of percentiles of requests; tables show the median over trials.",
	}
}
