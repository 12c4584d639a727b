package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// Tokens is a bench.Driver for answers that come in pieces over time, as those of a
// language model do: event streams of Expect.Events events, one each Expect.Every
// from the request on, each {"i":I,"token":"token-I"}. A hit is one event; its Seq
// is the stream's number times the events, plus the event's. Event i is due, and
// counts as sent, at i times Every after its stream's request was sent, since the
// server's own schedule begins then: when a request goes out a little late, it has no
// part in how punctual its events are. Done is when its last byte arrived.
//
// An event is lost if it did not come within the workload's timeout of its due time;
// the stream is given up when that holds for its last. What did not come before the stream ended has the
// error "closed". An event has the error "order" if it came after a later one,
// twice, or before its time by more than a millisecond, to which the timers of
// servers are rounded; what is early by less counts as on time.
//
// The zero value is ready. Connections are kept from one drive to the next; Close
// ends them. It makes one drive at a time, and calls record when that is over.
type Tokens struct {
	// MaxInflight is how many streams are open at most; what is due beyond fails at
	// once with the error "inflight". Where it is 0 it is as in HTTP.
	MaxInflight int

	wire    wire.Transport
	reading sync.WaitGroup

	mu   sync.Mutex
	key  string // of address and workload
	idle []*line
	all  map[*line]struct{}
}

// early is how much before its time an event may come, as servers round.
const early = time.Millisecond

// Close ends all connections.
func (t *Tokens) Close() {
	t.hangUp()
	t.wire.Close()
}

// hangUp ends all connections and returns when nothing of them is left.
func (t *Tokens) hangUp() {
	t.mu.Lock()
	for l := range t.all {
		l.stream.Interrupt()
	}
	t.idle = nil
	t.mu.Unlock()
	t.reading.Wait()
}

// Drive implements bench.Driver. Its errors are bad input, among it a schedule
// without a rate (ErrClosedLoop), and no file descriptor for its timers.
func (t *Tokens) Drive(ctx context.Context, base string, w bench.Workload, s bench.Schedule, record func(bench.Hit)) (bench.DriveStats, error) {
	address, host, err := server(base, w.Path)
	if err != nil {
		return bench.DriveStats{}, err
	}
	d, err := t.assemble(ctx, address, host, w, s)
	if err != nil {
		return bench.DriveStats{}, err
	}
	if key := fmt.Sprint(host, w.Path, w.Headers); key != t.key {
		t.hangUp()
		t.key = key
	}
	defer tune()()
	dialled := t.wire.Dialled()
	d.connect()
	before := ProcessCPU()
	d.begin()
	ended := make(chan struct{})
	var reaping sync.WaitGroup
	reaping.Go(func() { d.reap(ended) })
	d.conduct(d.open)
	d.wait()
	close(ended)
	reaping.Wait()
	d.giveUp()
	ran, step := d.halt()
	stats := bench.DriveStats{ClockStep: step, Generator: ProcessCPU() - before, Connections: t.wire.Dialled() - dialled}
	d.close(&stats, record)
	d.finish(&stats, ran, d.events)
	return stats, nil
}

// flows is one drive of streams.
type flows struct {
	*drive
	t       *Tokens
	host    string
	request []byte
	status  int
	events  int // of a stream
	every   time.Duration
	timeout time.Duration
	texts   [][]byte // of the events
	list    []*flow  // by number; those that were begun come first
	begun   atomic.Int64
	ended   atomic.Int64

	mu      sync.Mutex
	closed  bool // nothing is dialled any more
	dialing sync.WaitGroup
}

// flow is one stream of events.
type flow struct {
	due  time.Duration
	sent atomic.Int64 // in nanoseconds since 1970; 0 where it was not

	mu       sync.Mutex // of what follows
	over     bool
	line     *line // that it comes over; nil before it does
	retried  bool
	next     int // event, after the latest that came
	outcomes []outcome
	code     int
	why      string // kind of error that the stream ended with
	done     int64  // when it did, in nanoseconds since 1970
}

func (t *Tokens) assemble(ctx context.Context, address *url.URL, host string, w bench.Workload, s bench.Schedule) (*flows, error) {
	if w.Expect.Events <= 0 {
		return nil, errors.New("a stream needs events that are expected of it")
	}
	get, err := request(address, w, map[string]string{"Accept": "text/event-stream"})
	if err != nil {
		return nil, err
	}
	d, err := rehearse(ctx, s, &t.wire)
	if err != nil {
		return nil, err
	}
	f := &flows{drive: d, t: t, host: host, request: get, status: w.Expect.Status, events: w.Expect.Events, every: w.Expect.Every.Duration, timeout: timeout(w)}
	if d.cap = int64(t.MaxInflight); d.cap == 0 {
		d.cap = min(mostOpen(), mostInflight)
	}
	n := planned(s, s.Duration.Duration)
	if n*uint64(f.events) > mostDeliveries {
		d.cancel()
		return nil, fmt.Errorf("a drive of more than %d events", mostDeliveries)
	}
	f.texts = make([][]byte, f.events)
	for i := range f.texts {
		f.texts[i] = fmt.Appendf(nil, `{"i":%d,"token":"token-%d"}`, i, i)
	}
	f.list = make([]*flow, n)
	return f, nil
}

// connect dials connections ahead, for as many streams as are mostly open at once.
// What goes wrong here will show in the streams.
func (d *flows) connect() {
	long := (time.Duration(d.events-1) * d.every).Seconds()
	n := min(1+int(float64(d.s.Rate)*(long+.01)*1.2), mostAhead, int(d.cap), len(d.list))
	d.t.mu.Lock()
	n -= len(d.t.idle)
	d.t.mu.Unlock()
	ctx, cancel := context.WithTimeout(d.ctx, time.Second)
	defer cancel()
	for range n {
		l, err := d.dial(ctx)
		if err != nil {
			return
		}
		d.t.put(l)
	}
}

// dial makes a connection, which takes what comes from now on.
func (d *flows) dial(ctx context.Context) (*line, error) {
	stream, err := d.wire.Dial(ctx, d.host)
	if err != nil {
		return nil, err
	}
	l := &line{t: d.t, stream: stream, fresh: true}
	d.t.mu.Lock()
	if d.t.all == nil {
		d.t.all = map[*line]struct{}{}
	}
	d.t.all[l] = struct{}{}
	d.t.mu.Unlock()
	d.t.reading.Go(l.listen)
	return l, nil
}

// put keeps a connection for the next stream.
func (t *Tokens) put(l *line) {
	t.mu.Lock()
	if _, ok := t.all[l]; ok {
		t.idle = append(t.idle, l)
	}
	t.mu.Unlock()
}

// take returns a connection, the one that was used last, or nil.
func (t *Tokens) take() *line {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.idle)
	if n == 0 {
		return nil
	}
	l := t.idle[n-1]
	t.idle = t.idle[:n-1]
	return l
}

// open begins stream k. It does not wait.
func (d *flows) open(k int, due time.Duration) {
	f := &flow{due: due, outcomes: make([]outcome, d.events)}
	d.list[k] = f
	n := d.inflight.Add(1)
	d.peak.Store(max(d.peak.Load(), n))
	defer d.begun.Add(1)
	if n > d.cap {
		f.sent.Store(time.Now().UnixNano())
		d.over(f, bench.ErrInflight, f.sent.Load())
		return
	}
	for l := d.t.take(); l != nil; l = d.t.take() {
		if l.carry(d, f) {
			return
		}
	}
	f.sent.Store(time.Now().UnixNano())
	d.dialFor(f)
}

// dialFor begins a stream on a new connection, and does not wait for it.
func (d *flows) dialFor(f *flow) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.dialing.Go(func() { d.openAnew(f) })
	}
}

// openAnew begins a stream on a new connection.
func (d *flows) openAnew(f *flow) {
	ctx, cancel := context.WithTimeout(d.ctx, d.timeout)
	defer cancel()
	l, err := d.dial(ctx)
	if err != nil {
		d.over(f, d.kind(err), time.Now().UnixNano())
		return
	}
	if !l.carry(d, f) {
		d.over(f, bench.ErrReset, time.Now().UnixNano())
	}
}

// over ends a stream, if it has not ended: what has not come of it fails so.
func (d *flows) over(f *flow, why string, at int64) {
	f.mu.Lock()
	first := !f.over
	if first {
		f.over, f.why, f.done = true, why, at
	}
	f.mu.Unlock()
	if first {
		d.inflight.Add(-1)
		d.ended.Add(1)
	}
}

// deadline is when a stream is given up, from the start on.
func (d *flows) deadline(f *flow) time.Duration {
	return f.due + time.Duration(d.events-1)*d.every + d.timeout
}

// reap gives up streams that are past their deadlines until the drive has ended.
func (d *flows) reap(ended <-chan struct{}) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	next := 0
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
		}
		now := time.Since(d.start)
		for n := int(d.begun.Load()); next < n; next++ {
			f := d.list[next]
			f.mu.Lock()
			over := f.over
			f.mu.Unlock()
			if !over {
				if now < d.deadline(f) {
					break
				}
				d.abandon(f, bench.ErrLost)
			}
		}
	}
}

// abandon ends a stream and its connection.
func (d *flows) abandon(f *flow, why string) {
	d.over(f, why, time.Now().UnixNano())
	f.mu.Lock()
	l := f.line
	f.mu.Unlock()
	if l != nil {
		l.stream.Interrupt()
	}
}

// wait returns when all streams that were begun have ended, or the drive is cancelled.
func (d *flows) wait() {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for d.ended.Load() < d.begun.Load() {
		select {
		case <-ticker.C:
		case <-d.ctx.Done():
			return
		}
	}
}

// giveUp ends what has not ended.
func (d *flows) giveUp() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, f := range d.list[:d.begun.Load()] {
		f.mu.Lock()
		over := f.over
		f.mu.Unlock()
		if !over {
			d.abandon(f, bench.ErrStopped)
		}
	}
	d.dialing.Wait()
}

// close yields the events of all streams that were begun.
func (d *flows) close(stats *bench.DriveStats, record func(bench.Hit)) {
	for k, f := range d.list[:d.begun.Load()] {
		f.mu.Lock() // for the memory model alone: it is over
		for i := range f.outcomes {
			hit := d.hit(f, i)
			hit.Seq = uint64(k*d.events + i)
			stats.Sent++
			stats.Elapsed = max(stats.Elapsed, hit.Done)
			record(hit)
		}
		f.mu.Unlock()
	}
}

// hit is what became of event i of a stream that is over.
func (d *flows) hit(f *flow, i int) bench.Hit {
	later := time.Duration(i) * d.every
	begun := f.due
	if sent := f.sent.Load(); sent != 0 {
		begun = time.Duration(sent - d.epoch)
	}
	hit := bench.Hit{Due: begun + later, Sent: begun + later, Code: f.code}
	lost := hit.Due + d.timeout
	o := f.outcomes[i]
	switch {
	case o != 0:
		hit.Done, hit.Err, hit.BytesIn = o.at(), o.err(), int64(len(d.texts[i]))
		if hit.Err == bench.ErrLost {
			hit.Done, hit.BytesIn = lost, 0
		}
	case i < f.next, f.why == bench.ErrLost, f.why == bench.ErrClosed && time.Duration(f.done-d.epoch) >= lost:
		hit.Done, hit.Err = lost, bench.ErrLost
	default:
		hit.Done, hit.Err = time.Duration(f.done-d.epoch), f.why
	}
	hit.Done = max(hit.Done, hit.Sent)
	return hit
}

// line is one connection that streams come over, one after the other.
type line struct {
	t      *Tokens
	stream *wire.Stream

	mu        sync.Mutex
	ended     bool
	fresh     bool // no stream has ended on it
	d         *flows
	f         *flow // under way; nil where none is
	answer    answer
	events    events
	touch     bool  // something of the answer has come
	unwritten error // why the request was not

	// Of the read under way.
	at  int64
	got int64
}

// carry begins a stream on the connection. It reports whether the connection was there.
func (l *line) carry(d *flows, f *flow) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	f.mu.Lock()
	f.line = l
	over := f.over
	f.mu.Unlock()
	if over { // given up while it was dialled for
		l.stream.Interrupt()
		return true
	}
	l.d, l.f, l.touch = d, f, false
	l.answer, l.events = answer{head: l.answer.head[:0]}, events{line: l.events.line[:0], data: l.events.data[:0]}
	if f.sent.Load() == 0 {
		f.sent.Store(time.Now().UnixNano())
	}
	n, err := l.stream.TryWrite(d.request)
	if err == nil && n < len(d.request) {
		// A request is small, and nothing was left unread: this takes no time.
		_, err = l.stream.Write(d.request[n:])
	}
	if err != nil { // listen sees to the rest
		l.unwritten = err
		l.stream.Interrupt()
	}
	return true
}

// errUnasked is that a server speaks where there is no request.
var errUnasked = fmt.Errorf("%w: an answer to no request", errProtocol)

// listen takes what comes until the connection ends.
func (l *line) listen() {
	var broken error
	err := l.stream.Receive(func(p []byte, at int64, stamped bool) bool {
		broken = l.take(p, at, stamped)
		return broken == nil
	})
	l.stream.Close()
	if broken != nil {
		err = broken
	}
	l.t.mu.Lock()
	delete(l.t.all, l)
	for i, other := range l.t.idle {
		if other == l {
			l.t.idle = append(l.t.idle[:i], l.t.idle[i+1:]...)
			break
		}
	}
	l.t.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.unwritten != nil {
		err = l.unwritten
	}
	if f, d := l.f, l.d; f != nil {
		l.f = nil
		l.end(d, f, err)
	}
}

// end ends the stream under way with the connection.
func (l *line) end(d *flows, f *flow, err error) {
	now := time.Now().UnixNano()
	ended := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case d.ctx.Err() != nil:
		d.over(f, bench.ErrStopped, now)
	case ended && !l.touch && !l.fresh && f.again():
		d.retried.Add(1)
		d.dialFor(f)
	case l.answer.resp != nil && ended:
		d.over(f, bench.ErrClosed, now)
	default:
		d.over(f, d.kind(err), now)
	}
}

// again reports whether the stream may be asked for again, which it may be once.
func (f *flow) again() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.retried || f.over {
		return false
	}
	f.retried = true
	return true
}

// take takes what came.
func (l *line) take(p []byte, at int64, stamped bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, d := l.f, l.d
	if f == nil {
		return errUnasked
	}
	l.touch, l.at, l.got = true, at, 0
	f.mu.Lock()
	rest, err := l.answer.feed(p, l.span)
	if l.answer.resp != nil {
		f.code = l.answer.resp.StatusCode
	}
	f.mu.Unlock()
	if l.got > 0 {
		d.answers.Add(l.got)
		d.wake.Add(l.got * max(time.Now().UnixNano()-at, 0))
		if !stamped {
			d.unstamped.Add(uint64(l.got))
		}
	}
	if err != nil || !l.answer.done() {
		return err
	}
	why := bench.ErrClosed
	if !l.expected() {
		why = bench.ErrStatus
	}
	l.f, l.fresh = nil, false
	d.over(f, why, at)
	switch {
	case len(rest) > 0:
		return errUnasked
	case l.answer.resp.Close:
		return errLeft
	}
	l.t.put(l)
	return nil
}

// expected reports whether the answer has the status of a stream.
func (l *line) expected() bool {
	return expected(l.answer.resp.StatusCode, l.d.status)
}

// span takes bytes of the answer's body.
func (l *line) span(p []byte) error {
	if !l.expected() {
		return nil
	}
	return l.events.feed(p, l)
}

// comment implements eventHandler.
func (*line) comment([]byte) error { return nil }

// event implements eventHandler. The caller holds the locks of the connection and
// of its stream.
func (l *line) event(data []byte) error {
	f, d := l.f, l.d
	if f.over {
		return nil
	}
	i, ok := eventNumber(data)
	if !ok || i >= d.events {
		d.mistaken(data)
		return nil
	}
	if o := f.outcomes[i]; o != 0 {
		f.outcomes[i] = o.with(disordered) // twice
		return nil
	}
	later := time.Duration(i) * d.every
	at := time.Duration(l.at - d.epoch)
	sent := time.Duration(f.sent.Load()-d.epoch) + later
	fault := fine
	d.checked.Add(1)
	switch {
	case string(data) != string(d.texts[i]):
		d.mistaken(data)
		fault = corrupt
	case i < f.next, at < sent-early:
		fault = disordered
	case at > f.due+later+d.timeout:
		fault = late
	}
	f.outcomes[i] = came(max(at, sent), fault)
	f.next = max(f.next, i+1)
	l.got++
	return nil
}

// eventNumber reads the number of an event.
func eventNumber(data []byte) (int, bool) {
	const prefix = `{"i":`
	if len(data) < len(prefix) || string(data[:len(prefix)]) != prefix {
		return 0, false
	}
	end := len(prefix)
	for end < len(data) && data[end] >= '0' && data[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(data[len(prefix):end])) // which allocates nothing
	return n, err == nil
}
