package live

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// count is what was seen of a phase. One goroutine adds, any may read; to add takes no lock and no memory.
type count struct {
	good, failed atomic.Uint64
	// buckets count response times: 16 for each doubling, so that what is read is at most 1/16 too high.
	buckets [64 * steps]atomic.Uint32
}

const steps = 16

// add counts a request; one that failed at the timeout, if that is later.
func (c *count) add(h bench.Hit, timeout time.Duration) {
	response := h.ResponseTime()
	if h.Good() {
		c.good.Add(1)
	} else {
		c.failed.Add(1)
		response = max(response, timeout)
	}
	c.buckets[bucket(response)].Add(1)
}

func bucket(d time.Duration) int {
	n := uint64(max(d, 1))
	if n < steps {
		return int(n)
	}
	doubling := bits.Len64(n) - 5 // n>>doubling is 16 to 31
	return doubling*steps + int(n>>doubling)
}

// upper is the largest duration in a bucket.
func upper(bucket int) time.Duration {
	if bucket < 2*steps {
		return time.Duration(bucket)
	}
	doubling := bucket/steps - 1
	return time.Duration((uint64(bucket%steps+steps)+1)<<doubling - 1)
}

// quantile is that of the response times so far; false where fewer than bench.BeyondQuantile lie beyond it.
func (c *count) quantile(q float64) (time.Duration, bool) {
	var counts [len(c.buckets)]uint64
	total := uint64(0)
	for i := range c.buckets {
		counts[i] = uint64(c.buckets[i].Load())
		total += counts[i]
	}
	if float64(total)*(1-q) < bench.BeyondQuantile {
		return 0, false
	}
	rank, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range counts {
		if seen += n; seen >= rank {
			return upper(i), true
		}
	}
	return 0, false
}
