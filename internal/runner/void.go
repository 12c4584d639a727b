package runner

import (
	"fmt"
	"maps"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
)

// voidReason says why a phase does not count: a fault of the server, otherwise the first gate that it
// fails. It is empty for a phase that counts.
func voidReason(p bench.PhaseResult, w bench.Workload) string {
	if why := serverFault(p, w); why != "" {
		return why
	}
	if g, failed := failedGate(p); failed {
		return fmt.Sprintf("%s: the load generator was at fault: %s", p.ID, g)
	}
	return ""
}

// serverFault says what is wrong with a phase's answers; it is empty if nothing is.
func serverFault(p bench.PhaseResult, w bench.Workload) string {
	switch {
	case p.Drive.FirstWrong != "":
		return fmt.Sprintf("%s: a sampled answer is not the expected one: %s", p.ID, p.Drive.FirstWrong)
	case p.GoodHits == 0:
		return fmt.Sprintf("%s: none of %d answers was good", p.ID, p.FailedHits)
	case p.Undelivered > 0 && p.Measure == bench.MeasureDelivery:
		return fmt.Sprintf("%s: %d deliveries were lost, out of order, or to members whose connection "+
			"the server had closed; none is allowed", p.ID, p.Undelivered)
	case p.Beside != nil && p.Beside.Good == 0:
		return fmt.Sprintf("%s: none of %d answers to the other requests was good", p.ID, p.Beside.Failed)
	}
	for _, service := range slices.Sorted(maps.Keys(w.Expect.Calls)) {
		each := w.Expect.Calls[service]
		if p.Calls[service] < p.GoodHits*uint64(each) {
			return fmt.Sprintf("%s: %d good answers take %d calls each, but %s was called %d times",
				p.ID, p.GoodHits, each, service, p.Calls[service])
		}
	}
	return ""
}

// failedGate returns the first gate that the phase fails.
func failedGate(p bench.PhaseResult) (g bench.Gate, failed bool) {
	for _, g := range p.Gates {
		if !g.OK {
			return g, true
		}
	}
	return bench.Gate{}, false
}
