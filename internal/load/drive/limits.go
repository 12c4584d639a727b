package drive

import (
	"errors"
	"fmt"

	"github.com/claimbench/claimbench/internal/process"
)

// Errors of a drive that cannot be made.
var (
	// ErrDescriptors means that this process may not open as many connections as the
	// workload or the schedule needs.
	ErrDescriptors = errors.New("too few file descriptors")
	// ErrClosedLoop means that a driver that needs a rate got a schedule without one.
	ErrClosedLoop = errors.New("the schedule is a closed loop")
)

// MaxDialAhead is the most connections that an open loop dials ahead of its first
// request, unless the schedule names a number.
const MaxDialAhead = 256

// maxInFlight is the most requests that an open loop keeps in flight by default.
const maxInFlight = 10_000

// MaxInFlight returns the most requests that an open loop keeps in flight: n, or a
// default for 0. The default is 10,000, or less if the limit on file descriptors is lower.
func MaxInFlight(n int) int64 {
	if n != 0 {
		return int64(n)
	}
	return min(process.MaxConnections(), maxInFlight)
}

// CheckDescriptors returns an error that wraps ErrDescriptors if this process may
// not open n connections.
func CheckDescriptors(n int) error {
	if most := process.MaxConnections(); int64(n) > most {
		return fmt.Errorf("%w: %d connections are needed, but the limit on open files allows %d: raise it (ulimit -n)",
			ErrDescriptors, n, most)
	}
	return nil
}
