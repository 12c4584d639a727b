package drive

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// ErrorKind returns the kind of a request's error, one of bench's constants. A
// request that was cut off because the drive was canceled is not the server's fault:
// its kind is ErrStopped, whatever the error.
func (d *Drive) ErrorKind(err error) string {
	var op *net.OpError
	var timeout net.Error
	switch {
	case d.Canceled():
		return bench.ErrStopped
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return bench.ErrTimeout
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		return bench.ErrExhausted
	case errors.As(err, &op) && op.Op == "dial":
		return bench.ErrDial
	case errors.Is(err, wire.ErrHeadTooLarge), errors.Is(err, wire.ErrBodyTooLarge):
		return bench.ErrSize
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return bench.ErrReset
	}
	return bench.ErrProtocol
}
