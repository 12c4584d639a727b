package runner

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/slo"
)

// A search ends just below the capacity, to its resolution, in few probes, however far off it starts. If it starts
// nearby, it takes fewer.
func TestBracketFindsTheCapacity(t *testing.T) {
	for _, capacity := range []float64{20, 97, 812, 25_000} {
		for _, start := range []float64{capacity / 300, capacity / 1.3, capacity / 1.02, capacity * 1.02, capacity * 40} {
			b := newBracket(max(start, leastRate), .02)
			probes := 0
			err := b.closeIn(func(n int, _ bench.Rate) (outcome, error) {
				probes = n
				if b.next <= capacity {
					return rateHeld, nil
				}
				return rateFailed, nil
			})
			if err != nil || !b.isClosed() {
				t.Fatalf("from %g to %g: no end, at %+v, %v", start, capacity, *b, err)
			}
			if b.low > capacity || b.high <= capacity {
				t.Errorf("from %g to %g: not between %g and %g", start, capacity, b.low, b.high)
			}
			if b.low < capacity/1.021 {
				t.Errorf("from %g to %g: %g is too far below", start, capacity, b.low)
			}
			if isNear := math.Abs(math.Log(start/capacity)) < nudgeBy; isNear && probes > 9 {
				t.Errorf("from %g to %g: %d probes from nearby", start, capacity, probes)
			}
		}
	}
}

// A search ends even if chance decides some of its probes.
func TestBracketEndsWithNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		b := newBracket(100, .02)
		err := b.closeIn(func(_ int, rate bench.Rate) (outcome, error) {
			if random.Float64() < 1/(1+math.Pow(float64(rate)/1000, 8)) {
				return rateHeld, nil
			}
			return rateFailed, nil
		})
		if err != nil || !b.isClosed() {
			t.Fatalf("no end: %+v, %v", *b, err)
		}
	}
}

// A search that starts beyond the load generator's limit steps down until a rate holds.
func TestBracketStepsDownFromTheGeneratorsLimit(t *testing.T) {
	const limit = 4000 // of the load generator; the server can do more
	b := newBracket(17_000, .02)
	tried := map[bench.Rate]int{}
	err := b.closeIn(func(_ int, rate bench.Rate) (outcome, error) {
		if tried[rate]++; rate > limit {
			return generatorLimited, nil
		}
		return rateHeld, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if b.low < limit/4 || b.low > limit {
		t.Errorf("the highest rate that held is %g, near the limit of %d", b.low, limit)
	}
	for rate, times := range tried {
		if rate > limit && times != 2 {
			t.Errorf("%s met the limit, and was tried %d times, want 2", rate, times)
		}
	}
}

// If the server fails below the load generator's limit, the capacity is exact.
func TestBracketBelowTheGeneratorsLimit(t *testing.T) {
	b := newBracket(17_000, .02)
	err := b.closeIn(func(_ int, rate bench.Rate) (outcome, error) {
		switch {
		case rate > 4000:
			return generatorLimited, nil
		case rate > 900:
			return rateFailed, nil
		}
		return rateHeld, nil
	})
	if err != nil || !b.isClosed() || b.low > 900 || b.high <= 900 {
		t.Errorf("the bracket is %+v, %v", *b, err)
	}
}

// One void probe is passed over. A second one ends the search.
func TestBracketEndsWithVoidProbes(t *testing.T) {
	for void, want := range map[int]int{1: 3, 2: 2} {
		b, probes := newBracket(100, 2), 0
		err := b.closeIn(func(n int, rate bench.Rate) (outcome, error) {
			probes = n
			switch {
			case n <= void:
				return shownNothing, nil
			case rate > 150:
				return rateFailed, nil
			}
			return rateHeld, nil
		})
		if err != nil || probes != want {
			t.Errorf("with %d void probes, the search made %d, want %d (%v)", void, probes, want, err)
		}
	}
}

// A probe ends early only if nearly every answer is late, never at a rate that holds.
func TestDoubt(t *testing.T) {
	promised := bench.SLO{P99: bench.Duration{Duration: 50 * time.Millisecond}, Errors: .001}
	end := func(late func(i int) bool) (n int) {
		d := newDoubt(&slo.Tally{SLO: promised})
		for i := range 2000 {
			due := time.Duration(i) * time.Millisecond
			took := time.Millisecond
			if late(i) {
				took = 60 * time.Millisecond
			}
			if !d.hit(bench.Hit{Due: due, Sent: due, Done: due + took, Code: 200}) {
				return i
			}
		}
		return 2000
	}
	if n := end(func(int) bool { return true }); n > 150 {
		t.Errorf("with all late it went on for %d requests", n)
	}
	for _, every := range []int{200, 101, 60} { // a rate somewhat over the limit is still in doubt
		if n := end(func(i int) bool { return i%every == 0 }); n != 2000 {
			t.Errorf("with one of %d late it ended after %d", every, n)
		}
	}
}

// An arm is expected to take as long as its last trial. An arm without a trial is expected to take a time in
// proportion to its plan.
func TestPace(t *testing.T) {
	trial := func(target string, seconds int) bench.Trial {
		return bench.Trial{
			Scenario: "s",
			Target:   target,
			Phases: []bench.Phase{
				{Schedule: bench.Schedule{Duration: bench.Duration{Duration: time.Duration(seconds) * time.Second}}},
			},
		}
	}
	var p pace
	if got := p.expect(trial("a", 9)); got != 10*time.Second {
		t.Errorf("at first %v", got)
	}
	p.took(trial("a", 9), 15*time.Second)
	if got := p.expect(trial("a", 9)); got != 15*time.Second {
		t.Errorf("of the same arm %v", got)
	}
	if got := p.expect(trial("b", 1)); got != 3*time.Second {
		t.Errorf("of another arm %v", got)
	}
}
