package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/process"
	"github.com/claimbench/claimbench/internal/wire"
)

// setup describes a broadcast that is about to start.
type setup struct {
	transport   *wire.Transport
	audience    *audience
	host        string // host:port
	workload    bench.Workload
	schedule    bench.Schedule
	number      uint64 // of the drive
	newProtocol func(*member) protocol
}

// broadcast is one drive of messages that each go to all members.
type broadcast struct {
	*pacedDrive
	*messages
	order   *order
	timeout time.Duration
	dues    []time.Duration
	sends   []send // by message
	inboxes []*inbox
	arrived atomic.Int64 // deliveries that have arrived
	members int
	dialed  uint64 // connections dialed before the members connected
}

// sender sends the messages of a broadcast.
type sender interface {
	// send sends message k, which is due now. It does not wait.
	send(k int)
	// pending reports whether there are messages that may still be sent.
	pending() bool
	// stop gives up messages that were not sent, and returns when none can be sent.
	stop()
}

// newBroadcast connects the members and reads the schedule. An error wraps
// ErrDescriptors or ErrClosedLoop, or means other bad input.
func newBroadcast(ctx context.Context, s setup) (*broadcast, error) {
	n := s.workload.Members
	if n <= 0 {
		return nil, fmt.Errorf("driver %q needs members: set workload.members to 1 or more", s.workload.Driver)
	}
	if err := drive.CheckDescriptors(n); err != nil {
		return nil, err
	}
	d, err := newPacedDrive(ctx, s.schedule, s.transport)
	if err != nil {
		return nil, err
	}
	b := &broadcast{
		pacedDrive: d,
		messages:   newMessages(s.number, s.workload.Message),
		timeout:    timeout(s.workload),
		members:    n,
		dialed:     s.transport.Dialed(),
	}
	next := drive.Arrivals(s.schedule)
	for due, ok := next(); ok; due, ok = next() {
		if b.dues = append(b.dues, due); len(b.dues)*n > maxDeliveries {
			d.Abandon()
			return nil, tooLarge("deliveries")
		}
	}
	b.sends, b.order = make([]send, len(b.dues)), newOrder(len(b.dues))
	if err := s.audience.gather(d, s); err != nil {
		d.Abandon()
		return nil, err
	}
	b.inboxes = s.audience.inboxes()
	return b, nil
}

// run makes the drive: it sends each message when it is due, waits for the
// deliveries, and records them.
func (b *broadcast) run(s sender, record func(bench.Hit)) bench.DriveStats {
	defer drive.TuneRuntime()()
	before := process.CPU()
	b.Start()
	b.startInboxes()
	b.follow(func(k int, _ time.Duration) { s.send(k) })
	b.wait(s)
	seen := b.Stop()
	stats := bench.DriveStats{
		ClockStep:   seen.ClockStep,
		Generator:   process.CPU() - before,
		Connections: b.wire.Dialed() - b.dialed,
	}
	s.stop()
	b.record(&stats, record)
	b.finish(&stats, seen.Ran, b.members)
	return stats
}

// startInboxes makes the members' inboxes count deliveries.
func (b *broadcast) startInboxes() {
	for _, i := range b.inboxes {
		i.start(b)
	}
}

const (
	pollInterval = 2 * time.Millisecond // between two looks at whether a drive is over
	inboxPolls   = 10                   // every how many polls wait looks at every inbox
)

// wait returns once every message has arrived at all members, or can no longer
// arrive. It returns at the latest when the timeout is over after the last message
// was due, or when the drive is canceled.
func (b *broadcast) wait(s sender) {
	if len(b.dues) == 0 {
		return
	}
	last := b.dues[len(b.dues)-1] + b.timeout
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for n := 1; b.Elapsed() < last; n++ {
		if !s.pending() {
			if b.arrived.Load() == int64(len(b.dues)*len(b.inboxes)) || n%inboxPolls == 0 && b.settled() {
				return
			}
		}
		select {
		case <-ticker.C:
		case <-b.Context().Done():
			return
		}
	}
}

// settled reports whether no more deliveries are expected.
func (b *broadcast) settled() bool {
	for _, i := range b.inboxes {
		if !i.settled() {
			return false
		}
	}
	return true
}

// record stops the inboxes and records their deliveries as hits, message by message.
// A delivery that has not arrived by now counts as failed.
func (b *broadcast) record(stats *bench.DriveStats, record func(bench.Hit)) {
	now := time.Now().UnixNano()
	sessions := make([]session, len(b.inboxes))
	for m, i := range b.inboxes {
		sessions[m] = i.stop()
		b.CountAnswers(i.answers, i.wake, i.unstamped)
		b.CountChecked(i.checked)
	}
	for k := range b.sends {
		s := &b.sends[k]
		if s.at.Load() == 0 {
			continue
		}
		for m, i := range b.inboxes {
			hit := b.hit(k, i.outcomes[k], sessions[m], now)
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

// hit returns the hit of message k at a member, from the delivery's outcome and the
// state of the member's connection. Now is the wall clock in nanoseconds since 1970.
func (b *broadcast) hit(k int, o outcome, member session, now int64) bench.Hit {
	s := &b.sends[k]
	hit := bench.Hit{Due: b.dues[k], Sent: b.SinceStart(s.at.Load()), Code: member.code}
	expired := max(hit.Due+b.timeout, hit.Sent)
	if s.code != 0 {
		hit.Code = s.code
	}
	switch {
	case s.failed.Load():
		hit.Done, hit.Err = b.SinceStart(s.done), s.err
	case o != 0:
		hit.Done, hit.Err, hit.BytesIn = o.at(), o.errorKind(), int64(b.size)
		if hit.Err == bench.ErrLost {
			hit.Done, hit.BytesIn = expired, 0
		}
	case member.endedAt != 0 && b.SinceStart(member.endedAt) < expired:
		hit.Done, hit.Err = b.SinceStart(member.endedAt), member.why
	case b.Canceled() && b.SinceStart(now) < expired:
		hit.Done, hit.Err = b.SinceStart(now), bench.ErrStopped
	default:
		hit.Done, hit.Err = expired, bench.ErrLost
	}
	hit.Done = max(hit.Done, hit.Sent)
	return hit
}

// deliver notes the outcome of a message that arrived at a member. It ignores
// messages of earlier drives that are late.
func (b *broadcast) deliver(i *inbox, payload []byte) {
	number, k, ok := readNumber(payload)
	switch {
	case ok && number != b.number:
		return
	case !ok || k >= uint64(len(b.sends)):
		b.KeepWrong(payload)
		return
	}
	sent := b.sends[k].at.Load()
	if sent == 0 {
		b.KeepWrong(payload)
		return
	}
	if o := i.outcomes[k]; o != 0 {
		i.outcomes[k] = o.with(disordered) // it arrived twice
		return
	}
	at := b.SinceStart(i.readAt)
	fault := fine
	i.checked++
	if !b.matches(payload, k) {
		b.KeepWrong(payload)
		fault = corrupt
	}
	if !b.order.follows(&i.position, int(k), sent, i.readAt) && fault == fine {
		fault = disordered
	}
	if at > b.dues[k]+b.timeout && fault == fine {
		fault = late
	}
	i.outcomes[k] = newOutcome(at, fault)
	i.got++
}
