//go:build !linux

package wire

import "net"

// streamSocket is not to be had, as socket is not.
type streamSocket struct{}

func newStreamSocket(*net.TCPConn) *streamSocket { return nil }

func (*streamSocket) readOnce([]byte) (int, int64, bool, error) { panic("no socket") }

func (*streamSocket) receive(func([]byte, int64, bool) bool) error { panic("no socket") }

func (*streamSocket) tryWrite([]byte) (int, error) { panic("no socket") }
