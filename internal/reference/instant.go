package reference

import (
	"context"
	"net"

	"github.com/claimbench/claimbench/internal/bench"
)

// Truth is what a truth server knows of the requests since it was last asked:
// how long it held them, each from the moment at which the kernel had received the
// request (SO_TIMESTAMPNS) to the moment before the answer was written. What a
// client measures beyond it is the way there and back, some 10 µs on loopback,
// and its own error. Quantiles are of the nearest rank.
type Truth struct {
	Requests  int `json:"requests"`
	Unstamped int `json:"unstamped"` // requests that the kernel gave no stamp for; in no quantile
	bench.Quantiles
}

// ServeNull answers every request at once, with as little work as a server can
// do: what is measured against it is the instrument's own limit. It serves GET
// requests until the context ends.
func ServeNull(ctx context.Context, listener net.Listener) error {
	return serveInstant(ctx, listener, false)
}

// ServeTruth does the same and keeps how long it held each request, of four
// million at most. GET /truth tells them as a Truth and forgets them. It needs Linux.
func ServeTruth(ctx context.Context, listener net.Listener) error {
	return serveInstant(ctx, listener, true)
}
