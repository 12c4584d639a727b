// Package load drives requests at servers on a schedule and tells of each when
// it was due, sent and done.
//
// The HTTP driver is vegeta's Attacker between a pacer and a transport of our
// own: the pacer sends on time, the transport takes the times.
package load

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/timer"
	"github.com/claimbench/claimbench/internal/wire"
)

// settle is how long generator and server are left alone after many connections were opened.
const settle = 200 * time.Millisecond

// mostInflight is how many requests an open loop keeps in flight at most.
const mostInflight int64 = 10_000

// grace is how long after its end a schedule's late requests are still sent.
const grace = 2 * time.Second

// HTTP is a bench.Driver for HTTP/1.1. Its zero value is ready. Its connections
// are kept from one drive to the next; Close ends them. It makes one drive at a time.
type HTTP struct {
	// MaxInflight is how many requests an open loop keeps in flight at most. A request
	// due beyond it fails at once with the error "inflight", so that memory stays
	// bounded and no request waits for another. Where it is 0 it is 10,000, or what
	// the limit on file descriptors leaves.
	MaxInflight int
	// Attackers is how many of vegeta's attackers share a schedule. Where it is 0 there
	// is one for each CPU that this process may use, and in a closed loop one for each
	// eight connections at least: within an attacker one goroutine hands out all
	// requests and one takes all results, and eight wait for each other less than 64.
	Attackers int

	// Beside says that another drive of this process is under way, which has set Go's
	// runtime up for both.
	Beside bool

	wire wire.Transport
}

// Close ends the driver's connections.
func (d *HTTP) Close() { d.wire.Close() }

// Drive implements bench.Driver. Its errors are bad input: an address that is no
// URL, or a schedule with neither rate nor connections.
func (d *HTTP) Drive(ctx context.Context, base string, w bench.Workload, s bench.Schedule, record func(bench.Hit)) (bench.DriveStats, error) {
	request, err := prepare(base, w)
	switch {
	case err != nil:
		return bench.DriveStats{}, err
	case !s.OpenLoop() && s.Connections <= 0:
		return bench.DriveStats{}, fmt.Errorf("a schedule needs a rate or connections")
	}
	defer d.wire.Watch(ctx)()
	if !d.Beside {
		defer tune()()
	}
	drive := &drive{ctx: ctx, s: s, wire: &d.wire, request: request, expect: w.Expect, hits: newLedger(), cap: int64(s.Connections)}
	if s.OpenLoop() {
		drive.cap = int64(d.MaxInflight)
		if drive.cap == 0 {
			drive.cap = min(mostOpen(), mostInflight)
		}
	}
	shards := d.attackers(s)
	dialled := d.wire.Dialled()
	attacks, err := drive.prepare(shards)
	if err == nil {
		err = drive.connect()
	}
	if err != nil {
		for _, t := range drive.timers {
			t.Close()
		}
		return bench.DriveStats{}, err
	}
	if s.OpenLoop() && s.Connections > mostAhead { // what was allocated for them is collected now, not in the first moments
		runtime.GC()
		time.Sleep(settle)
	}
	before := ProcessCPU()
	drive.begin()
	var running sync.WaitGroup
	for _, a := range attacks {
		results := a.attacker.Attack(target, a.pacer, 0, "")
		running.Go(func() {
			for range results { // all there is to know is in the hits
			}
		})
	}
	go func() {
		running.Wait()
		drive.hits.close() // vegeta closes results once its workers have ended
	}()
	stats := bench.DriveStats{Start: drive.start, Attackers: shards}
	drive.hits.each(func(hit bench.Hit) {
		stats.Sent++
		stats.Elapsed = max(stats.Elapsed, hit.Done)
		record(hit)
	})
	drive.end(&stats)
	stats.Generator = ProcessCPU() - before
	stats.Connections = d.wire.Dialled() - dialled
	return stats, nil
}

// tune sets Go's runtime up for a drive, until restore is called, where the
// environment does not say otherwise (GOMAXPROCS, GOGC). It has as many processors
// as there are CPUs: with more, their threads preempt each other, now and then
// between the reading of the clock and the writing of a request. What vegeta
// allocates for each request is garbage at once: to collect it at 30 MB or more in
// place of 4 costs a seventh.
func tune() (restore func()) {
	procs := max(len(cpuset.Allowed()), 1)
	if os.Getenv("GOMAXPROCS") != "" {
		procs = 0 // no change
	}
	procs = runtime.GOMAXPROCS(procs)
	if os.Getenv("GOGC") != "" {
		return func() { runtime.GOMAXPROCS(procs) }
	}
	percent := debug.SetGCPercent(600)
	return func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(percent)
	}
}

// attackers is how many attackers share the schedule.
func (d *HTTP) attackers(s bench.Schedule) int {
	n := d.Attackers
	if n == 0 {
		n = max(len(cpuset.Allowed()), 1)
		if !s.OpenLoop() {
			n = max(n, (s.Connections+7)/8)
		}
	}
	if !s.OpenLoop() {
		n = min(n, s.Connections)
	}
	return n
}

// prepare writes out the one request of the workload.
func prepare(base string, w bench.Workload) (*wire.Request, error) {
	address, err := url.Parse(base + w.Path)
	switch {
	case err != nil:
		return nil, err
	case address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return nil, fmt.Errorf("%q is no http address", base+w.Path)
	}
	req, err := http.NewRequest(strings.ToUpper(w.Method), address.String(), bytes.NewReader([]byte(w.Body)))
	if err != nil {
		return nil, err
	}
	for k, v := range w.Headers {
		req.Header.Set(k, v)
		if strings.EqualFold(k, "Host") {
			req.Host = v
		}
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "claimbench")
	}
	request, err := wire.Prepare(req)
	if err != nil {
		return nil, err
	}
	request.Timeout = w.Timeout.Duration
	return request, nil
}

// attack is one of vegeta's attackers with its share of a schedule.
type attack struct {
	attacker *vegeta.Attacker
	pacer    vegeta.Pacer
}

// target is the vegeta.Targeter of all attacks. The transport sends the request
// that was written out ahead in its place, so it is as small as can be.
func target(t *vegeta.Target) error {
	t.Method, t.URL = http.MethodGet, "/"
	return nil
}

// prepare makes the attackers that share the drive's schedule: the i-th of n has
// every n-th request from the i-th on, or its share of the connections.
func (d *drive) prepare(n int) ([]attack, error) {
	var err error
	if d.sampler, err = d.timer(); err != nil { // before connections take all descriptors
		return nil, err
	}
	attacks := make([]attack, n)
	for i := range attacks {
		share := share{uint64(i), uint64(n)}
		t := &transport{drive: d, share: share}
		client := vegeta.Client(&http.Client{
			Transport:     t,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		})
		if !d.s.OpenLoop() {
			workers := (uint64(d.s.Connections) + share.n - 1 - share.i) / share.n
			attacks[i] = attack{vegeta.NewAttacker(client, vegeta.Workers(workers), vegeta.MaxWorkers(workers)), &closedPacer{drive: d}}
			continue
		}
		// A few workers more than may be in flight: they refuse what is beyond.
		most := uint64(d.cap) + 16
		timer, err := d.timer()
		if err != nil {
			return nil, err
		}
		t.dues = make(dueRing, 4*most)
		attacks[i] = attack{vegeta.NewAttacker(client, vegeta.MaxWorkers(most)),
			&openPacer{drive: d, next: share.of(arrivals(d.s)), dues: t.dues, timer: timer, mostLead: mostLead(float64(d.s.Rate) / float64(share.n))}}
	}
	return attacks, nil
}

// timer returns a new timer, which its user closes.
func (d *drive) timer() (*timer.Timer, error) {
	t, err := timer.New()
	if err == nil {
		d.timers = append(d.timers, t)
	}
	return t, err
}
