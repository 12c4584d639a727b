package targettest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/target"
)

// Fake is a launcher whose servers are handlers in this process. They answer as
// server/server.py does, in the mode that the target's MODE names, as far as a
// handler can. Events tells what was asked of it, in order.
type Fake struct {
	// FailLaunch, if it is not nil, makes the launch of that number (from 1) fail.
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

// Events are "prepare T", "launch T", "stop T" and "close", in order.
func (f *Fake) Events() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.events...)
}

// Running is how many servers run.
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

// Host is loopback.
func (f *Fake) Host() (reach, bind string) { return "127.0.0.1", "127.0.0.1" }

// Size is 0: there is no image.
func (f *Fake) Size(context.Context, bench.Target) (int64, error) { return 0, nil }

// Close complains of servers that still run.
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
	ready := f.prepared[t.Name]
	f.mu.Unlock()
	mode := t.Env["MODE"]
	switch {
	case !ready:
		return nil, errors.New("it was not prepared")
	case f.FailLaunch != nil && f.FailLaunch(n) != nil:
		return nil, f.FailLaunch(n)
	case mode == "exits":
		return nil, &target.Error{Err: errors.New("the server has ended: exit status 1"), Log: "the configuration is missing"}
	case mode == "unready":
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(t.Ready.Duration):
			return nil, errors.New("did not answer /healthz in time (it answered 503)")
		}
	}
	f.log("launch %s", t.Name)
	f.mu.Lock()
	f.running++
	f.mu.Unlock()
	s := &fakeServer{fake: f, name: t.Name, start: time.Now()}
	s.http = httptest.NewServer(handler(mode, l.Env))
	return s, nil
}

type fakeServer struct {
	fake  *Fake
	name  string
	http  *httptest.Server
	start time.Time
	once  sync.Once
	ended bool
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
	if s.ended {
		return errors.New("the server has ended: exit status 0")
	}
	return nil
}

func (s *fakeServer) Stop(context.Context) error {
	s.once.Do(func() {
		s.http.Close() // waits for requests that are under way
		s.ended = true
		s.fake.log("stop %s", s.name)
		s.fake.mu.Lock()
		s.fake.running--
		s.fake.mu.Unlock()
	})
	return nil
}

func handler(mode string, env map[string]string) http.Handler {
	answer := func(w http.ResponseWriter, status int, body string) {
		w.Header().Set("Content-Type", "application/json")
		if mode != "no-length" {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		w.WriteHeader(status)
		if mode == "no-length" {
			w.(http.Flusher).Flush()
		}
		io.WriteString(w, body)
	}
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"ok":true}`) })
	mux.HandleFunc("/about", func(w http.ResponseWriter, r *http.Request) {
		gil := "null"
		if mode == "gil-turns-on" {
			gil = strconv.FormatBool(asked.Load() > 10)
		}
		answer(w, 200, `{"runtime":"fake","runtime_version":"1","framework":"handler","framework_version":"1","gil":`+gil+`}`)
	})
	mux.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch mode {
		case "has-not":
			answer(w, 501, `{"error":"no interpreters"}`)
		case "says-500":
			answer(w, 500, `{"ok":true,"value":"a"}`)
		case "wrong-body":
			answer(w, 200, `{"ok":true,"value":"b"}`)
		case "hangs":
			<-r.Context().Done()
		default:
			answer(w, 200, `{"ok":true,"value":"a"}`)
		}
	})
	mux.HandleFunc("/upstream", func(w http.ResponseWriter, r *http.Request) {
		ms := r.URL.Query().Get("ms")
		if mode != "no-calls" {
			resp, err := http.Get(env["UPSTREAM_URL"] + "/wait?ms=" + ms)
			if err != nil {
				answer(w, 502, `{"error":"upstream failed"}`)
				return
			}
			resp.Body.Close()
		}
		answer(w, 200, `{"ok":true,"calls":1,"waited_ms":`+ms+`}`)
	})
	mux.HandleFunc("/environ", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, fmt.Sprintf(`{"extra":%q}`, strings.TrimSpace(env["EXTRA"])))
	})
	return mux
}
