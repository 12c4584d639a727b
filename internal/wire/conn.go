package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one connection. All but interrupt is called by one exchange at a time.
type conn struct {
	net.Conn
	key      string
	in       *bufio.Reader // of what read brings
	tcp      *net.TCPConn  // under the TLS, if there is any
	socket   *socket       // nil where the kernel's stamps cannot be had
	last     head
	deadline time.Time
	used     time.Time // when its last exchange ended
	fresh    bool      // nothing was exchanged on it yet
	guard    time.Time // when reads fail, to be tried again; deadline where it is not before that
	broken   atomic.Bool

	// Of the exchange under way.
	out     []byte // of the request, not yet written
	writing chan error
	sent    int64 // when the request was about to be written
	done    int64 // when what was read last arrived
	stamped bool
	room    int64 // bytes that the head may still take
	fills   int   // how often something was read
	failed  error // of the last read
}

// head is an answer's head as it was parsed from its bytes.
type head struct {
	bytes []byte
	resp  *http.Response
}

// idleCheck is how long a connection may have been idle and still be taken
// without a look at whether the server has closed it: what comes meanwhile, the
// exchange itself will find, by its stamps and its guard.
const idleCheck = 10 * time.Millisecond

// bufferSize holds the answers of an API whole; larger bodies are read past it.
const bufferSize = 4 << 10

var scratch = sync.Pool{New: func() any { return new([64 << 10]byte) }}

func newConn(inner net.Conn, tcp *net.TCPConn, key string) *conn {
	c := &conn{Conn: inner, tcp: tcp, key: key, used: time.Now(), fresh: true}
	c.in = bufio.NewReaderSize(reader{c}, bufferSize)
	if inner == net.Conn(tcp) {
		c.socket = newSocket(c, tcp)
	}
	return c
}

// limit makes reads and writes fail at the deadline, or up to slack later: to set
// a deadline costs time, so one that serves is kept. With stamps there is a guard
// before it: a wait that has not ended by then looks once whether there is
// something to read that it was not told of (see socket.tryRead).
func (c *conn) limit(now, deadline time.Time, slack time.Duration) {
	moved := false
	if c.deadline.Before(deadline) || c.deadline.Sub(deadline) > slack {
		c.deadline = deadline.Add(slack)
		c.SetDeadline(c.deadline)
		c.guard, moved = c.deadline, true
	}
	if c.socket != nil && (c.guard.Sub(now) < guardTime || c.guard.Sub(now) > 2*guardTime) {
		if at := now.Add(2 * guardTime); at.Before(c.deadline) {
			c.guard, moved = at, true
			c.SetReadDeadline(c.guard)
		}
	}
	if moved && c.broken.Load() {
		c.interrupt() // the deadline may have taken the place of the interruption's
	}
}

// guardTime is how long a wait may last, up to twice that, before it looks again.
const guardTime = 50 * time.Millisecond

// unguard reports whether a read failed by the guard, and is to be tried again. From
// then on the deadline holds.
func (c *conn) unguard(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || c.broken.Load() || !c.guard.Before(c.deadline) {
		return false
	}
	c.guard = c.deadline
	c.SetReadDeadline(c.deadline)
	if c.broken.Load() {
		c.interrupt()
	}
	return true
}

// interrupt makes what is under way on the connection fail, and what comes. Any
// goroutine may call it.
func (c *conn) interrupt() {
	c.broken.Store(true)
	c.SetDeadline(time.Unix(1, 0))
}

func (c *conn) close() { c.Conn.Close() }

// alive reports whether the connection may be used again: whether nothing came on
// it, neither bytes nor its end, since its last exchange.
func (c *conn) alive(now time.Time) bool {
	return !c.broken.Load() && (c.socket != nil && now.Sub(c.used) < idleCheck || quiet(c.tcp))
}

// exchange sends the request and reads the answer. It reports whether the
// connection can be kept, and whether the server closed it before anything of the
// answer came.
func (c *conn) exchange(t *Transport, r *Request, body io.Writer, a *Answer) (keep, untouched bool, err error) {
	c.out, c.writing, c.sent, c.done, c.stamped = r.bytes, nil, 0, 0, true
	c.room, c.fills, c.failed = t.MaxHead, 0, nil
	if c.room == 0 {
		c.room = DefaultMaxHead
	}
	most := t.MaxBody
	if most == 0 {
		most = DefaultMaxBody
	}
	keep, err = c.receive(r, body, most, a)
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
	if c.writing != nil {
		keep = c.written(err == nil) && keep
	}
	if err == nil && a.Stamped && a.Done < c.sent {
		return false, false, ErrUnsolicited
	}
	return keep, err != nil && c.fills == 0 && wasClosed(err), err
}

// written reports whether the request was written whole. An answer may come
// before it was; the rest is given a moment then.
func (c *conn) written(wait bool) bool {
	if wait {
		select {
		case err := <-c.writing:
			return err == nil
		case <-time.After(50 * time.Millisecond):
		}
	}
	c.interrupt()
	<-c.writing
	return false
}

// wasClosed reports whether an error means that the other side ended the connection.
func wasClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// receive reads the answer: its head, past those of 1xx, and its body.
func (c *conn) receive(r *Request, body io.Writer, most int64, a *Answer) (keep bool, err error) {
	if _, err := c.in.Peek(1); err != nil { // sends the request
		return false, err
	}
	var resp *http.Response
	if r.head.Method != http.MethodHead {
		resp = c.known()
	}
	for resp == nil {
		if resp, err = c.parse(r); err != nil {
			return false, err
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return false, ErrSwitched
		}
		if interim(resp) {
			resp = nil
		}
	}
	c.room = math.MaxInt64
	a.Head = resp
	keep = !resp.Close && !r.close
	if resp.Body == nil { // known, or without a body but for its length
		a.Body, err = c.body(max(resp.ContentLength, 0), body, most)
	} else {
		a.Body, err = copyBody(resp.Body, body, most)
		resp.Body = http.NoBody
	}
	return keep && c.in.Buffered() == 0, err
}

// known returns the answer's head where its bytes are those of the last one.
func (c *conn) known() *http.Response {
	n := len(c.last.bytes)
	if n == 0 || c.in.Buffered() < n {
		return nil
	}
	if b, _ := c.in.Peek(n); !bytes.Equal(b, c.last.bytes) {
		return nil
	}
	c.in.Discard(n)
	return c.last.resp
}

// parse parses a head. One that came in one piece, and whose body has a known
// length, is kept as the last; its Body is nil then.
func (c *conn) parse(r *Request) (*http.Response, error) {
	before, _ := c.in.Peek(c.in.Buffered())
	fills := c.fills
	resp, err := http.ReadResponse(c.in, r.head)
	switch {
	case err != nil && c.failed != nil: // the parser takes a line that was cut off for a bad one
		return nil, unexpected(c.failed)
	case err != nil:
		return nil, err
	}
	whole := c.fills == fills
	length := resp.ContentLength
	if r.head.Method == http.MethodHead || resp.Body == http.NoBody {
		length = 0
	}
	if whole && length >= 0 && !interim(resp) && r.head.Method != http.MethodHead {
		resp.Body = nil
		c.last.bytes = append(c.last.bytes[:0], before[:len(before)-c.in.Buffered()]...)
		c.last.resp = resp
	}
	return resp, nil
}

// interim reports whether another answer follows (RFC 9110, 15.2).
func interim(resp *http.Response) bool { return resp.StatusCode >= 100 && resp.StatusCode < 200 }

// body reads n bytes of a body.
func (c *conn) body(n int64, to io.Writer, most int64) (int64, error) {
	if n > most {
		return 0, fmt.Errorf("%w: %d bytes", ErrBodyTooLarge, n)
	}
	buffered := min(n, int64(c.in.Buffered()))
	if to != nil && buffered > 0 {
		b, _ := c.in.Peek(int(buffered))
		if _, err := to.Write(b); err != nil {
			return 0, err
		}
	}
	c.in.Discard(int(buffered))
	if buffered == n {
		return n, nil
	}
	space := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(space)
	at := buffered
	for at < n {
		got, err := reader{c}.Read(space[:min(n-at, int64(len(space)))])
		at += int64(got)
		if to != nil && got > 0 {
			if _, err := to.Write(space[:got]); err != nil {
				return at, err
			}
		}
		if err != nil && at < n {
			return at, unexpected(err)
		}
	}
	return n, nil
}

// copyBody reads a body to its end.
func copyBody(from io.Reader, to io.Writer, most int64) (n int64, err error) {
	space := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(space)
	for {
		got, err := from.Read(space[:])
		n += int64(got)
		if n > most {
			return n, ErrBodyTooLarge
		}
		if to != nil && got > 0 {
			if _, err := to.Write(space[:got]); err != nil {
				return n, err
			}
		}
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		}
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// reader reads from a connection, and writes the request before it does so for the first time.
type reader struct{ *conn }

func (c reader) Read(p []byte) (n int, err error) {
	if c.room <= 0 {
		c.failed = ErrHeadTooLarge
		return 0, c.failed
	}
	if int64(len(p)) > c.room {
		p = p[:c.room]
	}
	if c.socket != nil {
		n, err = c.socket.read(p)
	} else {
		n, err = c.readPlain(p)
	}
	if n > 0 {
		c.fills++
		c.room -= int64(n)
	}
	c.failed = err
	return n, err
}

// atOnce is how much of a request any socket takes without a reader at the other end.
const atOnce = 16 << 10

// readPlain reads by the program's clock.
func (c *conn) readPlain(p []byte) (n int, err error) {
	if len(c.out) > 0 {
		c.sent = time.Now().UnixNano()
		if len(c.out) > atOnce {
			c.writeRest()
		} else if _, err := c.Conn.Write(c.out); err != nil {
			return 0, err
		}
		c.out = nil
	}
	n, err = c.Conn.Read(p)
	c.done, c.stamped = time.Now().UnixNano(), false
	return n, err
}

// writeRest writes what is left of the request beside what is read: a server may
// answer before it has read the request, and stop reading.
func (c *conn) writeRest() {
	rest := c.out
	c.out = nil
	c.writing = make(chan error, 1)
	writing := c.writing
	go func() {
		_, err := c.Conn.Write(rest)
		writing <- err
	}()
}
