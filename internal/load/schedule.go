package load

import (
	"math/rand/v2"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// arrivals yields the due times of an open-loop schedule one after the other,
// counted from its start, and false once the schedule's duration is over. They
// are a function of the schedule alone.
func arrivals(s bench.Schedule) func() (due time.Duration, ok bool) {
	interval := float64(time.Second) / float64(s.Rate) // ns
	end := float64(s.Duration.Duration)
	if s.Arrivals == bench.Poisson {
		random := rand.New(rand.NewPCG(s.Seed, 0x9e3779b97f4a7c15))
		at := 0.0
		return func() (time.Duration, bool) {
			at += random.ExpFloat64() * interval
			return time.Duration(at), at < end
		}
	}
	n := 0.0
	return func() (time.Duration, bool) {
		at := n * interval
		n++
		return time.Duration(at), at < end
	}
}

// planned is how many requests of an open-loop schedule are due within the time.
func planned(s bench.Schedule, within time.Duration) uint64 {
	s.Duration.Duration = min(s.Duration.Duration, within)
	next := arrivals(s)
	var n uint64
	for _, ok := next(); ok; _, ok = next() {
		n++
	}
	return n
}

// share is the part of a schedule that one of n attackers has: every n-th
// request, from the i-th on.
type share struct{ i, n uint64 }

// of yields the share's due times.
func (s share) of(next func() (time.Duration, bool)) func() (time.Duration, bool) {
	skip := s.i
	return func() (due time.Duration, ok bool) {
		for range skip {
			next()
		}
		skip = s.n - 1
		return next()
	}
}

// seq is the number in the whole schedule of the share's k-th request.
func (s share) seq(k uint64) uint64 { return k*s.n + s.i }
