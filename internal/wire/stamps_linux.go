package wire

import (
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stamps is a socket of this program that makes the kernel stamp what it receives. The
// kernel turns stamping on some time after the first socket has asked for it, and off
// after the last one has closed. This one asks first and stays.
type stamps struct{ conn *net.UDPConn }

// startStamps returns once the kernel has stamped a datagram that this program sent to
// itself. Ok is false if it stamped none of twenty.
func startStamps() (s *stamps, ok bool) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, false
	}
	s = &stamps{conn}
	raw, err := conn.SyscallConn()
	if err != nil || !enableStamps(raw) {
		return s, false
	}
	payload, control := make([]byte, 1), make([]byte, 64)
	for range 20 {
		if _, err := conn.WriteTo(payload, conn.LocalAddr()); err != nil {
			return s, false
		}
		time.Sleep(2 * readDelay)
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		read := time.Now().UnixNano()
		_, n, _, _, err := conn.ReadMsgUDP(payload, control)
		if at := ReceiveStamp(control[:n]); err == nil && at != 0 && at < read-int64(readDelay) {
			return s, true
		}
	}
	return s, false
}

// readDelay is how much earlier than its read a datagram must have been stamped. While
// stamping is off, the kernel stamps a datagram when it is read.
const readDelay = 500 * time.Microsecond

// enableStamps asks the kernel to stamp what a socket receives, and reports whether
// that succeeded.
func enableStamps(raw syscall.RawConn) bool {
	var err error
	refused := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	return refused == nil && err == nil
}

// ReceiveStamp returns the kernel's receive time in the control message of a socket
// with SO_TIMESTAMPNS, in nanoseconds since 1970. It returns 0 if there is no stamp.
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
		_ = s.conn.Close() // nothing is read after it
	}
}
