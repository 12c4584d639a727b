package wire

import (
	"context"
	"net"
	"sync"
	"time"
)

// Stream is a TCP connection that tells of what it receives when that had arrived:
// by the kernel's clock where the kernel stamps what it receives, else by the
// program's. It is for protocols in which the server speaks when it likes.
//
// What came in one read shares a stamp, that of the segment that came last: of the
// rest the stamp is late by as much as the program was late to read it.
//
// A Stream needs no guard as an exchange does (see conn.limit): it never waits
// before it has looked, so that the poller tells nothing too early; thousands that
// are silent cost nothing.
//
// One goroutine may read while others write; any may close.
type Stream struct {
	tcp    *net.TCPConn
	socket *streamSocket // nil where the kernel's stamps cannot be had
}

// streamBuffer holds two of the largest segments that there are (64 KiB, as Linux
// puts them together), so that a message of 64 KiB is read at once.
const streamBuffer = 128 << 10

var streamBuffers = sync.Pool{New: func() any { return new([streamBuffer]byte) }}

// Dial makes a connection to an address of host and port. The transport counts it
// among those dialled and keeps the kernel stamping, but does not close it.
func (t *Transport) Dial(ctx context.Context, address string) (*Stream, error) {
	if err := t.start(); err != nil {
		return nil, err
	}
	t.dialled.Add(1)
	dialer := net.Dialer{KeepAlive: -1}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	return &Stream{tcp: tcp, socket: newStreamSocket(tcp)}, nil
}

// Read reads what has come, or waits for it. At is when the last byte of it
// arrived, in nanoseconds since 1970, by the kernel's clock if stamped. The end of
// the stream is io.EOF.
func (s *Stream) Read(p []byte) (n int, at int64, stamped bool, err error) {
	if len(p) == 0 {
		return 0, time.Now().UnixNano(), false, nil
	}
	if s.socket != nil {
		return s.socket.readOnce(p)
	}
	n, err = s.tcp.Read(p)
	return n, time.Now().UnixNano(), false, err
}

// Receive calls take with whatever comes, until take returns false, which is no
// error, or the stream ends, which is io.EOF, or fails. What take is given is as
// Read tells it. The bytes are in a buffer that streams share, so that those
// that are silent hold none; they are take's until it returns. Take may write to
// the stream but neither read from it nor close it.
func (s *Stream) Receive(take func(p []byte, at int64, stamped bool) (more bool)) error {
	if s.socket != nil {
		return s.socket.receive(take)
	}
	return s.receivePlain(take)
}

// receivePlain receives by the program's clock. It holds a buffer of its own, small
// at first: there is no telling when a read will bring something.
func (s *Stream) receivePlain(take func(p []byte, at int64, stamped bool) bool) error {
	buffer := make([]byte, 4<<10)
	for {
		n, err := s.tcp.Read(buffer)
		if n > 0 && !take(buffer[:n], time.Now().UnixNano(), false) {
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

// TryWrite writes as much of p as the kernel takes without a wait, which may be
// nothing. Where the system gives no means to tell, it always is.
func (s *Stream) TryWrite(p []byte) (int, error) {
	if len(p) == 0 || s.socket == nil {
		return 0, nil
	}
	return s.socket.tryWrite(p)
}

// SetDeadline makes reads and writes fail at the time, those under way included;
// the zero time is never.
func (s *Stream) SetDeadline(t time.Time) error { return s.tcp.SetDeadline(t) }

// Interrupt makes reads and writes fail, those under way and those to come. Unlike
// Close it never waits, not even for what take does.
func (s *Stream) Interrupt() { s.tcp.SetDeadline(time.Unix(1, 0)) }

// Close ends the connection; reads and writes under way fail. It waits until take
// has returned.
func (s *Stream) Close() error { return s.tcp.Close() }
