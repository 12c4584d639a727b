package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"
)

// head is an answer's head as it was parsed from its bytes.
type head struct {
	bytes []byte
	resp  *http.Response
}

// scratch holds buffers for bodies.
var scratch = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// receive reads the answer: its head, after those of status 1xx, and its body. The
// first read sends the request.
func (c *conn) receive(x *exchange, a *Answer) (keep bool, err error) {
	if _, err := c.in.Peek(1); err != nil {
		return false, err
	}
	var resp *http.Response
	if x.request.head.Method != http.MethodHead {
		resp = c.repeatedHead()
	}
	for resp == nil {
		if resp, err = c.parseHead(x.request); err != nil {
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
	keep = !resp.Close && !x.request.close
	if resp.Body == nil { // the length is all that is known of the body; see parseHead
		a.Body, err = c.readBody(max(resp.ContentLength, 0), x)
	} else {
		a.Body, err = copyBody(resp.Body, x)
		resp.Body = http.NoBody
	}
	return keep && c.in.Buffered() == 0, err
}

// repeatedHead returns the last answer's head if the next one has the same bytes, and
// otherwise nil.
func (c *conn) repeatedHead() *http.Response {
	n := len(c.last.bytes)
	if n == 0 || c.in.Buffered() < n {
		return nil
	}
	if b, _ := c.in.Peek(n); !bytes.Equal(b, c.last.bytes) {
		return nil
	}
	_, _ = c.in.Discard(n) // it cannot fail: Peek returned that many bytes
	return c.last.resp
}

// parseHead parses a head. It keeps a head as the last one, with a nil Body, if it
// arrived in one piece and its body has a known length.
func (c *conn) parseHead(r *Request) (*http.Response, error) {
	before, _ := c.in.Peek(c.in.Buffered())
	fills := c.fills
	resp, err := http.ReadResponse(c.in, r.head)
	switch {
	case err != nil && c.failed != nil: // the parser mistakes a line that was cut off for a bad one
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

// readBody reads a body of n bytes. It returns how many it read.
func (c *conn) readBody(n int64, x *exchange) (int64, error) {
	if n > x.maxBody {
		return 0, fmt.Errorf("%w: %d bytes", ErrBodyTooLarge, n)
	}
	buffered := min(n, int64(c.in.Buffered()))
	if x.body != nil && buffered > 0 {
		b, _ := c.in.Peek(int(buffered))
		if _, err := x.body.Write(b); err != nil {
			return 0, err
		}
	}
	_, _ = c.in.Discard(int(buffered)) // it cannot fail: they are in the buffer
	if buffered == n {
		return n, nil
	}
	space := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(space)
	at := buffered
	for at < n {
		got, err := reader{c}.Read(space[:min(n-at, int64(len(space)))])
		at += int64(got)
		if x.body != nil && got > 0 {
			if _, err := x.body.Write(space[:got]); err != nil {
				return at, err
			}
		}
		if err != nil && at < n {
			return at, unexpected(err)
		}
	}
	return n, nil
}

// copyBody reads a body to its end. It returns how many bytes it read.
func copyBody(from io.Reader, x *exchange) (n int64, err error) {
	space := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(space)
	for {
		got, err := from.Read(space[:])
		n += int64(got)
		if n > x.maxBody {
			return n, ErrBodyTooLarge
		}
		if x.body != nil && got > 0 {
			if _, err := x.body.Write(space[:got]); err != nil {
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

// unexpected returns the error for a connection that ended within an answer.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
