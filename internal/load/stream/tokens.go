package stream

import (
	"context"
	"fmt"
	"sync"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/process"
	"github.com/claimbench/claimbench/internal/wire"
)

// Tokens is a bench.Driver for answers that come in pieces over time, as those of a
// language model do. Each answer is an event stream of Expect.Events events, one every
// Expect.Every from the request on. Event I is {"i":I,"token":"token-I"}. A hit is one
// event; its Seq is the stream's number times the events, plus the event's number.
//
// Event i is due, and counts as sent, i times Every after its stream's request was
// sent. The server's own schedule starts then, so a request that goes out a little
// late does not make its events look late. Done is when the last byte of an event
// arrived.
//
// An event is lost if it does not arrive within the workload's timeout of its due
// time. The driver gives a stream up when its last event is lost. Events that had not
// arrived when the stream ended have the error "closed". An event has the error
// "order" if it arrived after a later one, twice, or more than a millisecond before its
// time. Servers round their timers to a millisecond, so an event that is early by less
// is on time.
//
// The zero value is ready. Connections stay from one drive to the next. Close ends them.
type Tokens struct {
	// MaxInflight is the most streams that may be open at once. A stream due beyond
	// fails at once with the error "inflight". 0 means the default of
	// drive.MaxInFlight.
	MaxInflight int

	wire wire.Transport
	pool pool
	key  string // of the address and workload of the pool's connections
}

// Close ends all connections.
func (t *Tokens) Close() {
	t.pool.hangUp()
	t.wire.Close()
}

// Drive implements bench.Driver. An error means bad input, among it a schedule
// without a rate (drive.ErrClosedLoop), or no file descriptor for the drive's timers.
func (t *Tokens) Drive(ctx context.Context, l bench.Load, record func(bench.Hit)) (bench.DriveStats, error) {
	d, err := t.newTokenDrive(ctx, l)
	if err != nil {
		return bench.DriveStats{}, err
	}
	if key := fmt.Sprint(d.host, l.Workload.Path, l.Workload.Headers); key != t.key {
		t.pool.hangUp()
		t.key = key
	}
	defer drive.TuneRuntime()()
	dialed := t.wire.Dialed()
	d.connect()
	before := process.CPU()
	d.Start()
	ended := make(chan struct{})
	var reaping sync.WaitGroup
	reaping.Go(func() { d.reap(ended) })
	d.follow(d.start)
	d.wait()
	close(ended)
	reaping.Wait()
	d.giveUp()
	seen := d.Stop()
	stats := bench.DriveStats{
		ClockStep:   seen.ClockStep,
		Generator:   process.CPU() - before,
		Connections: t.wire.Dialed() - dialed,
	}
	d.record(&stats, record)
	d.finish(&stats, seen.Ran, d.events)
	return stats, nil
}

// newTokenDrive returns a drive that has not started.
func (t *Tokens) newTokenDrive(ctx context.Context, l bench.Load) (*tokenDrive, error) {
	w, s := l.Workload, l.Schedule
	address, host, err := serverAddress(l.URL, w)
	if err != nil {
		return nil, err
	}
	n := w.Expect.Events
	if n <= 0 {
		return nil, fmt.Errorf("driver %q needs events: set workload.expect.events to 1 or more", w.Driver)
	}
	request, err := getRequest(address, w, map[string]string{"Accept": "text/event-stream"})
	if err != nil {
		return nil, err
	}
	paced, err := newPacedDrive(ctx, s, &t.wire)
	if err != nil {
		return nil, err
	}
	streams := drive.Planned(s, s.Duration.Duration)
	if streams*uint64(n) > maxDeliveries {
		paced.Abandon()
		return nil, tooLarge("events")
	}
	d := &tokenDrive{
		pacedDrive:  paced,
		pool:        &t.pool,
		host:        host,
		request:     request,
		status:      w.Expect.Status,
		events:      n,
		every:       w.Expect.Every.Duration,
		timeout:     timeout(w),
		maxInFlight: drive.MaxInFlight(t.MaxInflight),
		texts:       make([][]byte, n),
		streams:     make([]*tokenStream, streams),
	}
	for i := range d.texts {
		d.texts[i] = fmt.Appendf(nil, `{"i":%d,"token":"token-%d"}`, i, i)
	}
	return d, nil
}
