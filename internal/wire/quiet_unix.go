//go:build unix

package wire

import (
	"net"

	"golang.org/x/sys/unix"
)

// quiet reports whether there is nothing to read on the connection, not even its end.
// The connection must not have been closed by this program.
func quiet(tcp *net.TCPConn) bool {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	silent := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		silent = err == unix.EAGAIN
	})
	return silent && err == nil
}
