package drive

import "sync/atomic"

// Gauge counts the requests in flight. Its zero value is ready. Any goroutine may
// use it.
type Gauge struct {
	now  atomic.Int64
	peak atomic.Int64
}

// Enter adds one request and returns how many are in flight with it.
func (g *Gauge) Enter() int64 {
	n := g.now.Add(1)
	for {
		peak := g.peak.Load()
		if n <= peak || g.peak.CompareAndSwap(peak, n) {
			return n
		}
	}
}

// Leave removes one request.
func (g *Gauge) Leave() { g.now.Add(-1) }

// Now returns how many requests are in flight.
func (g *Gauge) Now() int64 { return g.now.Load() }

// Peak returns the largest number of requests that were in flight at once.
func (g *Gauge) Peak() int64 { return g.peak.Load() }
