package slo_test

import (
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/slo"
)

func TestTallyHeld(t *testing.T) {
	promised := bench.SLO{P99: bench.Duration{Duration: 50 * time.Millisecond}, Errors: .001}
	for _, c := range []struct {
		name                    string
		good, late, failed, cut int
		held                    bool
	}{
		{"all good", 1000, 0, 0, 0, true},
		{"nothing", 0, 0, 0, 0, false},
		{"just under 1% late", 991, 9, 0, 0, true},
		{"1% late", 990, 10, 0, 0, false},
		{"one in a thousand fails", 999, 0, 1, 0, true},
		{"two in a thousand fail", 998, 0, 2, 0, false},
		{"cut off in time", 1000, 0, 0, 500, true},
	} {
		tally := slo.Tally{SLO: promised}
		add := func(n int, took time.Duration, err string) {
			for range n {
				tally.Add(bench.Hit{Done: took, Err: err})
			}
		}
		add(c.good, time.Millisecond, "")
		add(c.late, 51*time.Millisecond, "")
		add(c.failed, time.Millisecond, bench.ErrReset) // a fast refusal is no good answer
		add(c.cut, time.Millisecond, bench.ErrStopped)
		if tally.Held() != c.held {
			t.Errorf("%s: held is %t, want %t", c.name, tally.Held(), c.held)
		}
	}
	late := slo.Tally{SLO: promised}
	for range 100 {
		late.Add(bench.Hit{Done: time.Second, Err: bench.ErrStopped})
	}
	if late.Held() || !late.Hopeless() {
		t.Error("requests that were late when the probe ended do not count as late")
	}
}
