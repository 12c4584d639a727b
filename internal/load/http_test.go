package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func workload(status int) bench.Workload {
	return bench.Workload{Driver: "http", Method: "GET", Path: "/", Timeout: bench.Duration{Duration: 500 * time.Millisecond},
		Expect: bench.Expect{Status: status}}
}

func schedule(s bench.Schedule, d time.Duration) bench.Schedule {
	s.Duration.Duration = d
	return s
}

// drive runs one drive against the address and returns its hits by sequence number.
func drive(t *testing.T, ctx context.Context, address string, w bench.Workload, s bench.Schedule) ([]bench.Hit, bench.DriveStats) {
	t.Helper()
	d := NewHTTP(0)
	defer d.Close()
	var hits []bench.Hit
	stats, err := d.Drive(ctx, address, w, s, func(h bench.Hit) { hits = append(hits, h) })
	if err != nil {
		t.Fatal(err)
	}
	if uint64(len(hits)) != stats.Sent {
		t.Errorf("%d hits recorded, %d sent", len(hits), stats.Sent)
	}
	return hits, stats
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestOpenLoopSendsTheWholeSchedule(t *testing.T) {
	var served atomic.Uint64
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		if r.Header.Get("X-Vegeta-Seq") != "" {
			t.Error("the server sees vegeta's bookkeeping")
		}
		fmt.Fprint(w, "hello")
	})
	for _, arrivalsOf := range []bench.Arrivals{bench.Constant, bench.Poisson} {
		served.Store(0)
		s := schedule(bench.Schedule{Rate: 400, Arrivals: arrivalsOf, Seed: 7}, 500*time.Millisecond)
		hits, stats := drive(t, context.Background(), address, workload(200), s)
		want := planned(s, s.Duration.Duration)
		if stats.Planned != want || stats.Sent != want || served.Load() != want || stats.Censored != 0 {
			t.Errorf("%s: planned %d, sent %d, served %d, censored %d; want %d of each and none censored",
				arrivalsOf, stats.Planned, stats.Sent, served.Load(), stats.Censored, want)
		}
		next := arrivals(s)
		dues := map[uint64]time.Duration{}
		for seq := range want {
			dues[seq], _ = next()
		}
		for _, h := range hits {
			if h.Due != dues[h.Seq] {
				t.Fatalf("%s: hit %d was due at %v, the schedule says %v", arrivalsOf, h.Seq, h.Due, dues[h.Seq])
			}
			if !h.Good() || h.Code != 200 || h.BytesIn != 5 || h.Sent < h.Due || h.Done < h.Sent {
				t.Fatalf("%s: hit %+v", arrivalsOf, h)
			}
		}
	}
}

func TestClosedLoopKeepsItsConnectionsBusy(t *testing.T) {
	var now, most atomic.Int64
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	})
	hits, stats := drive(t, context.Background(), address, workload(200), schedule(bench.Schedule{Connections: 4}, 300*time.Millisecond))
	if most.Load() != 4 || stats.MaxFlight != 4 || stats.Connections != 4 {
		t.Errorf("served %d at once, %d in flight, over %d connections; want 4 of each", most.Load(), stats.MaxFlight, stats.Connections)
	}
	for _, h := range hits {
		if h.Due != h.Sent {
			t.Fatalf("closed loop: hit %+v has lag", h)
		}
	}
}

func TestErrorsAreCountedByKind(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + closed.Addr().String()
	closed.Close()
	hijack := func(write string) string {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Write([]byte(write))
				conn.Close()
			}
		})
	}
	release := make(chan struct{})
	hanging := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	for _, c := range []struct{ name, address, want string }{
		{"refused", refused, bench.ErrDial},
		{"reset", hijack(""), bench.ErrReset},
		{"cut short", hijack("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), bench.ErrReset},
		{"garbage", hijack("SSH-2.0-OpenSSH\r\n"), bench.ErrProtocol},
		{"hangs", hanging, bench.ErrTimeout},
		{"says 500", serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }), bench.ErrStatus},
	} {
		t.Run(c.name, func(t *testing.T) {
			hits, _ := drive(t, context.Background(), c.address, workload(200),
				schedule(bench.Schedule{Rate: 50, Arrivals: bench.Constant}, 100*time.Millisecond))
			if len(hits) != 5 {
				t.Fatalf("%d hits, want 5", len(hits))
			}
			for _, h := range hits {
				if h.Err != c.want {
					t.Errorf("error %q, want %q", h.Err, c.want)
				}
			}
		})
	}
}

func TestWrongBodyIsFound(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "wrong") })
	w := workload(200)
	sum := sha256.Sum256([]byte("right"))
	w.Expect.SHA256 = hex.EncodeToString(sum[:])
	hits, stats := drive(t, context.Background(), address, w,
		schedule(bench.Schedule{Rate: 1000, Arrivals: bench.Constant}, 100*time.Millisecond))
	wrong := 0
	for _, h := range hits {
		if h.Err == bench.ErrBody {
			wrong++
		}
	}
	if wrong == 0 || uint64(wrong) != stats.Checked || stats.FirstWrong != `"wrong"` {
		t.Errorf("%d wrong of %d checked, first %s", wrong, stats.Checked, stats.FirstWrong)
	}
}

func TestInflightCapRefusesAndDoesNotDelay(t *testing.T) {
	release := make(chan struct{})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	d := NewHTTP(3)
	defer d.Close()
	time.AfterFunc(300*time.Millisecond, func() { close(release) })
	kinds := map[string]int{}
	stats, err := d.Drive(context.Background(), address, workload(200),
		schedule(bench.Schedule{Rate: 100, Arrivals: bench.Constant}, 100*time.Millisecond), func(h bench.Hit) { kinds[h.Err]++ })
	if err != nil {
		t.Fatal(err)
	}
	if stats.Sent != 10 || kinds[""] != 3 || kinds[bench.ErrInflight] != 7 {
		t.Errorf("sent %d, kinds %v; want 10, of which 3 good and 7 refused", stats.Sent, kinds)
	}
}

func TestCancelEndsTheDrive(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	w := workload(200)
	w.Timeout.Duration = time.Minute
	hits, stats := drive(t, ctx, address, w, schedule(bench.Schedule{Rate: 20, Arrivals: bench.Constant}, time.Hour))
	if stats.Planned > 20 {
		t.Errorf("%d requests were due within a tenth of a second at 20/s", stats.Planned)
	}
	for _, h := range hits {
		if h.Err != bench.ErrStopped {
			t.Errorf("hit %+v, want %q", h, bench.ErrStopped)
		}
	}
}

// A server that is frozen once for S in a run of T at a constant rate makes
// users wait: at the quantile q, response time is S - (1-q) T. Latency would
// hide it, had the generator waited with the server.
func TestFrozenServerShowsInResponseTime(t *testing.T) {
	const frozen, total = 1200 * time.Millisecond, 4 * time.Second
	began := time.Now()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if at := time.Since(began); at > time.Second && at < time.Second+frozen {
			time.Sleep(time.Second + frozen - at)
		}
	})
	w := workload(200)
	w.Timeout.Duration = 5 * time.Second
	began = time.Now()
	hits, _ := drive(t, context.Background(), address, w, schedule(bench.Schedule{Rate: 250, Arrivals: bench.Constant}, total))
	slow := 0
	want := frozen / 2
	for _, h := range hits {
		if h.ResponseTime() > want {
			slow++
		}
	}
	share, expected := float64(slow)/float64(len(hits)), float64(frozen-want)/float64(total)
	// Coordinated omission would show a share near 1/1000; a busy test machine moves it by some percent.
	if share < expected*.75 || share > expected*1.25 {
		t.Errorf("%.3f of the users waited more than %v, want %.3f", share, want, expected)
	}
}

func TestArrivalsAreAFunctionOfTheSchedule(t *testing.T) {
	s := schedule(bench.Schedule{Rate: 1000, Arrivals: bench.Poisson, Seed: 42}, 20*time.Second)
	a, b := arrivals(s), arrivals(s)
	last, n := time.Duration(-1), 0
	for {
		x, ok := a()
		if y, _ := b(); x != y {
			t.Fatalf("two readings of one schedule differ: %v, %v", x, y)
		}
		if !ok {
			break
		}
		if x < last {
			t.Fatalf("due times go backwards: %v after %v", x, last)
		}
		last = x
		n++
	}
	// The number of arrivals is Poisson with mean 20,000: five standard deviations are 707.
	if n < 19293 || n > 20707 {
		t.Errorf("%d arrivals in 20 s at 1000/s", n)
	}
	s.Seed = 43
	if first, _ := arrivals(s)(); first == func() time.Duration { s.Seed = 42; x, _ := arrivals(s)(); return x }() {
		t.Error("another seed gives the same schedule")
	}
}

func TestBadInputIsRefused(t *testing.T) {
	d := NewHTTP(0)
	for name, c := range map[string]struct {
		address string
		s       bench.Schedule
	}{
		"no scheme":  {"127.0.0.1:80", schedule(bench.Schedule{Rate: 1}, time.Second)},
		"no host":    {"http://", schedule(bench.Schedule{Rate: 1}, time.Second)},
		"no URL":     {"http://[::1", schedule(bench.Schedule{Rate: 1}, time.Second)},
		"no program": {"http://127.0.0.1:1", schedule(bench.Schedule{}, time.Second)},
	} {
		if _, err := d.Drive(context.Background(), c.address, workload(200), c.s, func(bench.Hit) {}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
