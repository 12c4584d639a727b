package report

import (
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestArms(t *testing.T) {
	one, two := bench.Variant{"WORKERS": "1"}, bench.Variant{"WORKERS": "2"}
	plan := bench.Plan{Trials: []bench.Trial{
		{Scenario: "json", Target: "node", Variant: two},
		{Scenario: "json", Target: "node", Variant: one},
		{Scenario: "json", Target: "node", Variant: two},
		{Scenario: "rooms", Target: "node"},
	}}
	for _, c := range []struct {
		name     string
		variants []bench.Variant
		want     string
	}{
		{"two variants", []bench.Variant{one, two}, "node[WORKERS=1] node[WORKERS=2]"},
		{"one variant", []bench.Variant{one}, "node node"},
	} {
		var short []string
		for _, arm := range armsOf(plan, bench.Scenario{Name: "json", Variants: c.variants}) {
			short = append(short, arm.short)
		}
		if got := strings.Join(short, " "); got != c.want {
			t.Errorf("%s: the arms are %q, want %q", c.name, got, c.want)
		}
	}
}
