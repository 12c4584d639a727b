package stream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
)

// reapInterval is the time between two looks for streams that are past their deadline.
const reapInterval = 10 * time.Millisecond

// tokenDrive is one drive of token streams.
type tokenDrive struct {
	*pacedDrive
	pool        *pool
	host        string // host:port
	request     []byte
	status      int // expected status; 0 for any success
	events      int // of a stream
	every       time.Duration
	timeout     time.Duration
	maxInFlight int64
	texts       [][]byte       // of the events
	streams     []*tokenStream // by number; the first ones have started
	started     atomic.Int64   // streams
	ended       atomic.Int64   // streams

	mu      sync.Mutex
	closed  bool // no more connections are dialed
	dialing sync.WaitGroup
}

// connect dials connections ahead, for as many streams as are mostly open at once. A
// failure here shows in the streams.
func (d *tokenDrive) connect() {
	seconds := (time.Duration(d.events-1) * d.every).Seconds()
	n := min(1+int(float64(d.Schedule().Rate)*(seconds+.01)*1.2), drive.MaxDialAhead, int(d.maxInFlight), len(d.streams))
	n -= d.pool.idleCount()
	ctx, cancel := context.WithTimeout(d.Context(), time.Second)
	defer cancel()
	for range n {
		c, err := d.dial(ctx)
		if err != nil {
			return
		}
		d.pool.put(c)
	}
}

// dial makes a connection, and reads from it from now on.
func (d *tokenDrive) dial(ctx context.Context) (*connection, error) {
	stream, err := d.wire.Dial(ctx, d.host)
	if err != nil {
		return nil, err
	}
	c := &connection{pool: d.pool, stream: stream, fresh: true}
	d.pool.add(c)
	d.pool.reading.Go(c.listen)
	return c, nil
}

// start starts stream k. It does not wait.
func (d *tokenDrive) start(k int, due time.Duration) {
	s := &tokenStream{due: due, outcomes: make([]outcome, d.events)}
	d.streams[k] = s
	n := d.InFlight.Enter()
	defer d.started.Add(1)
	if n > d.maxInFlight {
		s.sent.Store(time.Now().UnixNano())
		d.end(s, bench.ErrInflight, s.sent.Load())
		return
	}
	for c := d.pool.take(); c != nil; c = d.pool.take() {
		if c.carry(d, s) {
			return
		}
	}
	s.sent.Store(time.Now().UnixNano())
	d.dialFor(s)
}

// dialFor starts a stream on a new connection. It does not wait.
func (d *tokenDrive) dialFor(s *tokenStream) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.dialing.Go(func() { d.dialAndCarry(s) })
	}
}

// dialAndCarry starts a stream on a new connection.
func (d *tokenDrive) dialAndCarry(s *tokenStream) {
	ctx, cancel := context.WithTimeout(d.Context(), d.timeout)
	defer cancel()
	c, err := d.dial(ctx)
	if err != nil {
		d.end(s, d.errorKind(err), time.Now().UnixNano())
		return
	}
	if !c.carry(d, s) {
		d.end(s, bench.ErrReset, time.Now().UnixNano())
	}
}

// end ends a stream, if it has not finished. Events that have not arrived fail with the
// kind of error.
func (d *tokenDrive) end(s *tokenStream, why string, at int64) {
	if s.end(why, at) {
		d.InFlight.Leave()
		d.ended.Add(1)
	}
}

// abandon ends a stream and its connection.
func (d *tokenDrive) abandon(s *tokenStream, why string) {
	d.end(s, why, time.Now().UnixNano())
	s.mu.Lock()
	c := s.connection
	s.mu.Unlock()
	if c != nil {
		c.stream.Interrupt()
	}
}

// deadline returns when a stream is given up, counted from the start of the drive.
func (d *tokenDrive) deadline(s *tokenStream) time.Duration {
	return s.due + time.Duration(d.events-1)*d.every + d.timeout
}

// reap gives up streams that are past their deadlines, until the drive has finished.
func (d *tokenDrive) reap(ended <-chan struct{}) {
	ticker := time.NewTicker(reapInterval)
	defer ticker.Stop()
	next := 0
	for {
		select {
		case <-ended:
			return
		case <-ticker.C:
		}
		now := d.Elapsed()
		for n := int(d.started.Load()); next < n; next++ {
			s := d.streams[next]
			if s.over() {
				continue
			}
			if now < d.deadline(s) {
				break
			}
			d.abandon(s, bench.ErrLost)
		}
	}
}

// wait returns when all streams that started have finished, or the drive is canceled.
func (d *tokenDrive) wait() {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for d.ended.Load() < d.started.Load() {
		select {
		case <-ticker.C:
		case <-d.Context().Done():
			return
		}
	}
}

// giveUp ends the streams that have not finished.
func (d *tokenDrive) giveUp() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, s := range d.streams[:d.started.Load()] {
		if !s.over() {
			d.abandon(s, bench.ErrStopped)
		}
	}
	d.dialing.Wait()
}

// record records the events of all streams that started.
func (d *tokenDrive) record(stats *bench.DriveStats, record func(bench.Hit)) {
	for k, s := range d.streams[:d.started.Load()] {
		s.mu.Lock() // only for the memory model: the stream has finished
		for i := range s.outcomes {
			hit := d.hit(s, i)
			hit.Seq = uint64(k*d.events + i)
			stats.Sent++
			stats.Elapsed = max(stats.Elapsed, hit.Done)
			record(hit)
		}
		s.mu.Unlock()
	}
}

// hit returns the hit of event i of a stream that has finished. The caller holds the
// stream's lock.
func (d *tokenDrive) hit(s *tokenStream, i int) bench.Hit {
	later := time.Duration(i) * d.every
	sent := s.due
	if at := s.sent.Load(); at != 0 {
		sent = d.SinceStart(at)
	}
	hit := bench.Hit{Due: sent + later, Sent: sent + later, Code: s.code}
	lost := hit.Due + d.timeout
	done := d.SinceStart(s.done)
	o := s.outcomes[i]
	switch {
	case o != 0:
		hit.Done, hit.Err, hit.BytesIn = o.at(), o.errorKind(), int64(len(d.texts[i]))
		if hit.Err == bench.ErrLost {
			hit.Done, hit.BytesIn = lost, 0
		}
	case i < s.next, s.why == bench.ErrLost, s.why == bench.ErrClosed && done >= lost:
		hit.Done, hit.Err = lost, bench.ErrLost
	default:
		hit.Done, hit.Err = done, s.why
	}
	hit.Done = max(hit.Done, hit.Sent)
	return hit
}
