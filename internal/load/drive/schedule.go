package drive

import (
	"math/rand/v2"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Arrivals returns a function that yields the due times of an open-loop schedule,
// one after the other, counted from the start of the drive. It returns false once the
// schedule's duration is over. The due times depend on the schedule alone.
func Arrivals(s bench.Schedule) func() (due time.Duration, ok bool) {
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

// Planned counts the arrivals of an open-loop schedule that are due within the time.
func Planned(s bench.Schedule, within time.Duration) uint64 {
	s.Duration.Duration = min(s.Duration.Duration, within)
	next := Arrivals(s)
	var n uint64
	for _, ok := next(); ok; _, ok = next() {
		n++
	}
	return n
}

// Share is one of N equal parts of a schedule: every N-th request, starting with the
// request of number Index. Its zero value is not valid; see Whole.
type Share struct {
	Index, N uint64
}

// Whole returns the share that is the whole schedule.
func Whole() Share { return Share{Index: 0, N: 1} }

// Seq returns the number in the whole schedule of the share's k-th request.
func (s Share) Seq(k uint64) uint64 { return k*s.N + s.Index }

// of yields the share's due times.
func (s Share) of(next func() (time.Duration, bool)) func() (time.Duration, bool) {
	skip := s.Index
	return func() (due time.Duration, ok bool) {
		for range skip {
			next()
		}
		skip = s.N - 1
		return next()
	}
}
