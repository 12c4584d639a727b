package target

import (
	"context"
	"errors"

	"github.com/claimbench/claimbench/internal/bench"
)

// Process is not available on Windows, which cannot signal a process and all its children.
type Process struct {
	Root  string
	Cache string
}

var errNoProcess = &Error{
	Err:  errors.New("servers cannot run as plain processes on Windows"),
	Hint: "use --runner docker",
}

// Prepare returns an error: see Process.
func (p *Process) Prepare(context.Context, bench.Target) error { return errNoProcess }

// Launch returns an error: see Process.
func (p *Process) Launch(context.Context, bench.Target, bench.Launch) (bench.Server, error) {
	return nil, errNoProcess
}

// Size returns 0: a process has no image.
func (p *Process) Size(context.Context, bench.Target) (int64, error) { return 0, nil }

// Host returns loopback: the servers would run on this machine.
func (p *Process) Host() (reach, bind string) { return "127.0.0.1", "127.0.0.1" }

// Close does nothing.
func (p *Process) Close(context.Context) error { return nil }

func treeUsage(int) (bench.Usage, error) { return bench.Usage{}, errNoProcess }

func memoryCaveat(int) []string { return []string{residentCaveat} }
