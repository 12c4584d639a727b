package wire

import (
	"context"
	"net"
	"sync"
	"time"
)

// Arrival is when received bytes arrived.
type Arrival struct {
	UnixNano int64 // when the last byte arrived, in nanoseconds since 1970
	Stamped  bool  // by the kernel's clock; otherwise by the program's, after the read
}

// arrivedNow returns the arrival of bytes that the program has just read.
func arrivedNow() Arrival { return Arrival{UnixNano: time.Now().UnixNano()} }

// Stream is a TCP connection that reports when received bytes arrived. It is for
// protocols in which the server sends when it likes.
//
// The bytes of one read share one time, that of the last segment. For the earlier
// bytes it is late by as much as the program was late to read them.
//
// A Stream needs no guard as an exchange does (see conn.limit). It never waits before
// it has checked for bytes, so the poller cannot report them too early. Thousands of
// silent streams cost nothing.
//
// One goroutine may read while others write. Any goroutine may call Close or Interrupt.
type Stream struct {
	tcp    *net.TCPConn
	socket *streamSocket // nil if there are no kernel stamps
}

// streamBuffer holds two of the largest segments (64 KiB, as Linux puts them
// together), so that one read takes a message of 64 KiB.
const streamBuffer = 128 << 10

var streamBuffers = sync.Pool{New: func() any { return new([streamBuffer]byte) }}

// Dial connects to an address of the form host:port. The transport counts the
// connection as dialed and keeps the kernel stamping, but does not close it.
func (t *Transport) Dial(ctx context.Context, address string) (*Stream, error) {
	if err := t.start(); err != nil {
		return nil, err
	}
	t.dialed.Add(1)
	tcp, err := dialTCP(ctx, address)
	if err != nil {
		return nil, err
	}
	return &Stream{tcp: tcp, socket: newStreamSocket(tcp)}, nil
}

// Read reads the bytes that have arrived, or waits for some. At the end of the stream
// the error is io.EOF.
func (s *Stream) Read(p []byte) (n int, at Arrival, err error) {
	if len(p) == 0 {
		return 0, arrivedNow(), nil
	}
	if s.socket != nil {
		return s.socket.readOnce(p)
	}
	n, err = s.tcp.Read(p)
	return n, arrivedNow(), err
}

// Receive calls take with all received bytes, until take returns false or the stream
// ends. It returns nil in the first case, and io.EOF or why the stream failed in the
// second. Take may use the bytes until it returns: their buffer is shared by all
// streams, so that silent ones hold none. Take may write to the stream, but neither
// read from it nor close it.
func (s *Stream) Receive(take func(p []byte, at Arrival) (more bool)) error {
	if s.socket != nil {
		return s.socket.receive(take)
	}
	return s.receivePlain(take)
}

// receivePlain receives by the program's clock. It holds its own buffer, because
// it cannot know when a read will return. The buffer is small at first.
func (s *Stream) receivePlain(take func(p []byte, at Arrival) bool) error {
	buffer := make([]byte, 4<<10)
	for {
		n, err := s.tcp.Read(buffer)
		if n > 0 && !take(buffer[:n], arrivedNow()) {
			return nil
		}
		if err != nil {
			return err
		}
		if n == len(buffer) && n < streamBuffer {
			buffer = make([]byte, min(4*n, streamBuffer))
		}
	}
}

// Write writes all of p, and waits until the kernel has taken it.
func (s *Stream) Write(p []byte) (int, error) { return s.tcp.Write(p) }

// TryWrite writes as much of p as the kernel takes without a wait, and returns how
// many bytes that was. Without kernel stamps it writes nothing.
func (s *Stream) TryWrite(p []byte) (int, error) {
	if len(p) == 0 || s.socket == nil {
		return 0, nil
	}
	return s.socket.tryWrite(p)
}

// SetDeadline makes reads and writes fail at the time, also those under way. The zero
// time sets no deadline.
func (s *Stream) SetDeadline(t time.Time) error { return s.tcp.SetDeadline(t) }

// Interrupt makes reads and writes fail, those under way and later ones. Unlike Close
// it never waits, not even for take.
func (s *Stream) Interrupt() { _ = s.tcp.SetDeadline(time.Unix(1, 0)) }

// Close ends the connection; reads and writes under way fail. It waits until take has
// returned.
func (s *Stream) Close() error { return s.tcp.Close() }
