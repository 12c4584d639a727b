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
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
)

// Process launches targets as plain processes, each in a process group of its own.
type Process struct {
	Root  string // the project's folder
	Cache string // where packages are kept; DefaultCache where empty

	apps sync.Map // prepared folder by target name
}

// DefaultCache is bench's folder in the user's cache.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", &Error{Err: err, Hint: "set HOME or XDG_CACHE_HOME"}
	}
	return filepath.Join(dir, "claimbench"), nil
}

// Prepare installs the target's packages, once for each state of its lock files.
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

// Host is loopback: servers run beside this process.
func (p *Process) Host() (reach, bind string) { return "127.0.0.1", "127.0.0.1" }

// Close has nothing to remove: servers end with Stop, and packages stay cached.
func (p *Process) Close(context.Context) error { return nil }

// Size is 0: there is no image.
func (p *Process) Size(context.Context, bench.Target) (int64, error) { return 0, nil }

// Launch starts the target on a free port and waits until it is ready. A port
// that another program takes in between is given up for another one.
func (p *Process) Launch(ctx context.Context, t bench.Target, l bench.Launch) (bench.Server, error) {
	app, ok := p.apps.Load(t.Name)
	if !ok {
		return nil, fmt.Errorf("launch %s: it was not prepared", t.Name)
	}
	for attempt := 1; ; attempt++ {
		s, err := p.launch(ctx, t, l, app.(string))
		var failed *Error
		if err == nil {
			return s, nil
		}
		if attempt < 3 && errors.As(err, &failed) && portTaken(failed.Log) {
			continue
		}
		return nil, fmt.Errorf("launch %s: %w", t.Name, err)
	}
}

func portTaken(log string) bool {
	return strings.Contains(log, "EADDRINUSE") || strings.Contains(strings.ToLower(log), "address already in use")
}

func (p *Process) launch(ctx context.Context, t bench.Target, l bench.Launch, app string) (*child, error) {
	cpus, err := cpuset.Parse(l.CPUs)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &child{
		url:   "http://127.0.0.1:" + strconv.Itoa(port),
		ended: make(chan struct{}),
	}
	path := pathWith(app, t.Path)
	program, err := lookIn(path, t.Command[0])
	if err != nil {
		return nil, &Error{Err: err, Hint: "is the runtime installed?"}
	}
	s.cmd = exec.Command(program, t.Command[1:]...)
	s.cmd.Dir = app
	s.cmd.Env = environ(path, t.Env, l.Env, map[string]string{"HOST": "127.0.0.1", "PORT": strconv.Itoa(port)})
	s.cmd.Stdout, s.cmd.Stderr = s, s
	s.cmd.WaitDelay = time.Second // for pipes that a grandchild keeps open
	ownGroup(s.cmd)
	if err := cpuset.StartOn(cpus, s.cmd.Start); err != nil {
		return nil, err
	}
	raiseLimit(s.cmd.Process.Pid)
	go func() {
		s.exit = s.cmd.Wait()
		close(s.ended)
	}()
	s.placement = placed(s.cmd.Process.Pid, port, cpus)
	if err := awaitReady(ctx, s.url, t, s.Alive); err != nil {
		s.kill()
		return nil, &Error{Err: err, Log: s.Log()}
	}
	return s, nil
}

// placed reads back what CPUs the server was given.
func placed(pid, port int, cpus cpuset.Set) bench.Placement {
	got := bench.Placement{Address: "127.0.0.1:" + strconv.Itoa(port), CPUs: cpuset.Of(pid).String(), Warnings: memoryCaveat(pid)}
	got.Peer = got.Address
	switch {
	case len(cpus) == 0:
		got.Warnings = append(got.Warnings, "the server is not pinned to CPUs of its own")
	case got.CPUs != cpus.String():
		got.Warnings = append(got.Warnings, fmt.Sprintf("the server was to run on CPUs %s, but runs on %q", cpus, got.CPUs))
	}
	return got
}

// freePort finds a port that is free now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func pathWith(app string, folders []string) string {
	var list []string
	for _, folder := range folders {
		list = append(list, filepath.Join(app, folder))
	}
	return strings.Join(append(list, os.Getenv("PATH")), string(os.PathListSeparator))
}

// lookIn finds a program on the given path, as a shell would.
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

// environ is the whole environment of a server: little of the user's own, so
// that a run does not depend on it, and then what the catalogue and the trial say.
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

// child is one launch.
type child struct {
	url       string
	cmd       *exec.Cmd
	placement bench.Placement
	ended     chan struct{}
	exit      error // once ended

	mu      sync.Mutex
	log     tail
	stopped error
	once    sync.Once
}

// Write takes what the server writes.
func (s *child) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *child) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.log.b)
}

func (s *child) URL() string                { return s.url }
func (s *child) Placement() bench.Placement { return s.placement }

func (s *child) Usage(context.Context) (bench.Usage, error) {
	return usage(s.cmd.Process.Pid)
}

func (s *child) Alive(context.Context) error {
	select {
	case <-s.ended:
		return fmt.Errorf("the server has ended: %s", exitText(s.exit))
	default:
		return nil
	}
}

func exitText(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// Stop ends the server with SIGTERM, and its whole group with SIGKILL if it does
// not go or leaves children behind.
func (s *child) Stop(ctx context.Context) error {
	s.once.Do(func() { s.stopped = s.stop(ctx) })
	return s.stopped
}

func (s *child) stop(ctx context.Context) error {
	if err := s.Alive(ctx); err != nil {
		s.kill()
		return err
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
		s.kill() // children that were left behind
		if s.exit != nil {
			return fmt.Errorf("after SIGTERM the server ended with %s", exitText(s.exit))
		}
		return nil
	case <-time.After(StopTimeout):
	case <-ctx.Done():
	}
	s.kill()
	return fmt.Errorf("the server did not end within %v of SIGTERM and was killed", StopTimeout)
}

func (s *child) kill() {
	syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.ended
}

// endWithGroup has a command that is cancelled end with all its children.
func endWithGroup(cmd *exec.Cmd) {
	ownGroup(cmd)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
}
