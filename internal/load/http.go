package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/process"
	"github.com/claimbench/claimbench/internal/wire"
)

// settle is how long generator and server rest after many connections were dialed.
const settle = 200 * time.Millisecond

// HTTP is a bench.Driver for HTTP/1.1. Its zero value is ready. It makes one drive at
// a time. It keeps its connections from one drive to the next; Close ends them.
type HTTP struct {
	// MaxInflight is the most requests that an open loop keeps in flight. A request due
	// beyond it fails at once with the error "inflight", so that memory stays bounded
	// and no request waits for another. 0 means the default of drive.MaxInFlight.
	MaxInflight int
	// Attackers is how many of vegeta's attackers share a schedule. 0 means one per CPU
	// that this process may use and, in a closed loop, at least one per eight
	// connections: one goroutine of an attacker hands out all its requests and another
	// takes all results, and eight connections wait for them less than 64 do.
	Attackers int
	// RuntimeTuned says that another drive of this process is under way, which has set
	// up Go's runtime for both.
	RuntimeTuned bool

	wire wire.Transport
}

// Close ends the driver's connections.
func (d *HTTP) Close() { d.wire.Close() }

// Drive implements bench.Driver. An error means bad input: an invalid address, a
// schedule with neither rate nor connections, or more connections to hold than this
// process may open.
func (d *HTTP) Drive(ctx context.Context, l bench.Load, record func(bench.Hit)) (bench.DriveStats, error) {
	s := l.Schedule
	request, err := prepare(l.URL, l.Workload)
	switch {
	case err != nil:
		return bench.DriveStats{}, err
	case !s.OpenLoop() && s.Connections <= 0:
		return bench.DriveStats{}, errors.New("the schedule needs a rate or a number of connections")
	}
	defer d.wire.Watch(ctx)()
	if !d.RuntimeTuned {
		defer drive.TuneRuntime()()
	}
	dialed := d.wire.Dialed()
	run, err := d.newHTTPDrive(ctx, request, l)
	if err != nil {
		return bench.DriveStats{}, err
	}
	if err := run.connect(); err != nil {
		run.Abandon()
		return bench.DriveStats{}, err
	}
	if s.OpenLoop() && s.Connections > drive.MaxDialAhead {
		// Collect what was allocated for the connections now, not in the first moments.
		runtime.GC()
		time.Sleep(settle)
	}
	stats := run.attack(record)
	stats.Connections = d.wire.Dialed() - dialed
	return stats, nil
}

// attackers returns how many attackers share the schedule.
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
	address, err := drive.Address(base, w)
	if err != nil {
		return nil, err
	}
	req, err := drive.NewRequest(strings.ToUpper(w.Method), address, []byte(w.Body), w)
	if err != nil {
		return nil, err
	}
	request, err := wire.Prepare(req)
	if err != nil {
		return nil, err
	}
	request.Timeout = w.Timeout.Duration
	return request, nil
}

// httpDrive is the state that the attackers of one drive share.
type httpDrive struct {
	*drive.Drive
	wire        *wire.Transport
	request     *wire.Request
	expect      bench.Expect
	maxInFlight int64
	hits        *ledger
	attacks     []attack
}

// newHTTPDrive returns a drive with its attackers, not started.
func (d *HTTP) newHTTPDrive(ctx context.Context, request *wire.Request, l bench.Load) (*httpDrive, error) {
	s := l.Schedule
	shared, err := drive.New(ctx, s) // takes a descriptor before the connections take all
	if err != nil {
		return nil, err
	}
	run := &httpDrive{
		Drive:       shared,
		wire:        &d.wire,
		request:     request,
		expect:      l.Workload.Expect,
		maxInFlight: int64(s.Connections),
		hits:        newLedger(),
	}
	if s.OpenLoop() {
		run.maxInFlight = drive.MaxInFlight(d.MaxInflight)
	}
	n := d.attackers(s)
	for i := range n {
		a, err := run.newAttack(drive.Share{Index: uint64(i), N: uint64(n)})
		if err != nil {
			run.Abandon()
			return nil, err
		}
		run.attacks = append(run.attacks, a)
	}
	return run, nil
}

// attack makes the drive: it lets the attackers send, and records their hits.
func (d *httpDrive) attack(record func(bench.Hit)) bench.DriveStats {
	before := process.CPU()
	d.Start()
	d.startAttacks()
	stats := bench.DriveStats{Start: d.StartTime(), Attackers: len(d.attacks)}
	d.hits.each(func(hit bench.Hit) {
		stats.Sent++
		stats.Elapsed = max(stats.Elapsed, hit.Done)
		record(hit)
	})
	d.finish(&stats)
	stats.Generator = process.CPU() - before
	return stats
}

// finish fills in the statistics once all hits of the drive are in.
func (d *httpDrive) finish(stats *bench.DriveStats) {
	seen := d.Stop()
	stats.MeanFlight, stats.FlightError = seen.MeanInFlight()
	stats.ClockStep = seen.ClockStep
	stats.Planned = stats.Sent
	if s := d.Schedule(); s.OpenLoop() {
		within := s.Duration.Duration
		if d.Canceled() { // requests that were not yet due then are not missed
			within = d.CanceledAt()
		}
		stats.Planned = max(drive.Planned(s, within), stats.Sent)
	}
	stats.Censored = stats.Planned - stats.Sent
	d.Report(stats)
}

// connect dials connections ahead of the first request.
func (d *httpDrive) connect() error {
	s := d.Schedule()
	switch {
	case s.OpenLoop() && s.Connections > 0:
		return d.holdConnections(s.Connections)
	case s.OpenLoop():
		d.wire.SetOrder(wire.LatestFirst)
		d.dialAhead(min(1+int(float64(s.Rate)/100), drive.MaxDialAhead, int(d.maxInFlight)))
	default:
		d.wire.SetOrder(wire.LatestFirst)
		d.wire.Trim(d.request, s.Connections)
		d.dialAhead(s.Connections)
	}
	return nil
}

// dialAhead dials n connections within a second. An open loop needs as many as a
// burst takes that follows a stall of 10 ms. A failure here shows in the requests.
func (d *httpDrive) dialAhead(n int) {
	ctx, cancel := context.WithTimeout(d.Context(), time.Second)
	defer cancel()
	_ = d.wire.DialIdle(ctx, d.request, n)
}

// backlog is how many connections are dialed before the server must have taken them.
// It is less than the number of new connections that servers let wait.
const backlog = 250

// holdConnections dials the connections that the schedule holds, which are then used
// in turn.
func (d *httpDrive) holdConnections(n int) error {
	if err := drive.CheckDescriptors(n); err != nil {
		return err
	}
	dialed := d.wire.Dialed()
	defer d.wire.SetOrder(wire.OldestFirst)
	d.wire.SetOrder(wire.LatestFirst)
	d.wire.Trim(d.request, n)
	ctx, cancel := context.WithTimeout(d.Context(), 30*time.Second)
	defer cancel()
	// A server's queue of new connections is short. If the connection dialed last is
	// answered, the server has taken all before it.
	for ready := backlog; ready < n; ready += backlog {
		err := d.wire.DialIdle(ctx, d.request, ready)
		if err == nil {
			_, err = d.wire.Exchange(ctx, d.request, nil)
		}
		if err != nil {
			return fmt.Errorf("open %d of %d connections: %w", ready, n, err)
		}
	}
	err := d.wire.DialIdle(ctx, d.request, n)
	// Use each new connection once: the work that server and generator do on its first
	// request is not part of what is measured.
	d.wire.SetOrder(wire.OldestFirst)
	for i := 0; i < n && err == nil && d.wire.Dialed() > dialed; i++ {
		_, err = d.wire.Exchange(ctx, d.request, nil)
	}
	if err != nil {
		return fmt.Errorf("open %d connections: %w", n, err)
	}
	return nil
}
