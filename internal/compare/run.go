package compare

import (
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Run is a run directory that was judged again.
type Run struct {
	*record.Run
	Verdicts  *bench.Verdicts
	Summaries []bench.Summary
}

// void returns the first reason why nothing may be concluded from the run; empty if there is none.
func (r Run) void() string {
	for _, why := range slices.Concat(r.Verdicts.Void, r.Environment.Void) {
		return why
	}
	return ""
}

// generatorRate returns the highest rate of the load generator in requests per second, by the run's
// last certificate; 0 without a certificate.
func (r Run) generatorRate() float64 {
	if n := len(r.Certificates); n > 0 {
		return r.Certificates[n-1].Limit.Rate
	}
	return 0
}
