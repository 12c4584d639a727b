// Package load drives requests at servers on a schedule and tells of each when
// it was due, sent and done.
//
// The HTTP driver is vegeta's Attacker between a pacer and a transport of our
// own: the pacer sends on time, the transport takes the times.
package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/claimbench/claimbench/internal/bench"
)

// DefaultMaxInflight is how many requests an open loop keeps in flight at most. A
// request due beyond it fails at once with the error "inflight", so that memory
// stays bounded and no request waits for another.
const DefaultMaxInflight = 2048

// grace is how long after its end a schedule's late requests are still sent.
const grace = 2 * time.Second

// HTTP is a bench.Driver for HTTP/1.1. Its connections are kept from one drive
// to the next; Close ends them.
type HTTP struct {
	maxInflight int64
	base        *http.Transport
	dialled     uint64
	mu          sync.Mutex
}

// NewHTTP returns a driver that keeps at most maxInflight requests in flight in
// an open loop, DefaultMaxInflight where it is 0.
func NewHTTP(maxInflight int) *HTTP {
	if maxInflight == 0 {
		maxInflight = DefaultMaxInflight
	}
	d := &HTTP{maxInflight: int64(maxInflight)}
	dialer := &net.Dialer{}
	d.base = &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			d.mu.Lock()
			d.dialled++
			d.mu.Unlock()
			return dialer.DialContext(ctx, network, address)
		},
		MaxIdleConnsPerHost: maxInflight,
		DisableCompression:  true,
	}
	return d
}

// Close ends the driver's idle connections.
func (d *HTTP) Close() { d.base.CloseIdleConnections() }

func (d *HTTP) connections() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dialled
}

// Drive implements bench.Driver. Its errors are bad input: an address that is no
// URL, or a schedule with neither rate nor connections.
func (d *HTTP) Drive(ctx context.Context, base string, w bench.Workload, s bench.Schedule, record func(bench.Hit)) (bench.DriveStats, error) {
	address, err := url.Parse(base + w.Path)
	switch {
	case err != nil:
		return bench.DriveStats{}, err
	case address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return bench.DriveStats{}, fmt.Errorf("%q is no http address", base+w.Path)
	case !s.Open() && s.Connections <= 0:
		return bench.DriveStats{}, fmt.Errorf("a schedule needs a rate or connections")
	}
	hits := make(chan bench.Hit, 4096)
	before, dialled := processCPU(), d.connections()
	start := time.Now()
	t := &transport{
		ctx: ctx, base: d.base, start: start, expect: w.Expect, timeout: w.Timeout.Duration,
		cap: d.maxInflight, hits: hits,
	}
	attacker, pacer := d.attack(t, s)
	results := attacker.Attack(targeter(address.String(), w), pacer, 0, "")
	stopSampling := t.sample(10 * time.Millisecond)
	go func() {
		for range results { // all there is to know is in the hits
		}
		close(hits) // vegeta closes results once its workers have ended
	}()

	stats := bench.DriveStats{Start: start, Clock: "user"}
	for hit := range hits {
		stats.Sent++
		stats.Elapsed = max(stats.Elapsed, hit.Done)
		record(hit)
	}
	stats.MeanFlight = stopSampling()
	stats.MaxFlight = t.peak.Load()
	stats.Planned = stats.Sent
	if s.Open() {
		within := s.Duration.Duration
		if ctx.Err() != nil { // what was not yet due is not missed
			within = time.Since(start)
		}
		stats.Planned = max(planned(s, within), stats.Sent)
	}
	stats.Censored = stats.Planned - stats.Sent
	stats.Generator = processCPU() - before
	stats.Connections = d.connections() - dialled
	stats.Checked = t.checked.Load()
	if wrong := t.wrong.Load(); wrong != nil {
		stats.FirstWrong = *wrong
	}
	return stats, nil
}

// attack is vegeta's attacker and pacer for the schedule.
func (d *HTTP) attack(t *transport, s bench.Schedule) (*vegeta.Attacker, vegeta.Pacer) {
	client := vegeta.Client(&http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	if !s.Open() {
		n := uint64(s.Connections)
		t.cap = int64(s.Connections)
		return vegeta.NewAttacker(client, vegeta.Workers(n), vegeta.MaxWorkers(n)),
			&closedPacer{ctx: t.ctx, start: t.start, s: s}
	}
	// A few workers more than may be in flight: they refuse what is beyond.
	most := uint64(d.maxInflight) + 16
	t.dues = make(dueRing, 4*most)
	return vegeta.NewAttacker(client, vegeta.MaxWorkers(most)), &openPacer{
		ctx: t.ctx, start: t.start, s: s, next: arrivals(s), dues: t.dues, grace: grace,
	}
}

// targeter is the one request of the workload.
func targeter(address string, w bench.Workload) vegeta.Targeter {
	header := http.Header{}
	for k, v := range w.Headers {
		header.Set(k, v)
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "claimbench")
	}
	body := []byte(w.Body)
	return func(t *vegeta.Target) error {
		t.Method, t.URL, t.Header = strings.ToUpper(w.Method), address, header
		if len(body) > 0 {
			t.Body = body
		}
		return nil
	}
}

// sample looks at the number of requests in flight at each interval, until the
// returned function is called, which gives their mean.
func (t *transport) sample(interval time.Duration) (stop func() float64) {
	done, mean := make(chan struct{}), make(chan float64)
	go func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		var sum, n float64
		for {
			select {
			case <-ticker.C:
				sum += float64(t.inflight.Load())
				n++
			case <-done:
				mean <- sum / max(n, 1)
				return
			}
		}
	}()
	return func() float64 { close(done); return <-mean }
}
