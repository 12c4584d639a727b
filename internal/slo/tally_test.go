package slo

import (
	"math"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

var promised = bench.SLO{P99: bench.Duration{Duration: 50 * time.Millisecond}, Errors: .001}

func TestTallyHeld(t *testing.T) {
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
		t.Run(c.name, func(t *testing.T) {
			tally := Tally{SLO: promised}
			add := func(n int, took time.Duration, err string) {
				for range n {
					tally.Add(bench.Hit{Done: took, Err: err})
				}
			}
			add(c.good, time.Millisecond, "")
			add(c.late, 51*time.Millisecond, "")
			add(c.failed, time.Millisecond, bench.ErrReset) // a fast refusal is not a good answer
			add(c.cut, time.Millisecond, bench.ErrStopped)
			if tally.Held() != c.held {
				t.Errorf("held is %t, want %t", tally.Held(), c.held)
			}
			if got, want := tally.Requests(), c.good+c.late+c.failed; got != want {
				t.Errorf("%d requests count, want %d", got, want)
			}
		})
	}
}

// Requests that were late when the probe was stopped count as late.
func TestTallyOfLateRequestsThatWereCutOff(t *testing.T) {
	late := Tally{SLO: promised}
	for range 100 {
		late.Add(bench.Hit{Done: time.Second, Err: bench.ErrStopped})
	}
	if late.Held() {
		t.Error("the rate held")
	}
	if !late.Hopeless() {
		t.Error("the rate is not hopeless")
	}
}

func TestHopeless(t *testing.T) {
	for _, c := range []struct {
		name         string
		good, failed int
		want         bool
	}{
		{"nothing", 0, 0, false},
		{"too few requests", 0, 49, false},
		{"50 requests", 0, 50, true},
		{"all good", 1000, 0, false},
		{"2%", 9800, 200, false},
		{"3% of 1,000", 970, 30, false},
		{"3% of 10,000", 9700, 300, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tally := Tally{SLO: promised, Good: c.good, Failed: c.failed}
			if got := tally.Hopeless(); got != c.want {
				t.Errorf("hopeless is %t, want %t", got, c.want)
			}
		})
	}
}

// The published 95% score interval of 15 among 148 starts at 0.0624 [Newcombe 1998, Statistics in
// Medicine 17, table I].
func TestWilsonLow(t *testing.T) {
	if got := wilsonLow(15, 148, 1.959964); math.Abs(got-.0624) > 5e-5 {
		t.Errorf("the lower bound is %.5f, want 0.0624", got)
	}
	if got := wilsonLow(0, 20, 1.959964); math.Abs(got) > 1e-15 {
		t.Errorf("the lower bound of none is %g, want 0", got)
	}
}
