package reference

import (
	"context"
	"net"

	"github.com/claimbench/claimbench/internal/bench"
)

// Truth holds what a truth server recorded since it was last asked: how long it held each
// request. It held a request from the kernel's receive stamp (SO_TIMESTAMPNS) until just
// before it wrote the answer. A client measures more by the way there and back, about
// 10 µs on loopback, and by its own error. The quantiles are nearest ranks.
type Truth struct {
	Requests  int `json:"requests"`
	Unstamped int `json:"unstamped"` // requests without a stamp; they are in no quantile
	bench.Quantiles
}

// heldRequests is the most requests of which a truth server records the time.
const heldRequests = 1 << 22

// recording says whether an instant server records how long it held requests.
type recording bool

const (
	recordNothing recording = false
	recordHeld    recording = true
)

// ServeNull answers every GET request at once, with as little work as a server can do.
// A load generator that drives it reaches its own limit. It serves until the context
// ends.
func ServeNull(ctx context.Context, listener net.Listener) error {
	return serveInstant(ctx, listener, recordNothing)
}

// ServeTruth does the same, and records how long it held each request, for at most four
// million. GET /truth answers with a Truth as JSON, and forgets it. It needs Linux.
func ServeTruth(ctx context.Context, listener net.Listener) error {
	return serveInstant(ctx, listener, recordHeld)
}
