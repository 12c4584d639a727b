package report

import (
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

// Ten rounds reach the level of the first of three looks, and nine do not.
func TestSignFlipsGoByTheRoundsOfAComparison(t *testing.T) {
	const level = .0038
	comparison := func(rounds int, v bench.Verdict) bench.Comparison {
		return bench.Comparison{
			Metric:        "p50",
			Verdict:       v,
			Rounds:        rounds,
			Confidence:    1 - level,
			HodgesLehmann: &bench.Estimate{},
		}
	}
	verdicts := func(tests ...bench.Comparison) *bench.Verdicts {
		return &bench.Verdicts{Claims: []bench.ClaimVerdict{{Tests: tests}}}
	}
	counted := comparison(2, bench.Supported)
	counted.Metric = "image_bytes"
	for _, c := range []struct {
		name     string
		verdicts *bench.Verdicts
		value    string
		state    State
	}{
		{"ten", verdicts(comparison(10, bench.Supported)), "enough rounds for 1 of 1 comparisons", StateOK},
		{"nine, decided", verdicts(comparison(10, bench.Supported), comparison(9, bench.Supported)),
			"too few rounds for 1 of 2 comparisons, 1 of them decided", StateWarn},
		{"nine, open", verdicts(comparison(9, bench.Inconclusive)),
			"too few rounds for 1 of 1 comparisons, 0 of them decided", StateOK},
		{"counted", verdicts(counted, comparison(10, bench.Supported)), "enough rounds for 1 of 1 comparisons", StateOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := checkSignFlips(c.verdicts)
			if len(got) != 1 {
				t.Fatalf("%d checks", len(got))
			}
			if got[0].Value != c.value {
				t.Errorf("%q, want %q", got[0].Value, c.value)
			}
			if got[0].State != c.state {
				t.Errorf("state %s, want %s", got[0].State, c.state)
			}
		})
	}
	if got := checkSignFlips(verdicts()); len(got) != 0 {
		t.Errorf("a run without comparisons has %v", got)
	}
}
