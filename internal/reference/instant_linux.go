package reference

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/wire"
)

// instant is the server behind ServeNull and ServeTruth. It is one thread with one
// epoll loop, and answers without allocation, lock or goroutine. Its system calls do not
// yield to Go's scheduler, because nothing else runs in its process.
type instant struct {
	poll     int // of epoll
	listener int
	record   recording
	clients  map[int]*client
	input    [16 << 10]byte
	control  [64]byte
	iov      unix.Iovec
	msg      unix.Msghdr

	held      []uint32 // by request, from its arrival to its answer, in nanoseconds
	unstamped int
}

// client is one connection.
type client struct {
	seen    int  // bytes of the blank line after a head that were at the end of the last read
	started bool // a part of the next request has arrived
}

const blankLine = "\r\n\r\n"

var (
	instantAnswer = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}")
	truthRequest  = []byte("GET /truth ")
)

// serveInstant serves until the context ends.
func serveInstant(ctx context.Context, listener net.Listener, r recording) error {
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // a copy of the listener, which the caller closes
	s, err := newInstant(int(file.Fd()), r)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	defer func() { _ = unix.Close(s.poll) }() // nothing is written to it
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]unix.EpollEvent, 256)
	for ctx.Err() == nil {
		n, err := unix.EpollWait(s.poll, events, 100)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("serve: %w", err)
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == s.listener {
				s.accept()
			} else {
				s.answer(int(e.Fd))
			}
		}
	}
	for fd := range s.clients {
		_ = unix.Close(fd) // the server stops, and the clients with it
	}
	return nil
}

// newInstant returns a server on a listening socket.
func newInstant(listener int, r recording) (*instant, error) {
	s := &instant{listener: listener, record: r, clients: map[int]*client{}}
	if r == recordHeld {
		s.held = make([]uint32, 0, heldRequests)
	}
	s.iov.Base = &s.input[0]
	s.iov.SetLen(len(s.input))
	s.msg.Iov = &s.iov
	s.msg.SetIovlen(1)
	if err := unix.SetNonblock(listener, true); err != nil {
		return nil, err
	}
	var err error
	if s.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	if err := s.watch(listener); err != nil {
		_ = unix.Close(s.poll) // the first error is reported
		return nil, err
	}
	return s, nil
}

// watch adds a socket to the epoll loop.
func (s *instant) watch(fd int) error {
	return unix.EpollCtl(s.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// accept accepts all waiting connections.
func (s *instant) accept() {
	for {
		fd, _, err := unix.Accept4(s.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // an answer is one write anyway
		if s.record == recordHeld {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) // requests without a stamp are counted
		}
		if s.watch(fd) != nil {
			_ = unix.Close(fd) // nothing was sent
			continue
		}
		s.clients[fd] = &client{}
	}
}

// answer reads once from a connection, and answers each request whose head is whole.
// Requests have no body.
func (s *instant) answer(fd int) {
	n, arrived := s.read(fd)
	c := s.clients[fd]
	if n <= 0 {
		if n == 0 {
			_ = unix.Close(fd) // the client closed it first
			delete(s.clients, fd)
		}
		return
	}
	input := s.input[:n]
	asksTruth := s.record == recordHeld && !c.started && bytes.HasPrefix(input, truthRequest)
	for _, b := range input {
		switch b {
		case blankLine[c.seen]:
			c.seen++
		case blankLine[0]:
			c.seen = 1
		default:
			c.seen = 0
		}
		c.started = true
		if c.seen < len(blankLine) {
			continue
		}
		c.seen, c.started = 0, false
		if asksTruth {
			s.answerTruth(fd)
			continue
		}
		if s.record == recordHeld {
			s.hold(arrived)
		}
		// If the client is gone, the next read finds out.
		answer := uintptr(unsafe.Pointer(&instantAnswer[0]))
		_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), answer, uintptr(len(instantAnswer)))
	}
}

// read reads once. N is 0 at the end of the connection, and -1 if there is nothing to
// read. Arrived is the kernel's time of the last byte, or 0 if it gave none.
func (s *instant) read(fd int) (n int, arrived int64) {
	if s.record == recordHeld {
		s.msg.Control = &s.control[0]
		s.msg.SetControllen(len(s.control))
	}
	got, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.msg)), unix.MSG_DONTWAIT)
	switch errno {
	case 0:
	case unix.EAGAIN, unix.EINTR:
		return -1, 0
	default:
		return 0, 0
	}
	if s.record == recordHeld {
		arrived = wire.ReceiveStamp(s.control[:s.msg.Controllen])
	}
	return int(got), arrived
}

// hold records how long a request was held that arrived at a time.
func (s *instant) hold(arrived int64) {
	switch {
	case arrived == 0:
		s.unstamped++
	case len(s.held) < cap(s.held):
		s.held = append(s.held, uint32(min(max(time.Now().UnixNano()-arrived, 0), 1<<32-1)))
	}
}

// answerTruth answers with the Truth since the last such answer.
func (s *instant) answerTruth(fd int) {
	slices.Sort(s.held)
	t := Truth{Requests: len(s.held), Unstamped: s.unstamped}
	if len(s.held) > 0 {
		at := func(q float64) time.Duration { return time.Duration(inference.Quantile(s.held, q)) }
		t.Quantiles = bench.Quantiles{P50: at(.5), P90: at(.9), P99: at(.99), P999: at(.999), Max: at(1)}
	}
	s.held, s.unstamped = s.held[:0], 0
	body, _ := json.Marshal(t)
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
	_, _ = unix.Write(fd, fmt.Appendf(nil, head, len(body), body)) // a client that is gone needs no answer
}
