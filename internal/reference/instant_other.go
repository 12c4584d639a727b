//go:build !linux

package reference

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// serveInstant serves until the context ends. It cannot record: this program knows no
// receive stamps of this system.
func serveInstant(ctx context.Context, listener net.Listener, r recording) error {
	if r == recordHeld {
		return errors.New("the truth server needs Linux: other systems give no receive stamps")
	}
	handler := func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, `{"ok":true}`) }
	server := &http.Server{Handler: http.HandlerFunc(handler)}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
