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
	for _, capacity := range []float64{3, 97, 812, 25_000} {
		for _, start := range []float64{capacity / 300, capacity / 1.02, capacity * 1.02, capacity * 40} {
			for _, near := range []bool{false, true} {
				b := newBracket(start, .02)
				if near {
					b = newNearBracket(start, .02)
				}
				probes := 0
				for ; !b.isClosed(); probes++ {
					if probes > 30 {
						t.Fatalf("from %g to %g: no end, at %+v", start, capacity, *b)
					}
					if b.next <= capacity {
						b.held()
					} else {
						b.failed()
					}
				}
				if b.low > capacity || b.high <= capacity {
					t.Errorf("from %g to %g: not between %g and %g", start, capacity, b.low, b.high)
				}
				if b.low < capacity/1.021 {
					t.Errorf("from %g to %g: %g is too far below", start, capacity, b.low)
				}
				if ratio := math.Abs(math.Log(start / capacity)); near && ratio < .03 && probes > 5 {
					t.Errorf("from %g to %g: %d probes from nearby", start, capacity, probes)
				}
			}
		}
	}
}

// A search ends even if chance decides some of its probes.
func TestBracketEndsWithNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		b := newBracket(100, .02)
		if random.IntN(2) == 0 {
			b = newNearBracket(100, .02)
		}
		for n := 0; !b.isClosed(); n++ {
			if n > 60 {
				t.Fatalf("no end: %+v", *b)
			}
			if random.Float64() < 1/(1+math.Pow(b.next/1000, 8)) {
				b.held()
			} else {
				b.failed()
			}
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
