package drive

import (
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestArrivalsDependOnTheScheduleAlone(t *testing.T) {
	s := bench.Schedule{
		Offered:  bench.Offered{Rate: 1000},
		Arrivals: bench.Poisson,
		Seed:     42,
		Duration: bench.Duration{Duration: 20 * time.Second},
	}
	a, b := Arrivals(s), Arrivals(s)
	last, n := time.Duration(-1), 0
	for {
		x, ok := a()
		if y, _ := b(); x != y {
			t.Fatalf("two readings of one schedule differ: %v, %v", x, y)
		}
		if !ok {
			break
		}
		if x < last {
			t.Fatalf("due times go backwards: %v after %v", x, last)
		}
		last = x
		n++
	}
	// The number of arrivals is Poisson with mean 20,000: five standard deviations are 707.
	if n < 19293 || n > 20707 {
		t.Errorf("%d arrivals in 20 s at 1000/s", n)
	}
	first, _ := Arrivals(s)()
	s.Seed = 43
	if other, _ := Arrivals(s)(); other == first {
		t.Error("another seed gives the same schedule")
	}
}
