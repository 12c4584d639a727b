package wire

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one connection. One exchange at a time may use it; any goroutine may call
// interrupt.
type conn struct {
	net.Conn
	key      string
	in       *bufio.Reader // of reader
	tcp      *net.TCPConn  // the same as Conn, or the connection under its TLS
	socket   *socket       // nil if there are no kernel stamps
	last     head
	deadline time.Time
	used     time.Time // when its last exchange ended
	fresh    bool      // it has had no exchange
	guard    time.Time // when a read fails to be tried again; the deadline if that comes first
	broken   atomic.Bool

	// Of the exchange under way.
	out     []byte // of the request, not written yet
	writing chan error
	sent    int64 // when the write of the request started, in nanoseconds since 1970
	done    int64 // when the bytes read last arrived, in nanoseconds since 1970
	stamped bool
	room    int64 // bytes that the head may still take
	fills   int   // how often something was read
	failed  error // of the last read
}

// exchange is one exchange as a connection makes it.
type exchange struct {
	request  *Request
	body     io.Writer // takes the body; nil for nowhere
	deadline time.Time
	maxHead  int64 // bytes
	maxBody  int64 // bytes
}

// idleCheck is how long a connection may have been idle and still be used without a
// check whether the server has closed it. The exchange itself finds bytes that arrive
// meanwhile, by their stamps and by its guard.
const idleCheck = 10 * time.Millisecond

// bufferSize holds the answers of an API whole. Larger bodies are read past the buffer.
const bufferSize = 4 << 10

// newConn returns a connection. Inner is tcp, or the TLS connection over it.
func newConn(inner net.Conn, tcp *net.TCPConn, key string) *conn {
	c := &conn{Conn: inner, tcp: tcp, key: key, used: time.Now(), fresh: true}
	c.in = bufio.NewReaderSize(reader{c}, bufferSize)
	if inner == net.Conn(tcp) {
		c.socket = newSocket(c, tcp)
	}
	return c
}

// limit makes reads and writes fail at the deadline, or up to slack later. Setting a
// deadline costs time, so it keeps one that is near enough. With kernel stamps it also
// sets a guard before the deadline. A wait that lasts until the guard checks once
// whether there is something to read that it was not woken for; see socket.tryRead.
func (c *conn) limit(now, deadline time.Time, slack time.Duration) {
	moved := false
	if c.deadline.Before(deadline) || c.deadline.Sub(deadline) > slack {
		c.deadline = deadline.Add(slack)
		_ = c.SetDeadline(c.deadline) // it fails if the connection is closed; then reads fail too
		c.guard, moved = c.deadline, true
	}
	if c.socket != nil && (c.guard.Sub(now) < guardTime || c.guard.Sub(now) > 2*guardTime) {
		if at := now.Add(2 * guardTime); at.Before(c.deadline) {
			c.guard, moved = at, true
			_ = c.SetReadDeadline(c.guard)
		}
	}
	if moved && c.broken.Load() {
		c.interrupt() // the deadline may have replaced that of the interruption
	}
}

// guardTime is how long a wait may last before it checks again, and at most twice that.
const guardTime = 50 * time.Millisecond

// unguard reports whether the guard made a read fail, so that it must be tried again.
// After that the deadline holds.
func (c *conn) unguard(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || c.broken.Load() || !c.guard.Before(c.deadline) {
		return false
	}
	c.guard = c.deadline
	_ = c.SetReadDeadline(c.deadline) // if it fails, so does the next read
	if c.broken.Load() {
		c.interrupt()
	}
	return true
}

// interrupt makes the exchange under way fail, and all later ones.
func (c *conn) interrupt() {
	c.broken.Store(true)
	_ = c.SetDeadline(time.Unix(1, 0)) // it fails if the connection is closed, which is as good
}

// close closes the connection.
func (c *conn) close() { _ = c.Conn.Close() } // no answer is lost: all that count were read

// alive reports whether the connection may be used again: since its last exchange it
// received neither bytes nor the end of the connection.
func (c *conn) alive(now time.Time) bool {
	return !c.broken.Load() && (c.socket != nil && now.Sub(c.used) < idleCheck || quiet(c.tcp))
}

// exchange sends the request and reads the answer. It reports whether the connection
// can be kept, and whether the server closed it before any of the answer arrived.
func (c *conn) exchange(x *exchange, a *Answer) (keep, untouched bool, err error) {
	c.out, c.writing, c.sent, c.done, c.stamped = x.request.bytes, nil, 0, 0, true
	c.room, c.fills, c.failed = x.maxHead, 0, nil
	keep, err = c.receive(x, a)
	now := time.Now()
	c.used, c.fresh = now, false
	if c.sent == 0 { // it failed before anything was written
		c.sent = now.UnixNano()
	}
	if a.Sent == 0 {
		a.Sent = c.sent
	}
	a.Done, a.Seen, a.Stamped = c.done, now.UnixNano(), c.stamped
	if err != nil || c.done == 0 {
		a.Done, a.Stamped = a.Seen, false
	}
	switch {
	case c.writing == nil:
	case err == nil:
		keep = c.awaitWrite() && keep
	default:
		c.abortWrite()
		keep = false
	}
	if err == nil && a.Stamped && a.Done < c.sent {
		return false, false, ErrUnsolicited
	}
	return keep, err != nil && c.fills == 0 && wasClosed(err), err
}

// writePatience is how long an answer that came early waits for its request to be written.
const writePatience = 50 * time.Millisecond

// awaitWrite gives the rest of the request a moment to be written, and reports whether
// it was. An answer may arrive before that.
func (c *conn) awaitWrite() bool {
	select {
	case err := <-c.writing:
		return err == nil
	case <-time.After(writePatience):
	}
	c.abortWrite()
	return false
}

// abortWrite breaks the connection, and returns when the write has stopped.
func (c *conn) abortWrite() {
	c.interrupt()
	<-c.writing //nolint:errcheck // the exchange fails in any case, with the error of its own
}

// wasClosed reports whether an error means that the server ended the connection.
func wasClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
