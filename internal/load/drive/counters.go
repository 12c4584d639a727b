package drive

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Counters counts the answers of a drive. Its zero value is ready. Any goroutine may
// use it.
type Counters struct {
	answers   atomic.Int64
	wake      atomic.Int64 // sum over all answers, in nanoseconds
	unstamped atomic.Uint64
	retried   atomic.Uint64
	checked   atomic.Uint64
	wrong     atomic.Pointer[string]
}

// CountAnswers adds n answers. Wake is the sum of the times from their arrival until
// this program had them. The kernel gave no receive stamp for unstamped of them.
func (c *Counters) CountAnswers(n int64, wake time.Duration, unstamped uint64) {
	c.answers.Add(n)
	c.wake.Add(int64(wake))
	if unstamped > 0 {
		c.unstamped.Add(unstamped)
	}
}

// CountRetry adds a request that was sent again on another connection.
func (c *Counters) CountRetry() { c.retried.Add(1) }

// CountChecked adds n bodies that were compared with the expected ones.
func (c *Counters) CountChecked(n uint64) { c.checked.Add(n) }

// KeepWrong keeps the first 200 characters of a wrong body. Only the first call has
// an effect.
func (c *Counters) KeepWrong(body []byte) {
	if c.wrong.Load() == nil {
		text := fmt.Sprintf("%.200q", body)
		c.wrong.CompareAndSwap(nil, &text)
	}
}

// report fills in the statistics of the answers.
func (c *Counters) report(stats *bench.DriveStats) {
	stats.Unstamped = c.unstamped.Load()
	stats.Retried = c.retried.Load()
	stats.Checked = c.checked.Load()
	stats.Clock = bench.ClockUser
	if n := c.answers.Load(); n > 0 {
		stats.Wake = time.Duration(c.wake.Load() / n)
		if stats.Unstamped <= uint64(n)/1000 {
			stats.Clock = bench.ClockKernel
		}
	}
	if wrong := c.wrong.Load(); wrong != nil {
		stats.FirstWrong = *wrong
	}
}
