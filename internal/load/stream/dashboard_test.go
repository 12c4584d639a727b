package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// dashboardServer serves a dashboard. A test may change its deliveries.
type dashboardServer struct {
	// deliver, if set, replaces the delivery of update n, counted from 0, to a viewer.
	deliver func(v *eventConn, n int, data []byte)
	// post, if set, may answer a post; it returns false to leave that to the server.
	post func(w http.ResponseWriter, n int) bool

	mu      sync.Mutex
	viewers []*eventConn
	joined  int
	n       int
}

// eventConn is the server's side of one event stream.
type eventConn struct {
	index int
	w     http.ResponseWriter
	ended chan struct{}
}

func (v *eventConn) write(pieces ...string) {
	for _, p := range pieces {
		_, _ = io.WriteString(v.w, p) // the viewer may be gone
		v.w.(http.Flusher).Flush()
	}
}

func (v *eventConn) end() { close(v.ended) }

func (b *dashboardServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		b.mu.Lock()
		v := &eventConn{index: b.joined, w: w, ended: make(chan struct{})}
		b.joined++
		v.write(": welcome\n\n")
		b.viewers = append(b.viewers, v)
		b.mu.Unlock()
		select {
		case <-v.ended:
		case <-r.Context().Done():
			b.mu.Lock()
			for i := range b.viewers {
				if b.viewers[i] == v {
					b.viewers = append(b.viewers[:i], b.viewers[i+1:]...)
					break
				}
			}
			b.mu.Unlock()
		}
		return
	}
	var update map[string]any
	if err := json.NewDecoder(r.Body).Decode(&update); err != nil {
		w.WriteHeader(400)
		return
	}
	// The keys stay in order, as in a server's serializer.
	data := fmt.Appendf(nil, `{"seq":%.0f,"pad":"%s"}`, update["seq"], update["pad"])
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.n
	b.n++
	if b.post != nil && b.post(w, n) {
		return
	}
	for _, v := range b.viewers {
		if b.deliver != nil {
			b.deliver(v, n, data)
		} else {
			v.write("data: " + string(data) + "\n\n")
		}
	}
	fmt.Fprintf(w, `{"viewers":%d}`, len(b.viewers))
}

func dashboardWorkload(viewers int) bench.Workload {
	w := roomWorkload(viewers)
	w.Driver, w.Path, w.Expect.Status = bench.DriverDashboard, "/dashboard", 200
	return w
}

func TestEveryViewerGetsEveryUpdateOnce(t *testing.T) {
	var b dashboardServer
	d := &Dashboard{}
	defer d.Close()
	address := serve(t, b.ServeHTTP)
	for range 2 {
		hits, stats := driven(t, d, loadOf(address, dashboardWorkload(50), constantly(100, 200*time.Millisecond)))
		want(t, hits, map[string]int{"": 20 * 50})
		if stats.Checked != 1000 {
			t.Errorf("%d bodies were checked, want 1000", stats.Checked)
		}
		if stats.FirstWrong != "" {
			t.Errorf("a body is wrong: %s", stats.FirstWrong)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.joined != 50 {
		t.Errorf("%d viewers joined in two drives, want 50", b.joined)
	}
}

func TestEventsInPiecesAndTogether(t *testing.T) {
	var held string
	b := dashboardServer{deliver: func(v *eventConn, n int, data []byte) {
		third := len(data) / 3
		switch n % 3 {
		case 0:
			v.write("da", "ta: "+string(data[:third]), string(data[third:]), "\n", "\n")
		case 1:
			if v.index == 0 {
				held = fmt.Sprintf(": note\r\nid: 7\rdata:%s\r\n\r\n", data)
			}
		case 2:
			v.write(held + "event: update\ndata: " + string(data) + "\n\n")
		}
	}}
	d := &Dashboard{}
	defer d.Close()
	hits, _ := driven(t, d, loadOf(serve(t, b.ServeHTTP), dashboardWorkload(4), constantly(60, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 12 * 4})
}

func TestMissedUpdatesAreCounted(t *testing.T) {
	b := dashboardServer{deliver: func(v *eventConn, n int, data []byte) {
		switch {
		case v.index == 1 && n == 3: // lost
		case v.index == 2 && n == 7:
			v.end()
		case v.index == 2 && n > 7:
		case v.index == 3 && n == 4:
			v.write("data: " + string(data) + "\n\ndata: " + string(data) + "\n\n")
		default:
			v.write("data: " + string(data) + "\n\n")
		}
	}}
	d := &Dashboard{}
	defer d.Close()
	w := dashboardWorkload(5)
	w.Timeout.Duration = time.Second
	hits, _ := driven(t, d, loadOf(serve(t, b.ServeHTTP), w, constantly(50, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 50 - 1 - 3 - 1, bench.ErrLost: 1, bench.ErrClosed: 3, bench.ErrOrder: 1})
}

func TestFailedPostsFailForAll(t *testing.T) {
	b := dashboardServer{post: func(w http.ResponseWriter, n int) bool {
		switch n {
		case 3:
			w.WriteHeader(503)
		case 5:
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		default:
			return false
		}
		return true
	}}
	d := &Dashboard{}
	defer d.Close()
	hits, _ := driven(t, d, loadOf(serve(t, b.ServeHTTP), dashboardWorkload(6), constantly(50, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 48, bench.ErrStatus: 6, bench.ErrReset: 6})
	for _, h := range hits {
		if h.Err == bench.ErrStatus && h.Code != 503 {
			t.Errorf("hit %+v", h)
		}
	}
}

func TestPostsThatHang(t *testing.T) {
	release := make(chan struct{})
	var b dashboardServer
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			<-release
			return
		}
		b.ServeHTTP(w, r)
	})
	defer close(release)
	d := &Dashboard{}
	defer d.Close()
	w := dashboardWorkload(3)
	w.Timeout.Duration = 200 * time.Millisecond
	hits, stats := driven(t, d, loadOf(address, w, constantly(50, 200*time.Millisecond)))
	want(t, hits, map[string]int{bench.ErrTimeout: 30})
	if stats.MaxFlight < 2 {
		t.Errorf("%d posts in flight at most", stats.MaxFlight)
	}
}

func TestViewersThatCannotJoin(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + closed.Addr().String()
	closed.Close()
	for _, c := range []struct{ name, address, want string }{
		{"refused", refused, bench.ErrDial},
		{"404", serve(t, http.NotFound), bench.ErrStatus},
		{"no stream", serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				fmt.Fprint(w, "{}")
			}
		}), bench.ErrProtocol},
		{"no welcome", serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.Header().Set("Content-Type", "text/event-stream")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			}
		}), bench.ErrTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Dashboard{}
			defer d.Close()
			w := dashboardWorkload(3)
			w.Timeout.Duration = 200 * time.Millisecond
			hits, _ := driven(t, d, loadOf(c.address, w, constantly(50, 100*time.Millisecond)))
			want(t, hits, map[string]int{c.want: 15})
		})
	}
}

func TestCancelEndsADashboard(t *testing.T) {
	b := dashboardServer{deliver: func(_ *eventConn, _ int, _ []byte) {}}
	d := &Dashboard{}
	defer d.Close()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(200*time.Millisecond, cancel)
	w := dashboardWorkload(4)
	w.Timeout.Duration = time.Minute
	began := time.Now()
	hits, _ := drivenUntil(ctx, t, d, loadOf(serve(t, b.ServeHTTP), w, constantly(50, time.Minute)))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to cancel", took)
	}
	if got := kinds(hits); len(got) != 1 || got[bench.ErrStopped] == 0 {
		t.Errorf("hits %v", got)
	}
}
