package live

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Sizes of a count. Response times fall into steps buckets for each doubling, so a quantile is at most a
// sixteenth too high.
const (
	classes = 6 // of status codes: 0 for none, 2 for 2xx
	steps   = 16
	buckets = 64 * steps
)

// count counts the requests of a phase. One goroutine adds, and any may read. Adding takes no lock and
// allocates nothing.
type count struct {
	phase   bench.PhaseID
	good    atomic.Uint64
	sum     atomic.Uint64 // of response times, in nanoseconds
	classes [classes]atomic.Uint64
	buckets [buckets]atomic.Uint32 // of response times
}

// add counts a request. A failed one counts at the timeout if that is later.
func (c *count) add(h bench.Hit, timeout time.Duration) {
	response := h.ResponseTime()
	if h.Good() {
		c.good.Add(1)
	} else {
		response = max(response, timeout)
	}
	c.sum.Add(uint64(max(response, 0)))
	class := h.Code / 100
	if class < 1 || class >= classes {
		class = 0
	}
	c.classes[class].Add(1)
	c.buckets[bucket(response)].Add(1)
}

// bucket returns the index of the duration's bucket.
func bucket(d time.Duration) int {
	n := uint64(max(d, 1))
	if n < steps {
		return int(n)
	}
	doubling := bits.Len64(n) - 5 // n>>doubling is 16 to 31
	return doubling*steps + int(n>>doubling)
}

// upper returns the largest duration in a bucket.
func upper(bucket int) time.Duration {
	if bucket < 2*steps {
		return time.Duration(bucket)
	}
	doubling := bucket/steps - 1
	return time.Duration((uint64(bucket%steps+steps)+1)<<doubling - 1)
}

// snapshot is a count at one moment. The difference of two snapshots is what was counted between them.
type snapshot struct {
	Phase   bench.PhaseID   `json:"phase"`
	Good    uint64          `json:"good"`
	Sum     time.Duration   `json:"sum_ns"`
	Classes [classes]uint64 `json:"classes"`
	Buckets map[int]uint32  `json:"buckets"` // without empty ones
}

func (c *count) snapshot() *snapshot {
	s := &snapshot{
		Phase:   c.phase,
		Good:    c.good.Load(),
		Sum:     time.Duration(c.sum.Load()),
		Buckets: map[int]uint32{},
	}
	for i := range c.classes {
		s.Classes[i] = c.classes[i].Load()
	}
	for i := range c.buckets {
		if n := c.buckets[i].Load(); n > 0 {
			s.Buckets[i] = n
		}
	}
	return s
}

// answers returns the number of requests that were counted, failed ones included.
func (s *snapshot) answers() (n uint64) {
	for _, class := range s.Classes {
		n += class
	}
	return n
}

// quantile returns a quantile of the response times. It reports false if fewer than bench.BeyondQuantile
// requests lie beyond it.
func (s *snapshot) quantile(q float64) (time.Duration, bool) {
	total := uint64(0)
	for _, n := range s.Buckets {
		total += uint64(n)
	}
	if float64(total)*(1-q) < bench.BeyondQuantile {
		return 0, false
	}
	rank, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i := range buckets {
		if seen += uint64(s.Buckets[i]); seen >= rank {
			return upper(i), true
		}
	}
	return 0, false
}
