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

// streamSocket reads a TCP connection with recvmsg(2) and takes the kernel's
// receive stamps. The system calls don't announce themselves to Go's scheduler,
// since they never block.
type streamSocket struct {
	raw     syscall.RawConn
	iov     unix.Iovec
	msg     unix.Msghdr
	control [64]byte

	// Of the reading under way.
	take    func(p []byte, at int64, stamped bool) bool
	into    []byte // where to read once to
	n       int
	at      int64
	stamped bool
	err     error
	looks   func(fd uintptr) bool // look
	reads   func(fd uintptr) bool // readInto
}

// newStreamSocket returns nil where the kernel does not stamp.
func newStreamSocket(tcp *net.TCPConn) *streamSocket {
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
	s := &streamSocket{raw: raw}
	s.looks, s.reads = s.look, s.readInto
	s.msg.Iov = &s.iov
	s.msg.SetIovlen(1)
	return s
}

// receive is one long wait of the poller's: between two readings it forgets nothing
// that it was told.
func (s *streamSocket) receive(take func(p []byte, at int64, stamped bool) bool) error {
	s.take, s.err = take, nil
	defer func() { s.take = nil }()
	if err := s.raw.Read(s.looks); err != nil {
		return err
	}
	return s.err
}

// look reads until there is nothing left. The poller calls it at first and then
// each time when something may have come, until it returns true.
func (s *streamSocket) look(fd uintptr) (done bool) {
	buffer := streamBuffers.Get().(*[streamBuffer]byte)
	defer streamBuffers.Put(buffer)
	for {
		n, errno := s.recvmsg(fd, buffer[:])
		switch {
		case errno == unix.EAGAIN:
			return false
		case errno != 0:
			s.err = os.NewSyscallError("recvmsg", errno)
			return true
		case n == 0:
			s.err = io.EOF
			return true
		}
		at, stamped := s.stamp(n == len(buffer))
		if !s.take(buffer[:n], at, stamped) {
			return true
		}
	}
}

func (s *streamSocket) readOnce(p []byte) (n int, at int64, stamped bool, err error) {
	s.into, s.err = p, nil
	err = s.raw.Read(s.reads)
	s.into = nil
	if err != nil {
		return 0, time.Now().UnixNano(), false, err
	}
	return s.n, s.at, s.stamped, s.err
}

// readInto reads once.
func (s *streamSocket) readInto(fd uintptr) (done bool) {
	n, errno := s.recvmsg(fd, s.into)
	s.n = 0
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno != 0:
		s.err = os.NewSyscallError("recvmsg", errno)
		s.at, s.stamped = time.Now().UnixNano(), false
		return true
	case n == 0:
		s.err = io.EOF
		s.at, s.stamped = time.Now().UnixNano(), false
		return true
	}
	s.n = n
	s.at, s.stamped = s.stamp(n == len(s.into))
	return true
}

func (s *streamSocket) recvmsg(fd uintptr, p []byte) (int, syscall.Errno) {
	s.iov.Base = &p[0]
	s.iov.SetLen(len(p))
	s.msg.Control = &s.control[0]
	s.msg.SetControllen(len(s.control))
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&s.msg)), unix.MSG_DONTWAIT)
		if errno == unix.EINTR {
			continue
		}
		s.iov.Base = nil
		return int(n), errno
	}
}

// stamp is the time of arrival of what was read. The kernel gives the stamp of the
// last segment that was read to its end. A read that filled its buffer may have
// ended within a later one: its time is the program's, which is not too early.
func (s *streamSocket) stamp(full bool) (at int64, stamped bool) {
	if !full {
		if at := ReceiveStamp(s.control[:s.msg.Controllen]); at != 0 {
			return at, true
		}
	}
	return time.Now().UnixNano(), false
}

func (s *streamSocket) tryWrite(p []byte) (written int, err error) {
	refused := s.raw.Control(func(fd uintptr) {
		for {
			n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
			switch errno {
			case unix.EINTR:
				continue
			case unix.EAGAIN:
			case 0:
				written = int(n)
			default:
				err = os.NewSyscallError("sendto", errno)
			}
			return
		}
	})
	if refused != nil {
		return 0, refused
	}
	return written, err
}
