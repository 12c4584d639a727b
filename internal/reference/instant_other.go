//go:build !linux

package reference

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// serveInstant serves until the context ends. Truth needs the kernel's receive
// stamps, which this system does not give.
func serveInstant(ctx context.Context, listener net.Listener, truth bool) error {
	if truth {
		return errors.New("the truth server needs Linux")
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, `{"ok":true}`) })}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
