package load

import (
	"fmt"

	"github.com/claimbench/claimbench/internal/bench"
)

// Driver is a bench.Driver whose connections are kept from one drive to the next;
// Close ends them.
type Driver interface {
	bench.Driver
	Close()
}

// New is the driver of that kind (see bench.Drivers), ready to be used.
func New(kind string) (Driver, error) {
	switch kind {
	case bench.DriverHTTP:
		return &HTTP{}, nil
	case bench.DriverRoom:
		return &Room{}, nil
	case bench.DriverDashboard:
		return &Dashboard{}, nil
	case bench.DriverTokens:
		return &Tokens{}, nil
	}
	return nil, fmt.Errorf("unknown driver %q", kind)
}
