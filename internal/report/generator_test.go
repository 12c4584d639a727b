package report

import (
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// The checks go by the gates of the plan, or by the standard ones if the plan has none.
func TestChecksGoByThePlansGates(t *testing.T) {
	for _, c := range []struct {
		name  string
		gates bench.Gates
		sent  float64
		want  State
	}{
		{"standard, enough", bench.Gates{}, .99, StateOK},
		{"standard, too few", bench.Gates{}, .98, StateWarn},
		{"planned, enough", bench.Gates{Sent: .9}, .9, StateOK},
		{"planned, too few", bench.Gates{Sent: .999}, .99, StateWarn},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &record.Run{
				Plan:         bench.Plan{Gates: c.gates},
				Certificates: []bench.Certificate{{Accuracy: []bench.Accuracy{{Rate: 100, Sent: c.sent}}}},
			}
			checks := checkCertificates(r)
			if got := checks[len(checks)-1].State; got != c.want {
				t.Errorf("the state is %q, want %q", got, c.want)
			}
		})
	}
}

func TestGateChecksNameThePlansLimits(t *testing.T) {
	r := &record.Run{
		Plan: bench.Plan{Gates: bench.Gates{LagShare: .08}},
		Results: []bench.TrialResult{{
			Valid:  true,
			Phases: []bench.PhaseResult{{Gates: []bench.Gate{{Name: bench.GateLag, Value: .002, Limit: .001, Unit: "s"}}}},
		}},
	}
	checks := checkGates(r)
	if len(checks) != 1 {
		t.Fatalf("%d checks, want 1", len(checks))
	}
	if want := "8% of the median response time"; !strings.Contains(checks[0].Why, want) {
		t.Errorf("the reason is %q, without %q", checks[0].Why, want)
	}
}
