//go:build !linux

package wire

import "net"

// socket is not available: this program knows no receive stamps of this system.
type socket struct{}

func newSocket(*conn, *net.TCPConn) *socket { return nil }

func (*socket) read([]byte) (int, error) { panic("no socket") }

type stamps struct{}

func startStamps() (*stamps, bool) { return nil, false }

func (*stamps) close() {}
