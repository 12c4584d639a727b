package stream

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/wire"
)

// earlyAllowed is how much before its time an event may arrive, as servers round.
const earlyAllowed = time.Millisecond

// errUnrequested means that a server sent something without a request.
var errUnrequested = fmt.Errorf("%w: an answer without a request", errProtocol)

// connection is one connection that token streams come over, one after the other. It
// implements eventHandler.
type connection struct {
	pool   *pool
	stream *wire.Stream

	mu       sync.Mutex // guards the fields below
	ended    bool
	fresh    bool // no stream has finished on it
	drive    *tokenDrive
	current  *tokenStream // nil between two streams
	answer   answer
	events   events
	touched  bool  // something of the answer has arrived
	writeErr error // why the request was not written

	// Of the read under way.
	readAt int64 // when its bytes arrived, in nanoseconds since 1970
	got    int64 // events in it
}

// carry starts a stream on the connection. It reports whether the connection lasted.
func (c *connection) carry(d *tokenDrive, s *tokenStream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	s.mu.Lock()
	s.connection = c
	over := s.ended
	s.mu.Unlock()
	if over { // given up while the connection was dialed
		c.stream.Interrupt()
		return true
	}
	c.drive, c.current, c.touched = d, s, false
	c.answer = answer{head: c.answer.head[:0]}
	c.events = events{line: c.events.line[:0], data: c.events.data[:0]}
	if s.sent.Load() == 0 {
		s.sent.Store(time.Now().UnixNano())
	}
	n, err := c.stream.TryWrite(d.request)
	if err == nil && n < len(d.request) {
		// A request is small, and nothing was left unread: this takes no time.
		_, err = c.stream.Write(d.request[n:])
	}
	if err != nil { // listen does the rest
		c.writeErr = err
		c.stream.Interrupt()
	}
	return true
}

// listen takes what the server sends until the connection ends.
func (c *connection) listen() {
	var broken error
	err := c.stream.Receive(func(p []byte, at wire.Arrival) bool {
		broken = c.take(p, at)
		return broken == nil
	})
	_ = c.stream.Close() // the connection failed already, or is no longer needed
	if broken != nil {
		err = broken
	}
	c.pool.remove(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.writeErr != nil {
		err = c.writeErr
	}
	if s := c.current; s != nil {
		c.current = nil
		c.endStream(s, err)
	}
}

// endStream ends the current stream because the connection is closed. The caller
// holds the connection's lock.
func (c *connection) endStream(s *tokenStream, err error) {
	d, now := c.drive, time.Now().UnixNano()
	closed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case d.Canceled():
		d.end(s, bench.ErrStopped, now)
	case closed && !c.touched && !c.fresh && s.retry():
		d.CountRetry()
		d.dialFor(s)
	case c.answer.resp != nil && closed:
		d.end(s, bench.ErrClosed, now)
	default:
		d.end(s, d.errorKind(err), now)
	}
}

// take takes received bytes. An error ends the connection.
func (c *connection) take(p []byte, at wire.Arrival) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, d := c.current, c.drive
	if s == nil {
		return errUnrequested
	}
	c.touched, c.readAt, c.got = true, at.UnixNano, 0
	s.mu.Lock()
	rest, err := c.answer.feed(p, c.body)
	if c.answer.resp != nil {
		s.code = c.answer.resp.StatusCode
	}
	s.mu.Unlock()
	if c.got > 0 {
		wake := c.got * max(time.Now().UnixNano()-at.UnixNano, 0)
		unstamped := uint64(0)
		if !at.Stamped {
			unstamped = uint64(c.got)
		}
		d.CountAnswers(c.got, time.Duration(wake), unstamped)
	}
	if err != nil || !c.answer.done() {
		return err
	}
	why := bench.ErrClosed
	if !c.statusExpected() {
		why = bench.ErrStatus
	}
	c.current, c.fresh = nil, false
	d.end(s, why, at.UnixNano)
	switch {
	case len(rest) > 0:
		return errUnrequested
	case c.answer.resp.Close:
		return errServerClosed
	}
	c.pool.put(c)
	return nil
}

// statusExpected reports whether the answer has the status of a stream.
func (c *connection) statusExpected() bool {
	return drive.StatusExpected(c.answer.resp.StatusCode, c.drive.status)
}

// body takes bytes of the answer's body.
func (c *connection) body(p []byte) error {
	if !c.statusExpected() {
		return nil
	}
	return c.events.feed(p, c)
}

// comment implements eventHandler.
func (*connection) comment([]byte) error { return nil }

// event implements eventHandler. The caller holds the locks of the connection and of
// its stream.
func (c *connection) event(data []byte) error {
	s, d := c.current, c.drive
	if s.ended {
		return nil
	}
	i, ok := eventNumber(data)
	if !ok || i >= d.events {
		d.KeepWrong(data)
		return nil
	}
	if o := s.outcomes[i]; o != 0 {
		s.outcomes[i] = o.with(disordered) // it arrived twice
		return nil
	}
	later := time.Duration(i) * d.every
	at := d.SinceStart(c.readAt)
	sent := d.SinceStart(s.sent.Load()) + later
	fault := fine
	d.CountChecked(1)
	switch {
	case string(data) != string(d.texts[i]):
		d.KeepWrong(data)
		fault = corrupt
	case i < s.next, at < sent-earlyAllowed:
		fault = disordered
	case at > s.due+later+d.timeout:
		fault = late
	}
	s.outcomes[i] = newOutcome(max(at, sent), fault)
	s.next = max(s.next, i+1)
	c.got++
	return nil
}
