//go:build !linux

package wire

import "net"

// streamSocket is not available, for the same reason as socket.
type streamSocket struct{}

func newStreamSocket(*net.TCPConn) *streamSocket { return nil }

func (*streamSocket) readOnce([]byte) (int, Arrival, error) { panic("no socket") }

func (*streamSocket) receive(func([]byte, Arrival) bool) error { panic("no socket") }

func (*streamSocket) tryWrite([]byte) (int, error) { panic("no socket") }
