package stream

import (
	"context"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/wire"
)

// Dashboard is a bench.Driver for a dashboard: each viewer holds an event stream
// (text/event-stream) open. Updates are posted to the same path, and every viewer gets
// each update as an event. A viewer has joined once the server has sent it the comment
// "welcome".
//
// A hit is the delivery of one update to one viewer; otherwise hits are as in Room.
// Sent is when the post started. A post that fails is a failure for all viewers, with
// the post's kind of error and status.
//
// The zero value is ready. Viewers and connections stay as in Room. Close ends them.
type Dashboard struct {
	wire     wire.Transport
	audience audience
	number   uint64 // of the last drive
}

// Close ends all connections.
func (d *Dashboard) Close() {
	d.audience.dismiss()
	d.wire.Close()
}

// Drive implements bench.Driver. An error means bad input, among it a schedule
// without a rate (drive.ErrClosedLoop), or too few file descriptors
// (drive.ErrDescriptors).
func (d *Dashboard) Drive(ctx context.Context, l bench.Load, record func(bench.Hit)) (bench.DriveStats, error) {
	w, s := l.Workload, l.Schedule
	address, host, err := serverAddress(l.URL, w)
	if err != nil {
		return bench.DriveStats{}, err
	}
	greeting, err := getRequest(address, w, map[string]string{"Accept": "text/event-stream"})
	if err != nil {
		return bench.DriveStats{}, err
	}
	d.number = nextNumber(d.number)
	b, err := newBroadcast(ctx, setup{
		transport:   &d.wire,
		audience:    &d.audience,
		host:        host,
		workload:    w,
		schedule:    s,
		number:      d.number,
		newProtocol: func(m *member) protocol { return &viewer{member: m, hello: greeting} },
	})
	if err != nil {
		return bench.DriveStats{}, err
	}
	p := newPosts(ctx, b, address, w)
	defer p.cancel()
	defer d.wire.Watch(p.ctx)()
	if r := p.prepare(0); r != nil {
		dialing, done := context.WithTimeout(p.ctx, time.Second)
		n := min(1+int(float64(s.Rate)/100), drive.MaxDialAhead)
		_ = d.wire.DialIdle(dialing, r, n) // a failure shows in the posts
		done()
	}
	p.running.Go(p.prepareAll)
	return b.run(p, record), nil
}
