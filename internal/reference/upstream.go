package reference

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/timer"
)

// Upstream is the slow service that servers under test call. GET /wait?ms=M answers
// {"waited_ms":M} after M milliseconds, where M is from 0 to 10000. It counts its calls,
// and how late it answered, so that a run can tell the upstream's lateness from a
// server's. NewUpstream makes one; it must be closed.
type Upstream struct {
	server   *http.Server
	listener net.Listener
	alarms   *timer.Queue

	mu    sync.Mutex
	calls uint64
	late  *hdrhistogram.Histogram // microseconds past the time asked for, since ForgetLateness
	held  chan struct{}           // closed when held answers may go; nil if none are held
}

// NewUpstream listens on the address, such as "127.0.0.1:0" for any free port, and
// serves.
func NewUpstream(address string) (*Upstream, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("start the upstream: %w", err)
	}
	return serveUpstream(listener)
}

// serveUpstream serves on the listener, which it closes with an error.
func serveUpstream(listener net.Listener) (*Upstream, error) {
	alarms, err := timer.NewQueue()
	if err != nil {
		_ = listener.Close() // nothing was accepted
		return nil, fmt.Errorf("start the upstream: %w", err)
	}
	u := &Upstream{listener: listener, alarms: alarms, late: newLateness()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /wait", u.wait)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, `{"ok":true}`)
	})
	u.server = &http.Server{Handler: mux, IdleTimeout: 5 * time.Minute, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = u.server.Serve(listener) }() // it returns once the server is closed
	return u, nil
}

// newLateness returns a histogram of microseconds, up to a minute.
func newLateness() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

// Port returns the TCP port that the upstream listens on.
func (u *Upstream) Port() int { return u.listener.Addr().(*net.TCPAddr).Port }

// Close stops the server and ends all connections.
func (u *Upstream) Close() error {
	defer u.alarms.Close()
	return u.server.Close()
}

// Shutdown accepts no more calls, and returns when the accepted ones are answered. Close
// must still be called.
func (u *Upstream) Shutdown(ctx context.Context) error { return u.server.Shutdown(ctx) }

// wait answers GET /wait.
func (u *Upstream) wait(w http.ResponseWriter, r *http.Request) {
	asked := time.Now()
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil || ms < 0 || ms > 10_000 {
		answer(w, http.StatusBadRequest, `{"error":"bad ms"}`)
		return
	}
	u.mu.Lock()
	u.calls++
	held := u.held
	u.mu.Unlock()
	due := asked.Add(time.Duration(ms) * time.Millisecond)
	<-u.alarms.At(due)
	if held != nil {
		select {
		case <-held:
		case <-r.Context().Done():
			return
		}
	}
	late := time.Since(due)
	u.mu.Lock()
	_ = u.late.RecordValue(max(1, min(late.Microseconds(), u.late.HighestTrackableValue()))) // always within range
	u.mu.Unlock()
	answer(w, http.StatusOK, `{"waited_ms":`+strconv.Itoa(ms)+`}`)
}

// answer writes a JSON body.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // a caller that is gone needs no answer
}

// Calls returns how many valid calls have arrived so far.
func (u *Upstream) Calls() uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.calls
}

// Hold keeps back the answers to the calls that arrive from now on, until release is
// called.
func (u *Upstream) Hold() (release func()) {
	held := make(chan struct{})
	u.mu.Lock()
	u.held = held
	u.mu.Unlock()
	return sync.OnceFunc(func() {
		u.mu.Lock()
		u.held = nil
		u.mu.Unlock()
		close(held)
	})
}

// ForgetLateness forgets how late answers were.
func (u *Upstream) ForgetLateness() {
	u.mu.Lock()
	u.late.Reset()
	u.mu.Unlock()
}

// Late returns how late the answers since ForgetLateness were, at the 99th percentile.
// It returns 0 without answers.
func (u *Upstream) Late() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.late.TotalCount() == 0 {
		return 0
	}
	return time.Duration(u.late.ValueAtQuantile(99)) * time.Microsecond
}

// ServeUpstream runs an upstream on the listener until the context ends. It is for use
// outside of a run, by hand or in a container.
func ServeUpstream(ctx context.Context, listener net.Listener) error {
	u, err := serveUpstream(listener)
	if err != nil {
		return err
	}
	defer func() { _ = u.Close() }() // it was drained below
	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := u.Shutdown(drain); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
