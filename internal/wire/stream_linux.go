package wire

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// streamSocket reads a TCP connection with recvmsg(2) and takes the kernel's receive
// stamps. The system calls do not announce themselves to Go's scheduler, because they
// never block.
type streamSocket struct {
	raw     syscall.RawConn
	iov     unix.Iovec
	msg     unix.Msghdr
	control [64]byte

	// Of the read under way.
	take    func(p []byte, at Arrival) bool
	into    []byte // where readOnce reads to
	n       int
	at      Arrival
	err     error
	takeAll func(fd uintptr) bool // tryTakeAll, bound once
	readOne func(fd uintptr) bool // tryRead, bound once
}

// newStreamSocket returns nil if the kernel does not stamp.
func newStreamSocket(tcp *net.TCPConn) *streamSocket {
	raw, err := tcp.SyscallConn()
	if err != nil || !enableStamps(raw) {
		return nil
	}
	s := &streamSocket{raw: raw}
	s.takeAll, s.readOne = s.tryTakeAll, s.tryRead
	s.msg.Iov = &s.iov
	s.msg.SetIovlen(1)
	return s
}

// receive implements Stream.Receive. It is one long wait of the poller, which forgets
// no event between two reads.
func (s *streamSocket) receive(take func(p []byte, at Arrival) bool) error {
	s.take, s.err = take, nil
	defer func() { s.take = nil }()
	if err := s.raw.Read(s.takeAll); err != nil {
		return err
	}
	return s.err
}

// tryTakeAll reads until nothing is left. The poller calls it at first, and then each
// time when there may be bytes, until it returns true.
func (s *streamSocket) tryTakeAll(fd uintptr) (done bool) {
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
		if !s.take(buffer[:n], s.arrival(n, len(buffer))) {
			return true
		}
	}
}

// readOnce implements Stream.Read.
func (s *streamSocket) readOnce(p []byte) (n int, at Arrival, err error) {
	s.into, s.err = p, nil
	err = s.raw.Read(s.readOne)
	s.into = nil
	if err != nil {
		return 0, arrivedNow(), err
	}
	return s.n, s.at, s.err
}

// tryRead reads once. The poller calls it like tryTakeAll.
func (s *streamSocket) tryRead(fd uintptr) (done bool) {
	n, errno := s.recvmsg(fd, s.into)
	s.n = 0
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno != 0:
		s.err, s.at = os.NewSyscallError("recvmsg", errno), arrivedNow()
		return true
	case n == 0:
		s.err, s.at = io.EOF, arrivedNow()
		return true
	}
	s.n, s.at = n, s.arrival(n, len(s.into))
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

// arrival returns when n bytes arrived that were read into a buffer. The kernel's
// stamp is that of the last segment that was read to its end. A read that filled its
// buffer may have stopped within a later segment; then the program's clock is used,
// which is not too early.
func (s *streamSocket) arrival(n, buffer int) Arrival {
	if n < buffer {
		if at := ReceiveStamp(s.control[:s.msg.Controllen]); at != 0 {
			return Arrival{UnixNano: at, Stamped: true}
		}
	}
	return arrivedNow()
}

// tryWrite implements Stream.TryWrite.
func (s *streamSocket) tryWrite(p []byte) (written int, err error) {
	refused := s.raw.Control(func(fd uintptr) {
		for {
			n, errno := sendNow(fd, p)
			switch errno {
			case unix.EINTR:
				continue
			case unix.EAGAIN:
			case 0:
				written = n
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
