package target

import (
	"context"
	"errors"
	"os/exec"

	"github.com/claimbench/claimbench/internal/bench"
)

// Process is not available on Windows, which has no process groups that end together.
type Process struct {
	Root  string
	Cache string
}

var errNoProcess = &Error{Err: errors.New("servers cannot run as plain processes on Windows"), Hint: "use --runner docker"}

func (p *Process) Prepare(context.Context, bench.Target) error { return errNoProcess }

func (p *Process) Launch(context.Context, bench.Target, bench.Launch) (bench.Server, error) {
	return nil, errNoProcess
}

// Size is 0: there is no image.
func (p *Process) Size(context.Context, bench.Target) (int64, error) { return 0, nil }

// Host is loopback: servers run beside this process.
func (p *Process) Host() (reach, bind string) { return "127.0.0.1", "127.0.0.1" }

// Close has nothing to remove.
func (p *Process) Close(context.Context) error { return nil }

func endWithGroup(*exec.Cmd) {}

func treeUsage(int) (bench.Usage, error) { return bench.Usage{}, errNoProcess }

func memoryCaveat(int) []string {
	return []string{"memory is the sum of resident sets: it counts pages that processes share more than once"}
}
