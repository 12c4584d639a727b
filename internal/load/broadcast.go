package load

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// broadcast is one drive of messages that each go to all members.
type broadcast struct {
	*drive
	*messages
	order   *order
	timeout time.Duration
	dues    []time.Duration
	sends   []send // by message
	inboxes []*inbox
	arrived atomic.Int64 // deliveries that have come
	members int
	dialled uint64 // before members were
}

// send is what became of a message on its way to the server.
type send struct {
	at atomic.Int64 // when it was sent, in nanoseconds since 1970; 0 where it was not
	by int32        // member that sent it; of what was sent alone

	// Of one that the server refused; set before failed is.
	failed atomic.Bool
	err    string
	done   int64
	code   int
}

// now notes that a message is sent.
func (s *send) now() { s.at.Store(time.Now().UnixNano()) }

// fail notes that the server refused a message.
func (s *send) fail(err string, code int, done int64) {
	s.err, s.code, s.done = err, code, done
	s.failed.Store(true)
}

// mostDeliveries is how many deliveries a drive may have: it keeps eight bytes of each.
const mostDeliveries = 1 << 28

// assemble makes a drive of the schedule ready: it connects the members and reads
// the schedule.
func assemble(ctx context.Context, t *wire.Transport, a *audience, host string, w bench.Workload, s bench.Schedule, number uint64, join func(*member) talk) (*broadcast, error) {
	if w.Members <= 0 {
		return nil, fmt.Errorf("the workload of driver %s needs members", w.Driver)
	}
	if err := enoughDescriptors(w.Members); err != nil {
		return nil, err
	}
	d, err := rehearse(ctx, s, t)
	if err != nil {
		return nil, err
	}
	b := &broadcast{drive: d, messages: newMessages(number, w.Message), timeout: timeout(w), members: w.Members, dialled: t.Dialled()}
	next := arrivals(s)
	for due, ok := next(); ok; due, ok = next() {
		if b.dues = append(b.dues, due); len(b.dues)*w.Members > mostDeliveries {
			d.cancel()
			return nil, fmt.Errorf("a drive of more than %d deliveries", mostDeliveries)
		}
	}
	b.sends, b.order = make([]send, len(b.dues)), newOrder(len(b.dues))
	if err := a.gather(d, host, w, b.timeout, join); err != nil {
		d.cancel()
		return nil, err
	}
	b.inboxes = a.inboxes()
	return b, nil
}

// run makes the drive: it calls speak for each message when it is due, waits for the
// deliveries, and records them. Waiting reports whether there are messages that may
// still be sent; after that silence sees to it that none is.
func (b *broadcast) run(speak func(k int), waiting func() bool, silence func(), record func(bench.Hit)) bench.DriveStats {
	defer tune()()
	before := ProcessCPU()
	b.begin()
	b.open()
	b.conduct(func(k int, _ time.Duration) { speak(k) })
	b.wait(waiting)
	ran, step := b.halt()
	stats := bench.DriveStats{ClockStep: step, Generator: ProcessCPU() - before, Connections: b.wire.Dialled() - b.dialled}
	silence()
	b.close(&stats, record)
	b.finish(&stats, ran, b.members)
	return stats
}

// timeout is the workload's timeout.
func timeout(w bench.Workload) time.Duration {
	if w.Timeout.Duration == 0 {
		return 5 * time.Second
	}
	return w.Timeout.Duration
}

// open has the members' deliveries counted from now on.
func (b *broadcast) open() {
	for _, i := range b.inboxes {
		i.begin(b)
	}
}

// How often wait looks whether all is done, and how often it looks at every member.
const (
	lookEvery     = 2 * time.Millisecond
	lookHardEvery = 10 // looks
)

// wait returns once every message has come to all members, or cannot come any more:
// the timeout after the last was due at the latest, or when the drive is cancelled.
func (b *broadcast) wait(waiting func() bool) {
	if len(b.dues) == 0 {
		return
	}
	last := b.start.Add(b.dues[len(b.dues)-1] + b.timeout)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for n := 1; time.Now().Before(last); n++ {
		if !waiting() {
			if b.arrived.Load() == int64(len(b.dues)*len(b.inboxes)) || n%lookHardEvery == 0 && b.settled() {
				return
			}
		}
		select {
		case <-ticker.C:
		case <-b.ctx.Done():
			return
		}
	}
}

// settled reports whether no delivery is awaited.
func (b *broadcast) settled() bool {
	for _, i := range b.inboxes {
		if !i.settled() {
			return false
		}
	}
	return true
}

// close takes the members' deliveries and yields them, message by message, each as
// a hit. What has not come by now will not.
func (b *broadcast) close(stats *bench.DriveStats, record func(bench.Hit)) {
	now := time.Now().UnixNano()
	ends := make([]ending, len(b.inboxes))
	for m, i := range b.inboxes {
		ends[m] = i.end()
		b.answers.Add(i.answers)
		b.wake.Add(i.wake)
		b.unstamped.Add(i.unstamped)
		b.checked.Add(i.checked)
	}
	for k := range b.sends {
		s := &b.sends[k]
		if s.at.Load() == 0 {
			continue
		}
		for m, i := range b.inboxes {
			hit := b.hit(k, i.outcomes[k], ends[m], now)
			hit.Seq = uint64(k)*uint64(len(b.inboxes)) + uint64(m)
			if m == int(s.by) {
				hit.BytesOut = int64(b.size)
			}
			stats.Sent++
			stats.Elapsed = max(stats.Elapsed, hit.Done)
			record(hit)
		}
	}
}

// hit is what became of message k at a member whose connection is as told.
func (b *broadcast) hit(k int, o outcome, e ending, now int64) bench.Hit {
	s := &b.sends[k]
	sent := s.at.Load()
	hit := bench.Hit{Due: b.dues[k], Sent: time.Duration(sent - b.epoch), Code: e.code}
	expired := max(hit.Due+b.timeout, hit.Sent)
	if s.code != 0 {
		hit.Code = s.code
	}
	switch {
	case s.failed.Load():
		hit.Done, hit.Err = time.Duration(s.done-b.epoch), s.err
	case o != 0:
		hit.Done, hit.Err, hit.BytesIn = o.at(), o.err(), int64(b.size)
		if hit.Err == bench.ErrLost {
			hit.Done, hit.BytesIn = expired, 0
		}
	case e.at != 0 && time.Duration(e.at-b.epoch) < expired:
		hit.Done, hit.Err = time.Duration(e.at-b.epoch), e.why
	case b.ctx.Err() != nil && time.Duration(now-b.epoch) < expired:
		hit.Done, hit.Err = time.Duration(now-b.epoch), bench.ErrStopped
	default:
		hit.Done, hit.Err = expired, bench.ErrLost
	}
	hit.Done = max(hit.Done, hit.Sent)
	return hit
}

// came has what is known of a delivery that came to a member.
func (b *broadcast) came(i *inbox, payload []byte) {
	drive, k, ok := number(payload)
	switch {
	case ok && drive != b.of:
		return // late, of a drive before
	case !ok || k >= uint64(len(b.sends)):
		b.mistaken(payload)
		return
	}
	sent := b.sends[k].at.Load()
	if sent == 0 {
		b.mistaken(payload)
		return
	}
	if o := i.outcomes[k]; o != 0 {
		i.outcomes[k] = o.with(disordered) // twice
		return
	}
	at := time.Duration(i.read - b.epoch)
	fault := fine
	i.checked++
	if !b.is(payload, k) {
		b.mistaken(payload)
		fault = corrupt
	}
	if !b.order.follows(&i.place, int(k), sent, i.read) && fault == fine {
		fault = disordered
	}
	if at > b.dues[k]+b.timeout && fault == fine {
		fault = late
	}
	i.outcomes[k] = came(at, fault)
	i.got++
}
