package wire

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket reads a TCP connection with recvmsg(2) and takes the kernel's receive stamps.
//
// A request is written within the wait for its answer, which saves the read that
// would find nothing. The system calls don't announce themselves to Go's scheduler,
// since they never block.
type socket struct {
	c       *conn
	raw     syscall.RawConn
	attempt func(fd uintptr) bool
	iov     unix.Iovec
	msg     unix.Msghdr
	control [64]byte

	// Of the read under way.
	n     int
	errno syscall.Errno
}

// newSocket returns nil where the kernel does not stamp.
func newSocket(c *conn, tcp *net.TCPConn) *socket {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	refused := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if refused != nil || err != nil {
		return nil
	}
	s := &socket{c: c, raw: raw}
	s.attempt = s.tryRead
	s.msg.Iov = &s.iov
	s.msg.SetIovlen(1)
	return s
}

func (s *socket) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.iov.Base = &p[0]
	s.iov.SetLen(len(p))
	err := s.raw.Read(s.attempt)
	if err != nil && s.c.unguard(err) {
		err = s.raw.Read(s.attempt)
	}
	s.iov.Base = nil
	switch {
	case err != nil:
		return 0, err
	case s.errno != 0:
		return 0, os.NewSyscallError("recvmsg", s.errno)
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// tryRead is called by the poller until it returns true, each time when there may
// be something to read.
func (s *socket) tryRead(fd uintptr) bool {
	var broken syscall.Errno
	if len(s.c.out) > 0 {
		// There can be no answer yet, so there is nothing to read, unless the server has
		// spoken first, or has ended its side: of that the poller may have told before this
		// wait, and would not tell a second time. On a new connection a look shows it, on
		// others the guard.
		if broken = s.write(fd); broken == 0 && !s.c.fresh {
			return false
		}
	}
	s.msg.Control = &s.control[0]
	s.msg.SetControllen(len(s.control))
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&s.msg)), unix.MSG_DONTWAIT)
		switch errno {
		case 0:
			s.n, s.errno = int(n), 0
			s.stamp()
			return true
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			if broken == 0 {
				return false
			}
			errno = broken
		}
		s.n, s.errno = 0, errno
		return true
	}
}

// write writes the request, and leaves to a goroutine what the kernel does not
// take at once. A server that closed the connection may have answered before.
func (s *socket) write(fd uintptr) syscall.Errno {
	out := s.c.out
	s.c.sent = time.Now().UnixNano()
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	switch {
	case errno == 0 && int(n) == len(out):
		s.c.out = nil
	case errno == 0:
		s.c.out = out[n:]
		s.c.writeRest()
	case errno == unix.EAGAIN || errno == unix.EINTR:
		s.c.writeRest()
	default:
		s.c.out = nil
		return errno
	}
	return 0
}

// stamp takes the time of arrival from the control message of what was read.
func (s *socket) stamp() {
	s.c.done = ReceiveStamp(s.control[:s.msg.Controllen])
	if s.c.done == 0 {
		s.c.done, s.c.stamped = time.Now().UnixNano(), false
	}
}

// stamps is a socket of ours that has the kernel stamp what it receives. The
// kernel turns stamping on some time after the first socket has asked for it, and
// off after the last: this one asks first and stays.
type stamps struct{ conn *net.UDPConn }

// startStamps returns once a datagram to ourselves was stamped, or after a while
// in which none was: then ok is false.
func startStamps() (s *stamps, ok bool) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, false
	}
	s = &stamps{conn}
	raw, err := conn.SyscallConn()
	if err != nil {
		return s, false
	}
	raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
	if err != nil {
		return s, false
	}
	payload, control := make([]byte, 1), make([]byte, 64)
	for range 20 {
		if _, err := conn.WriteTo(payload, conn.LocalAddr()); err != nil {
			return s, false
		}
		time.Sleep(2 * late)
		conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		read := time.Now().UnixNano()
		_, n, _, _, err := conn.ReadMsgUDP(payload, control)
		if at := ReceiveStamp(control[:n]); err == nil && at != 0 && at < read-int64(late) {
			return s, true
		}
	}
	return s, false
}

// late is how much later a datagram is read than sent, to tell the two apart:
// where stamping is not on yet, the kernel stamps a datagram as it is read.
const late = 500 * time.Microsecond

// ReceiveStamp is the kernel's receive time in the control message of a socket
// with SO_TIMESTAMPNS, in nanoseconds since 1970; 0 where there is none.
func ReceiveStamp(control []byte) int64 {
	if len(control) < unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{}))) {
		return 0
	}
	header := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	if header.Level != unix.SOL_SOCKET || header.Type != unix.SO_TIMESTAMPNS {
		return 0
	}
	return (*unix.Timespec)(unsafe.Pointer(&control[unix.CmsgLen(0)])).Nano()
}

func (s *stamps) close() {
	if s != nil {
		s.conn.Close()
	}
}
