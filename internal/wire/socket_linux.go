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
// It writes the request within the wait for its answer, which saves the read that
// would find nothing. The system calls do not announce themselves to Go's scheduler,
// because they never block.
type socket struct {
	c       *conn
	raw     syscall.RawConn
	attempt func(fd uintptr) bool // tryRead, bound once
	iov     unix.Iovec
	msg     unix.Msghdr
	control [64]byte

	// Of the read under way.
	n     int
	errno syscall.Errno
}

// newSocket returns nil if the kernel does not stamp.
func newSocket(c *conn, tcp *net.TCPConn) *socket {
	raw, err := tcp.SyscallConn()
	if err != nil || !enableStamps(raw) {
		return nil
	}
	s := &socket{c: c, raw: raw}
	s.attempt = s.tryRead
	s.msg.Iov = &s.iov
	s.msg.SetIovlen(1)
	return s
}

// read writes the request, if it is not written yet, and reads once.
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

// tryRead tries to read. The poller calls it at first, and then each time when there
// may be bytes, until it returns true.
func (s *socket) tryRead(fd uintptr) bool {
	var broken syscall.Errno
	if len(s.c.out) > 0 {
		// There can be no answer yet, so there is nothing to read, unless the server spoke
		// first or ended its side. The poller may have reported that before this wait, and
		// would not report it twice. On a new connection this read finds it, on others the
		// guard does.
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

// write writes the request. It leaves to a goroutine what the kernel does not take at
// once. The caller reads even after an error: a server that closed the connection may
// have answered before.
func (s *socket) write(fd uintptr) syscall.Errno {
	out := s.c.out
	s.c.sent = time.Now().UnixNano()
	n, errno := sendNow(fd, out)
	switch {
	case errno == 0 && n == len(out):
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

// sendNow writes as much of p, which is not empty, as the kernel takes without a wait.
func sendNow(fd uintptr, p []byte) (n int, errno syscall.Errno) {
	sent, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd,
		uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(sent), errno
}

// stamp takes the time of arrival from the control message of the last read.
func (s *socket) stamp() {
	s.c.done = ReceiveStamp(s.control[:s.msg.Controllen])
	if s.c.done == 0 {
		s.c.done, s.c.stamped = time.Now().UnixNano(), false
	}
}
