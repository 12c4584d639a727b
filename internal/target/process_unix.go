//go:build unix

package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
)

// mostAttempts is how often a launch is tried if another program takes the chosen port.
const mostAttempts = 3

// Process launches targets as plain processes, each in its own process group.
type Process struct {
	Root  string // the project's folder
	Cache string // where packages are kept; DefaultCache if empty

	apps sync.Map // prepared folder by name of the target
}

// Prepare installs the packages of the target, once for each state of its lock files.
func (p *Process) Prepare(ctx context.Context, t bench.Target) error {
	dir := p.Cache
	if dir == "" {
		var err error
		if dir, err = DefaultCache(); err != nil {
			return err
		}
	}
	app, err := cache{dir}.prepare(ctx, p.Root, t)
	if err != nil {
		return err
	}
	p.apps.Store(t.Name, app)
	return nil
}

// Host returns loopback: the servers run on this machine.
func (p *Process) Host() (reach, bind string) { return "127.0.0.1", "127.0.0.1" }

// Close does nothing: Stop removes the servers, and packages stay cached.
func (p *Process) Close(context.Context) error { return nil }

// Size returns 0: a process has no image.
func (p *Process) Size(context.Context, bench.Target) (int64, error) { return 0, nil }

// Launch starts the target on a free port and returns once it is ready. If another program takes
// that port first, Launch tries again with another port.
func (p *Process) Launch(ctx context.Context, t bench.Target, l bench.Launch) (bench.Server, error) {
	app, ok := p.apps.Load(t.Name)
	if !ok {
		return nil, fmt.Errorf("launch %s: %w", t.Name, errNotPrepared)
	}
	for attempt := 1; ; attempt++ {
		c, err := launch(ctx, t, l, app.(string))
		var failed *Error
		switch {
		case err == nil:
			return c, nil
		case attempt < mostAttempts && errors.As(err, &failed) && portTaken(failed.Log):
			continue
		}
		return nil, fmt.Errorf("launch %s: %w", t.Name, err)
	}
}

func portTaken(log string) bool {
	return strings.Contains(log, "EADDRINUSE") || strings.Contains(strings.ToLower(log), "address already in use")
}

// launch starts the target once, in the prepared folder.
func launch(ctx context.Context, t bench.Target, l bench.Launch, app string) (*child, error) {
	cpus, err := cpuset.Parse(l.CPUs)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	path := searchPath(app, t.Path)
	program, err := lookIn(path, t.Command[0])
	if err != nil {
		return nil, &Error{Err: err, Hint: "check that the runtime is installed"}
	}
	c := &child{
		url:    "http://" + address,
		exited: make(chan struct{}),
		cmd:    exec.Command(program, t.Command[1:]...),
	}
	c.cmd.Dir = app
	c.cmd.Env = environ(path, t.Env, l.Env, map[string]string{"HOST": "127.0.0.1", "PORT": strconv.Itoa(port)})
	c.cmd.Stdout, c.cmd.Stderr = c, c
	c.cmd.WaitDelay = time.Second // for pipes that a grandchild keeps open
	ownGroup(c.cmd)
	if err := cpuset.StartOn(cpus, c.cmd.Start); err != nil {
		return nil, err
	}
	raiseLimit(c.cmd.Process.Pid)
	go func() {
		c.exit = c.cmd.Wait()
		close(c.exited)
	}()
	c.placement = placed(c.cmd.Process.Pid, address, cpus)
	if err := newReadiness(t, c.url, c.Alive).await(ctx); err != nil {
		c.kill()
		return nil, &Error{Err: err, Log: c.Log()}
	}
	return c, nil
}

// placed reads back from the kernel which CPUs the server was given.
func placed(pid int, address string, want cpuset.Set) bench.Placement {
	got := cpuset.Of(pid).String()
	return bench.Placement{
		Address:  address,
		Peer:     address,
		CPUs:     got,
		Warnings: append(memoryCaveat(pid), cpuCaveat(want.String(), got)...),
	}
}

// freePort returns a TCP port that is free now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// searchPath returns PATH with the app's folders before it.
func searchPath(app string, folders []string) string {
	var list []string
	for _, folder := range folders {
		list = append(list, filepath.Join(app, folder))
	}
	return strings.Join(append(list, os.Getenv("PATH")), string(os.PathListSeparator))
}

// lookIn finds a program on the given search path, as a shell does.
func lookIn(path, name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if program, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return filepath.Abs(program)
		}
	}
	return "", fmt.Errorf("%s is not on PATH", name)
}

// environ returns the whole environment of a server. It holds little of the user's own
// environment, so that a run does not depend on it, and then the layers in their order.
func environ(path string, layers ...map[string]string) []string {
	list := []string{"PATH=" + path}
	for _, name := range []string{"HOME", "LANG", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			list = append(list, name+"="+value)
		}
	}
	for _, layer := range layers {
		for name, value := range layer {
			list = append(list, name+"="+value)
		}
	}
	return list
}
