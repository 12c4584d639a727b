package runner

import (
	"fmt"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load"
	"github.com/claimbench/claimbench/internal/load/stream"
)

// loadDriver is a bench.Driver that keeps its connections from one drive to the next.
// Close ends them.
type loadDriver interface {
	bench.Driver
	Close()
}

// newDriver returns a driver of the kind, one of bench.Drivers, ready for use.
func newDriver(kind string) (loadDriver, error) {
	switch kind {
	case bench.DriverHTTP:
		return &load.HTTP{}, nil
	case bench.DriverRoom:
		return &stream.Room{}, nil
	case bench.DriverDashboard:
		return &stream.Dashboard{}, nil
	case bench.DriverTokens:
		return &stream.Tokens{}, nil
	}
	return nil, fmt.Errorf("unknown driver %q: use one of %q", kind, bench.Drivers)
}
