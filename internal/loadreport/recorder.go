// Package loadreport sums up the requests of one drive at one address, and prints the sums.
package loadreport

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/bench"
)

// A Recorder counts requests in bounded memory.
type Recorder struct {
	latency  *hdrhistogram.Histogram // nanoseconds, as are the next two
	response *hdrhistogram.Histogram
	lag      *hdrhistogram.Histogram
	errors   map[string]uint64
	bytesIn  int64
	timeout  time.Duration
}

// longest is the longest time that a Recorder tells apart.
const longest = 10 * time.Minute

// NewRecorder returns a Recorder of requests with that timeout.
func NewRecorder(timeout time.Duration) *Recorder {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), 3) }
	return &Recorder{
		latency:  histogram(),
		response: histogram(),
		lag:      histogram(),
		errors:   map[string]uint64{},
		timeout:  timeout,
	}
}

// Record counts one request. A request that failed counts at least as the timeout, so that a fast
// refusal cannot improve a percentile.
func (r *Recorder) Record(h bench.Hit) {
	if h.Err != "" {
		r.errors[h.Err]++
	}
	latency, response := h.Latency(), h.ResponseTime()
	if !h.Good() {
		latency, response = max(latency, r.timeout), max(response, r.timeout)
	}
	record(r.latency, latency)
	record(r.response, response)
	record(r.lag, h.Lag())
	r.bytesIn += h.BytesIn
}

// record counts a duration. Those beyond longest are dropped: no request may take that long.
func record(into *hdrhistogram.Histogram, d time.Duration) { _ = into.RecordValue(int64(d)) }
