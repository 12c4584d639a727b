package wire

import "time"

// reader reads from a connection. Its first read of an exchange writes the request.
type reader struct{ *conn }

// Read implements io.Reader.
func (r reader) Read(p []byte) (n int, err error) {
	if r.room <= 0 {
		r.failed = ErrHeadTooLarge
		return 0, r.failed
	}
	if int64(len(p)) > r.room {
		p = p[:r.room]
	}
	if r.socket != nil {
		n, err = r.socket.read(p)
	} else {
		n, err = r.readPlain(p)
	}
	if n > 0 {
		r.fills++
		r.room -= int64(n)
	}
	r.failed = err
	return n, err
}

// atOnce is how many bytes of a request any socket takes while nobody reads at the
// other end.
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

// writeRest writes the rest of the request in a goroutine, while the caller reads: a
// server may answer before it has read the request, and stop reading.
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
