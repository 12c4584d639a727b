package judge

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

const ms = time.Millisecond

// faster returns a change that makes node's answers faster than 20 ms: in round n by the n-th ratio. The ratios
// repeat.
func faster(ratios ...float64) func(*bench.TrialResult, *[]bench.Hit) {
	return func(r *bench.TrialResult, hits *[]bench.Hit) {
		if r.Trial.Target != "node-a" {
			return
		}
		for i := range *hits {
			h := &(*hits)[i]
			h.Done = h.Due + time.Duration(float64(20*ms)/ratios[(r.Trial.Round-1)%len(ratios)])
		}
	}
}

// fasterBy returns fasterNode with a margin.
func fasterBy(margin bench.Percent) bench.Test {
	test := fasterNode
	test.Margin = &margin
	return test
}

// A comparison that one round of six could undo is not decided.
func TestOneRoundCanUndoADecision(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Noise:  .0001,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Change: faster(1.3, 1.32, 1.31, 1.29, 1.3, .99),
	}
	cell := judged(t, s.Write(t)).Claims[0].Tests[0]
	if cell.Verdict != bench.Inconclusive {
		t.Errorf("one round of six goes the other way: %s (%s)", cell.Verdict, cell.Why)
	}
	if cell.Forced != bench.ForcedFragile {
		t.Errorf("it is forced by %q, want %q", cell.Forced, bench.ForcedFragile)
	}
	if p := deref(cell.SignFlip); !(math.Abs(p-.0625) <= 1e-9) {
		t.Errorf("sign-flip p is %v, want 0.0625", p)
	}
}

// A claim that is decided alone may be undecided among several: its p-value is adjusted.
func TestOneOfMany(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Noise:  .0001,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		// The direction and the size are clear, but the scatter makes p a few percent.
		Change: faster(1.30, 1.13, 1.26, 1.11, 1.24, 1.12),
	}
	claim := judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Supported {
		t.Fatalf("alone it is %s (%s)", claim.Verdict, claim.Why)
	}
	alone := *claim.P
	if alone > .05 || alone < .0125 {
		t.Fatalf("alone it has p %v, want a p that is small enough for one claim and too large for four", alone)
	}
	if *claim.Adjusted != alone {
		t.Fatalf("alone its adjusted p is %v, want %v", *claim.Adjusted, alone)
	}
	undecided := []bench.Test{fasterBy(.2)}
	s.Claims = [][]bench.Test{{fasterNode}, undecided, undecided, undecided}
	claim = judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Inconclusive {
		t.Errorf("one of four it is %s", claim.Verdict)
	}
	if adjusted := deref(claim.Adjusted); !(math.Abs(adjusted-4*alone) <= 1e-12) {
		t.Errorf("one of four its adjusted p is %v, want 4 times %v", adjusted, alone)
	}
	if !strings.Contains(claim.Why, "not as one of 4 claims") {
		t.Errorf("one of four: %s", claim.Why)
	}
	if got := claim.Tests[0].Verdict; got != bench.Supported {
		t.Errorf("one of four its comparison is %s", got)
	}
}

// Chance must not make comparisons disagree, so a claim depends on something only at a stricter level.
func TestDependsIsTestedHarder(t *testing.T) {
	down := fasterNode
	down.Expect = bench.Higher
	s := recordtest.Study{
		Rounds: 6,
		Noise:  .0001,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Change: faster(1.30, 1.13, 1.26, 1.11, 1.24, 1.12),
		Claims: [][]bench.Test{{fasterNode, down}},
	}
	claim := judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Inconclusive {
		t.Errorf("two weak ones that differ: %s", claim.Verdict)
	}
	if !strings.Contains(claim.Why, "may be due to chance among 2") {
		t.Errorf("two weak ones that differ: %s", claim.Why)
	}
	s.Change = faster(1.50, 1.51, 1.49, 1.5, 1.52, 1.48)
	claim = judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Depends {
		t.Errorf("two clear ones that differ: %s (%s)", claim.Verdict, claim.Why)
	}
	if p := deref(claim.P); !(p <= .01) {
		t.Errorf("two clear ones that differ have p %g", p)
	}
}

// If the t-test decides a claim among many, the sign-flip test must confirm it wherever it can.
func TestFragileAmongMany(t *testing.T) {
	undecided := []bench.Test{fasterBy(.45)}
	s := recordtest.Study{
		Rounds: 10,
		Noise:  .0001,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Claims: [][]bench.Test{{fasterNode}, undecided, undecided, undecided, undecided},
		// One round of ten is just within the margin, so 4 of 1,024 choices of signs are as extreme.
		Change: faster(1.5, 1.52, 1.49, 1.51, 1.5, 1.48, 1.5, 1.53, 1.5, 1.08),
	}
	claim := judged(t, s.Write(t)).Claims[0]
	decided := claim.Tests[0].Verdict == bench.Supported && *claim.Adjusted <= .05 && claim.Verdict == bench.Supported
	if !decided && !strings.Contains(claim.Why, "fragile as one of 5 claims") {
		t.Errorf("%s (%s)", claim.Verdict, claim.Why)
	}
	level := .05 * *claim.P / *claim.Adjusted
	if p := *claim.Tests[0].SignFlip; (p >= level) != (claim.Verdict == bench.Inconclusive) {
		t.Errorf("sign-flip p %g at the level %g: %s (%s)", p, level, claim.Verdict, claim.Why)
	}
}
