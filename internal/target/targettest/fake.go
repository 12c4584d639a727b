package targettest

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/target"
)

// Fake is a launcher whose servers are handlers in this process. They answer as server/server.py
// does, as far as a handler can, in the mode of the target's MODE. The zero value is ready to use.
type Fake struct {
	// FailLaunch, if it is not nil, returns the error of the n-th launch, counted from 1.
	FailLaunch func(n int) error

	mu       sync.Mutex
	prepared map[string]bool
	launches int
	running  int
	events   []string
}

func (f *Fake) log(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, fmt.Sprintf(format, args...))
}

// Events returns what was done so far, in order: "prepare T", "launch T", "stop T" and "close".
func (f *Fake) Events() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

// Running returns how many servers run.
func (f *Fake) Running() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running
}

// Prepare notes that the target was prepared.
func (f *Fake) Prepare(_ context.Context, t bench.Target) error {
	f.log("prepare %s", t.Name)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.prepared == nil {
		f.prepared = map[string]bool{}
	}
	f.prepared[t.Name] = true
	return nil
}

// Host returns loopback.
func (f *Fake) Host() (reach, bind string) { return "127.0.0.1", "127.0.0.1" }

// Size returns 0: a handler has no image.
func (f *Fake) Size(context.Context, bench.Target) (int64, error) { return 0, nil }

// Close returns an error if servers still run.
func (f *Fake) Close(context.Context) error {
	f.log("close")
	if n := f.Running(); n > 0 {
		return fmt.Errorf("%d servers still run", n)
	}
	return nil
}

// Launch starts a handler.
func (f *Fake) Launch(ctx context.Context, t bench.Target, l bench.Launch) (bench.Server, error) {
	f.mu.Lock()
	f.launches++
	n := f.launches
	prepared := f.prepared[t.Name]
	f.mu.Unlock()
	mode := t.Env["MODE"]
	switch {
	case !prepared:
		return nil, errors.New("it was not prepared")
	case f.FailLaunch != nil && f.FailLaunch(n) != nil:
		return nil, f.FailLaunch(n)
	case mode == "exits":
		return nil, &target.Error{
			Err: errors.New("the server exited: exit status 1"),
			Log: "the configuration is missing",
		}
	case mode == "unready":
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(t.Ready.Duration):
			return nil, errors.New("the server did not answer /healthz with status 200; its last status was 503")
		}
	}
	f.log("launch %s", t.Name)
	f.mu.Lock()
	f.running++
	f.mu.Unlock()
	return &fakeServer{
		fake:  f,
		name:  t.Name,
		start: time.Now(),
		http:  httptest.NewServer(handler(mode, l.Env)),
	}, nil
}

type fakeServer struct {
	fake    *Fake
	name    string
	http    *httptest.Server
	start   time.Time
	once    sync.Once
	stopped bool
}

func (s *fakeServer) URL() string { return s.http.URL }

func (s *fakeServer) Placement() bench.Placement {
	address := s.http.Listener.Addr().String()
	return bench.Placement{Address: address, Peer: address}
}

func (s *fakeServer) Log() string { return "" }

// Usage grows with time, as if the server used a tenth of a CPU.
func (s *fakeServer) Usage(context.Context) (bench.Usage, error) {
	return bench.Usage{CPU: time.Since(s.start) / 10, Memory: 10 << 20}, nil
}

func (s *fakeServer) Alive(context.Context) error {
	if s.stopped {
		return errors.New("the server exited: exit status 0")
	}
	return nil
}

func (s *fakeServer) Stop(context.Context) error {
	s.once.Do(func() {
		s.http.Close() // waits for requests in progress
		s.stopped = true
		s.fake.log("stop %s", s.name)
		s.fake.mu.Lock()
		s.fake.running--
		s.fake.mu.Unlock()
	})
	return nil
}
