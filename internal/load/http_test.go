package load

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func workload(status int) bench.Workload {
	return bench.Workload{
		Driver:  bench.DriverHTTP,
		Method:  "GET",
		Path:    "/",
		Timeout: bench.Duration{Duration: 500 * time.Millisecond},
		Expect:  bench.Expect{Status: status},
	}
}

func schedule(s bench.Schedule, d time.Duration) bench.Schedule {
	s.Duration.Duration = d
	return s
}

// constantly returns a schedule of constant arrivals.
func constantly(rate bench.Rate, d time.Duration) bench.Schedule {
	return schedule(bench.Schedule{Offered: bench.Offered{Rate: rate}, Arrivals: bench.Constant}, d)
}

// loadOf returns the load of a drive.
func loadOf(url string, w bench.Workload, s bench.Schedule) bench.Load {
	return bench.Load{URL: url, Workload: w, Schedule: s}
}

// driveOnce makes one drive with a new driver, and returns its hits.
func driveOnce(ctx context.Context, t *testing.T, l bench.Load) ([]bench.Hit, bench.DriveStats) {
	t.Helper()
	d := &HTTP{}
	defer d.Close()
	var hits []bench.Hit
	stats, err := d.Drive(ctx, l, func(h bench.Hit) { hits = append(hits, h) })
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
			t.Error("the server received vegeta's bookkeeping")
		}
		fmt.Fprint(w, "hello")
	})
	for _, arrivalsOf := range []bench.Arrivals{bench.Constant, bench.Poisson} {
		served.Store(0)
		s := bench.Schedule{Offered: bench.Offered{Rate: 400}, Arrivals: arrivalsOf, Seed: 7}
		s.Duration.Duration = 500 * time.Millisecond
		hits, stats := driveOnce(context.Background(), t, loadOf(address, workload(200), s))
		want := drive.Planned(s, s.Duration.Duration)
		for what, got := range map[string]uint64{"planned": stats.Planned, "sent": stats.Sent, "served": served.Load()} {
			if got != want {
				t.Errorf("%s: %d requests were %s, want %d", arrivalsOf, got, what, want)
			}
		}
		if stats.Censored != 0 {
			t.Errorf("%s: %d requests are censored", arrivalsOf, stats.Censored)
		}
		next := drive.Arrivals(s)
		dues := map[uint64]time.Duration{}
		for seq := range want {
			dues[seq], _ = next()
		}
		for _, h := range hits {
			if h.Due != dues[h.Seq] {
				t.Fatalf("%s: hit %d was due at %v, the schedule says %v", arrivalsOf, h.Seq, h.Due, dues[h.Seq])
			}
			if !h.Good() || h.Code != 200 || h.BytesIn != 5 {
				t.Fatalf("%s: hit %+v, want a good answer of 5 bytes", arrivalsOf, h)
			}
			if h.Sent < h.Due || h.Done < h.Sent {
				t.Fatalf("%s: hit %+v has times out of order", arrivalsOf, h)
			}
		}
	}
}

func TestClosedLoopKeepsItsConnectionsBusy(t *testing.T) {
	var now, most atomic.Int64
	address := serve(t, func(_ http.ResponseWriter, _ *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	})
	s := schedule(bench.Schedule{Connections: 4}, 300*time.Millisecond)
	hits, stats := driveOnce(context.Background(), t, loadOf(address, workload(200), s))
	if most.Load() != 4 {
		t.Errorf("served %d at once, want 4", most.Load())
	}
	if stats.MaxFlight != 4 {
		t.Errorf("%d in flight at most, want 4", stats.MaxFlight)
	}
	if stats.Connections != 4 {
		t.Errorf("%d connections, want 4", stats.Connections)
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
		return serve(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte(write)) // the client may be gone
				conn.Close()
			}
		})
	}
	release := make(chan struct{})
	hanging := serve(t, func(_ http.ResponseWriter, r *http.Request) {
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
		{"says 500", serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), bench.ErrStatus},
	} {
		t.Run(c.name, func(t *testing.T) {
			hits, _ := driveOnce(context.Background(), t, loadOf(c.address, workload(200), constantly(50, 100*time.Millisecond)))
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
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "wrong") })
	w := workload(200)
	sum := sha256.Sum256([]byte("right"))
	w.Expect.SHA256 = hex.EncodeToString(sum[:])
	hits, stats := driveOnce(context.Background(), t, loadOf(address, w, constantly(1000, 100*time.Millisecond)))
	wrong := 0
	for _, h := range hits {
		if h.Err == bench.ErrBody {
			wrong++
		}
	}
	if wrong == 0 {
		t.Error("no body was found to be wrong")
	}
	if uint64(wrong) != stats.Checked {
		t.Errorf("%d bodies are wrong, and %d were checked", wrong, stats.Checked)
	}
	if stats.FirstWrong != `"wrong"` {
		t.Errorf("the first wrong body is %s", stats.FirstWrong)
	}
}

func TestInflightCapRefusesAndDoesNotDelay(t *testing.T) {
	release := make(chan struct{})
	address := serve(t, func(_ http.ResponseWriter, _ *http.Request) { <-release })
	d := &HTTP{MaxInflight: 3}
	defer d.Close()
	time.AfterFunc(300*time.Millisecond, func() { close(release) })
	kinds := map[string]int{}
	l := loadOf(address, workload(200), constantly(100, 100*time.Millisecond))
	stats, err := d.Drive(context.Background(), l, func(h bench.Hit) { kinds[h.Err]++ })
	if err != nil {
		t.Fatal(err)
	}
	if stats.Sent != 10 {
		t.Errorf("%d requests were sent, want 10", stats.Sent)
	}
	if kinds[""] != 3 || kinds[bench.ErrInflight] != 7 {
		t.Errorf("the kinds are %v, want 3 good and 7 refused", kinds)
	}
}

func TestCancelEndsTheDrive(t *testing.T) {
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	w := workload(200)
	w.Timeout.Duration = time.Minute
	hits, stats := driveOnce(ctx, t, loadOf(address, w, constantly(20, time.Hour)))
	if stats.Planned > 20 {
		t.Errorf("%d requests were due within a tenth of a second at 20/s", stats.Planned)
	}
	for _, h := range hits {
		if h.Err != bench.ErrStopped {
			t.Errorf("hit %+v, want %q", h, bench.ErrStopped)
		}
	}
}

// If a server freezes once for S in a run of T at a constant rate, users wait: the quantile q of response time is
// S - (1-q) T. A closed loop waits with the server, and gets one slow request only.
func TestFrozenServerShowsInResponseTime(t *testing.T) {
	const frozen, total = 1200 * time.Millisecond, 5 * time.Second
	var thaw atomic.Int64 // until when the server is frozen, in nanoseconds since 1970
	address := serve(t, func(_ http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Until(time.Unix(0, thaw.Load())))
	})
	w := workload(200)
	w.Timeout.Duration = 5 * time.Second
	for _, c := range []struct {
		name string
		s    bench.Schedule
		want time.Duration
	}{
		{"open loop", bench.Schedule{Offered: bench.Offered{Rate: 250}, Arrivals: bench.Constant}, frozen - total/100},
		{"closed loop", bench.Schedule{Connections: 1}, 0},
	} {
		time.AfterFunc(time.Second, func() { thaw.Store(time.Now().Add(frozen).UnixNano()) })
		hits, stats := driveOnce(context.Background(), t, loadOf(address, w, schedule(c.s, total)))
		var responses []time.Duration
		for _, h := range hits {
			responses = append(responses, h.ResponseTime())
		}
		slices.Sort(responses)
		p99 := inference.Quantile(responses, .99)
		if tolerance := frozen / 50; (p99 - c.want).Abs() > tolerance { // a fiftieth of a known delay
			t.Errorf("%s: p99 of response time is %v, want %v within %v", c.name, p99, c.want, tolerance)
		}
		if runtime.GOOS == "linux" && stats.Clock != bench.ClockKernel {
			t.Errorf("%s: clock %s; %d answers without a stamp", c.name, stats.Clock, stats.Unstamped)
		}
	}
}

// A request that waits long keeps its own due time, however many requests follow.
func TestSlowRequestKeepsItsDueTime(t *testing.T) {
	var served atomic.Int64
	release := make(chan struct{})
	address := serve(t, func(_ http.ResponseWriter, _ *http.Request) {
		if served.Add(1) == 1 {
			<-release
		}
	})
	d := &HTTP{MaxInflight: 4} // a due ring of 80 places
	defer d.Close()
	time.AfterFunc(400*time.Millisecond, func() { close(release) })
	s := constantly(1000, 400*time.Millisecond)
	_, err := d.Drive(context.Background(), loadOf(address, workload(200), s), func(h bench.Hit) {
		if want := time.Duration(h.Seq) * time.Millisecond; h.Due != want {
			t.Errorf("request %d was due at %v, want %v", h.Seq, h.Due, want)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Several attackers share one schedule: each request is sent once, at its own time.
func TestAttackersShareASchedule(t *testing.T) {
	var served atomic.Uint64
	address := serve(t, func(_ http.ResponseWriter, _ *http.Request) { served.Add(1) })
	for _, arrivalsOf := range []bench.Arrivals{bench.Constant, bench.Poisson} {
		for _, n := range []int{2, 3, 7} {
			served.Store(0)
			s := bench.Schedule{Offered: bench.Offered{Rate: 500}, Arrivals: arrivalsOf, Seed: 3}
			s.Duration.Duration = 300 * time.Millisecond
			d := &HTTP{Attackers: n}
			due := map[uint64]time.Duration{}
			l := loadOf(address, workload(200), s)
			stats, err := d.Drive(context.Background(), l, func(h bench.Hit) { due[h.Seq] = h.Due })
			d.Close()
			if err != nil {
				t.Fatal(err)
			}
			want := drive.Planned(s, s.Duration.Duration)
			counts := map[string]uint64{
				"requests sent":    stats.Sent,
				"requests served":  served.Load(),
				"sequence numbers": uint64(len(due)),
			}
			for what, got := range counts {
				if got != want {
					t.Errorf("%d attackers, %s: %d %s, want %d", n, arrivalsOf, got, what, want)
				}
			}
			if stats.Attackers != n {
				t.Errorf("%s: %d attackers, want %d", arrivalsOf, stats.Attackers, n)
			}
			next := drive.Arrivals(s)
			for seq := range want {
				if at, _ := next(); due[seq] != at {
					t.Fatalf("%d attackers, %s: request %d was due at %v, the schedule says %v", n, arrivalsOf, seq, due[seq], at)
				}
			}
		}
	}
	d := &HTTP{Attackers: 3}
	defer d.Close()
	seen := map[uint64]bool{}
	s := schedule(bench.Schedule{Connections: 4}, 100*time.Millisecond)
	l := loadOf(address, workload(200), s)
	stats, err := d.Drive(context.Background(), l, func(h bench.Hit) { seen[h.Seq] = true })
	if err != nil {
		t.Fatal(err)
	}
	if stats.MaxFlight != 4 {
		t.Errorf("%d in flight at most, want 4", stats.MaxFlight)
	}
	if stats.Connections != 4 {
		t.Errorf("%d connections, want 4", stats.Connections)
	}
	if uint64(len(seen)) != stats.Sent {
		t.Errorf("%d sequence numbers for %d requests", len(seen), stats.Sent)
	}
}

// A load may be too much for the server or the generator. Every request is counted, and the drive stops in time.
func TestHopelessLoadEnds(t *testing.T) {
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // accepts, by the kernel, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	flood := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "104857600")
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	closing := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	const long = 200 * time.Millisecond
	for _, c := range []struct {
		name, address string
		s             bench.Schedule
		kinds         []string // errors that may occur
	}{
		{
			name:    "ten million per second",
			address: closing,
			s:       constantly(10_000_000, long),
			kinds:   []string{"", bench.ErrInflight, bench.ErrExhausted, bench.ErrReset, bench.ErrTimeout, bench.ErrDial},
		},
		{
			name:    "each connection closed",
			address: closing,
			s:       schedule(bench.Schedule{Offered: bench.Offered{Rate: 200}, Arrivals: bench.Poisson}, long),
			kinds:   []string{""},
		},
		{
			name:    "100 MB",
			address: flood,
			s:       constantly(50, long),
			kinds:   []string{bench.ErrSize},
		},
		{
			name:    "no such host",
			address: "http://no-such-host.invalid",
			s:       schedule(bench.Schedule{Connections: 2}, long),
			kinds:   []string{bench.ErrDial},
		},
		{
			name:    "never answers",
			address: "http://" + hanging.Addr().String(),
			s:       constantly(100, long),
			kinds:   []string{bench.ErrTimeout},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			kinds := map[string]int{}
			d := &HTTP{}
			defer d.Close()
			w := workload(200)
			if c.name == "no such host" {
				w.Timeout.Duration = 10 * time.Second // package net keeps searching for it after the request is given up
			}
			stats, err := d.Drive(context.Background(), loadOf(c.address, w, c.s), func(h bench.Hit) { kinds[h.Err]++ })
			if err != nil {
				t.Fatal(err)
			}
			for kind := range kinds {
				if !slices.Contains(c.kinds, kind) {
					t.Errorf("kinds %v, want %q only", kinds, c.kinds)
				}
			}
			if c.s.OpenLoop() && stats.Planned != drive.Planned(c.s, time.Hour) {
				t.Errorf("planned %d, want %d", stats.Planned, drive.Planned(c.s, time.Hour))
			}
			if stats.Sent == 0 || stats.Sent+stats.Censored != stats.Planned {
				t.Errorf("planned %d, sent %d, censored %d", stats.Planned, stats.Sent, stats.Censored)
			}
			if took := time.Since(began); took > long+drive.Grace+10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestBadInputIsRefused(t *testing.T) {
	d := &HTTP{}
	for name, c := range map[string]struct {
		address string
		s       bench.Schedule
	}{
		"no scheme":  {"127.0.0.1:80", schedule(bench.Schedule{Offered: bench.Offered{Rate: 1}}, time.Second)},
		"no host":    {"http://", schedule(bench.Schedule{Offered: bench.Offered{Rate: 1}}, time.Second)},
		"no URL":     {"http://[::1", schedule(bench.Schedule{Offered: bench.Offered{Rate: 1}}, time.Second)},
		"no program": {"http://127.0.0.1:1", schedule(bench.Schedule{}, time.Second)},
	} {
		if _, err := d.Drive(context.Background(), loadOf(c.address, workload(200), c.s), func(bench.Hit) {}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// All connections that the schedule holds stay open and are used in turn. If they cannot
// be opened, the drive returns an error.
func TestHeldConnections(t *testing.T) {
	var mu sync.Mutex
	used := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		used[r.RemoteAddr]++
		mu.Unlock()
	}))
	defer server.Close()
	d := &HTTP{}
	defer d.Close()
	w := bench.Workload{Method: "GET", Path: "/", Timeout: bench.Duration{Duration: time.Second}}
	s := constantly(500, time.Second)
	s.Connections = 300
	stats, err := d.Drive(context.Background(), loadOf(server.URL, w, s), func(bench.Hit) {})
	mu.Lock()
	seen := maps.Clone(used)
	mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if stats.Connections < 300 {
		t.Errorf("%d connections were dialed, want at least 300", stats.Connections)
	}
	if len(seen) < 300 {
		t.Errorf("%d connections were used, want at least 300", len(seen))
	}
	for address, n := range seen { // once after it was dialed, and for 500 requests in turn
		if n > 8 {
			t.Errorf("%s was used %d times", address, n)
		}
	}
	again, err := d.Drive(context.Background(), loadOf(server.URL, w, s), func(bench.Hit) {})
	if err != nil {
		t.Fatal(err)
	}
	if again.Connections > 30 {
		t.Errorf("the second drive dialed %d connections, want at most 30", again.Connections)
	}
	s.Connections = int(process.MaxConnections()) + 1
	_, err = d.Drive(context.Background(), loadOf(server.URL, w, s), func(bench.Hit) {})
	if !errors.Is(err, drive.ErrDescriptors) {
		t.Errorf("more connections than descriptors: %v", err)
	}
}
