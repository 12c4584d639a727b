package load

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/timer"
	"github.com/claimbench/claimbench/internal/wire"
)

// ErrDescriptors is what a drive's error wraps where this process may not open as
// many connections as the workload has members.
var ErrDescriptors = errors.New("too few file descriptors")

// ErrClosedLoop is what a drive's error wraps where a driver that needs a rate got none.
var ErrClosedLoop = errors.New("a closed loop")

// enoughDescriptors tells whether this process may open so many connections.
func enoughDescriptors(connections int) error {
	if most := mostOpen(); int64(connections) > most {
		return fmt.Errorf("%w: %d connections are needed, but the limit on open files leaves %d", ErrDescriptors, connections, most)
	}
	return nil
}

// server is the address of the server under a base URL, as host:port.
func server(base, path string) (*url.URL, string, error) {
	address, err := url.Parse(base + path)
	switch {
	case err != nil:
		return nil, "", err
	case address.Scheme != "http" || address.Hostname() == "":
		return nil, "", fmt.Errorf("%q is no http address", base+path)
	case address.Port() == "":
		return address, address.Hostname() + ":80", nil
	}
	return address, address.Host, nil
}

// rehearse makes a drive ready whose schedule conduct will follow, and refuses a
// closed loop. Its timers are the drive's until end or cancel.
func rehearse(ctx context.Context, s bench.Schedule, t *wire.Transport) (*drive, error) {
	if !s.OpenLoop() {
		return nil, fmt.Errorf("%w: messages and streams need a rate", ErrClosedLoop)
	}
	d := &drive{ctx: ctx, s: s, wire: t}
	for range 2 {
		one, err := timer.New()
		if err != nil {
			d.cancel()
			return nil, err
		}
		d.timers = append(d.timers, one)
	}
	d.sampler = d.timers[0]
	return d, nil
}

// cancel gives up a drive that has not begun.
func (d *drive) cancel() {
	for _, t := range d.timers {
		t.Close()
	}
}

// conduct calls send for each message of the schedule when it is due, one after
// the other, so send must not wait. It returns early if the drive is cancelled, or
// once the schedule is over by the grace period.
func (d *drive) conduct(send func(k int, due time.Duration)) {
	p := &openPacer{drive: d, next: arrivals(d.s), dues: make(dueRing, 1), timer: d.timers[1], mostLead: mostLead(float64(d.s.Rate))}
	defer p.timer.Close()
	for k := uint64(0); p.pace(k); k++ {
		send(int(k), p.dues.get(k))
	}
}

// halt ends a drive's clock and returns how long it ran and how far the wall clock
// moved meanwhile.
func (d *drive) halt() (ran, step time.Duration) {
	ran = time.Since(d.start)
	close(d.stop)
	d.forget()
	return ran, (<-d.seen).step
}

// finish fills in what is known of a drive that ran so long, beside Sent, Elapsed
// and ClockStep: each of the schedule's arrivals stands for so many hits.
func (d *drive) finish(stats *bench.DriveStats, ran time.Duration, each int) {
	stats.Start, stats.FlightError, stats.Attackers = d.start, -1, 1
	stats.MaxFlight = d.peak.Load()
	if d.ctx.Err() == nil {
		ran = d.s.Duration.Duration
	} // else what was not yet due is not missed
	stats.Planned = max(planned(d.s, ran)*uint64(each), stats.Sent)
	stats.Censored = stats.Planned - stats.Sent
	d.tell(stats)
}

// mistaken notes what came that should not have.
func (d *drive) mistaken(payload []byte) {
	if d.wrong.Load() == nil {
		text := fmt.Sprintf("%.200q", payload)
		d.wrong.CompareAndSwap(nil, &text)
	}
}

// kind is the kind of an error outside of a request.
func (d *drive) kind(err error) string {
	if errors.Is(err, errStatus) {
		return bench.ErrStatus
	}
	return (&transport{drive: d}).kind(err)
}

// errStatus is what an answer of another status than the expected one wraps.
var errStatus = errors.New("an unexpected status")
