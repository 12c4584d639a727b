//go:build !linux

package wire

import "net"

// socket is not to be had: this system gives no receive stamps that we know of.
type socket struct{}

func newSocket(*conn, *net.TCPConn) *socket { return nil }

func (*socket) read([]byte) (int, error) { panic("no socket") }

type stamps struct{}

func startStamps() (*stamps, bool) { return nil, false }

func (*stamps) close() {}
