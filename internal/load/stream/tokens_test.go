package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
)

const (
	tokenEvents = 5
	tokenEvery  = 10 * time.Millisecond
)

func tokensWorkload() bench.Workload {
	return bench.Workload{
		Driver:  bench.DriverTokens,
		Path:    "/tokens",
		Timeout: bench.Duration{Duration: 3 * time.Second},
		Expect:  bench.Expect{Status: 200, Events: tokenEvents, Every: bench.Duration{Duration: tokenEvery}},
	}
}

// serveTokens starts a server of token streams. Say, if not nil, writes event i of stream n in its place.
func serveTokens(
	t testing.TB, say func(v *eventConn, n, i int, text string) (more bool),
) (address string, count *atomic.Int64) {
	var streams atomic.Int64
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		began := time.Now()
		n := int(streams.Add(1)) - 1
		w.Header().Set("Content-Type", "text/event-stream")
		v := &eventConn{w: w}
		for i := range tokenEvents {
			time.Sleep(time.Until(began.Add(time.Duration(i) * tokenEvery)))
			text := fmt.Sprintf("data: {\"i\":%d,\"token\":\"token-%d\"}\n\n", i, i)
			if say == nil {
				v.write(text)
			} else if !say(v, n, i, text) {
				return
			}
		}
	}), &streams
}

func TestEveryEventArrivesInTime(t *testing.T) {
	const held = 15 * time.Millisecond
	address, streams := serveTokens(t, func(v *eventConn, n, i int, text string) bool {
		if n%2 == 0 {
			v.write(text[:9], text[9:])
		} else {
			if i == 0 {
				time.Sleep(held)
			}
			v.write(text)
		}
		return true
	})
	d := &Tokens{}
	defer d.Close()
	for range 2 {
		hits, stats := driven(t, d, loadOf(address, tokensWorkload(), constantly(50, 200*time.Millisecond)))
		want(t, hits, map[string]int{"": 10 * tokenEvents})
		slow := 0
		for _, h := range hits {
			i := h.Seq % tokenEvents
			if i > 0 && h.Due-hits[h.Seq-1].Due != tokenEvery {
				t.Errorf("hit %+v is not due %v after the one before", h, tokenEvery)
			}
			if h.Code != 200 {
				t.Errorf("hit %+v, want status 200", h)
			}
			if size := int64(len(`{"i":0,"token":"token-0"}`)); h.BytesIn != size {
				t.Errorf("hit %+v, want %d bytes", h, size)
			}
			if i == 0 && h.Latency() >= held {
				slow++
			}
		}
		if slow < 5 {
			t.Errorf("%d first events are as late as the server held them, want at least 5", slow)
		}
		if stats.Checked != 50 {
			t.Errorf("%d events were checked, want 50", stats.Checked)
		}
		if stats.MaxFlight == 0 {
			t.Error("no stream was in flight")
		}
	}
	if streams.Load() != 20 {
		t.Errorf("%d streams", streams.Load())
	}
}

func TestConnectionsOfStreamsAreKept(t *testing.T) {
	address, _ := serveTokens(t, nil)
	d := &Tokens{}
	defer d.Close()
	_, first := driven(t, d, loadOf(address, tokensWorkload(), constantly(20, 300*time.Millisecond)))
	_, second := driven(t, d, loadOf(address, tokensWorkload(), constantly(20, 300*time.Millisecond)))
	if first.Connections == 0 || first.Connections > 6 {
		t.Errorf("%d connections for six streams", first.Connections)
	}
	if second.Connections > first.Connections {
		t.Errorf("%d more connections for six more streams, and %d for the first", second.Connections, first.Connections)
	}
}

func TestFaultsOfStreamsAreCounted(t *testing.T) {
	for _, c := range []struct {
		name string
		say  func(v *eventConn, n, i int, text string) bool
		want map[string]int // of ten streams
	}{
		{"one event lost", func(v *eventConn, n, i int, text string) bool {
			if n != 3 || i != 2 {
				v.write(text)
			}
			return true
		}, map[string]int{"": 49, bench.ErrLost: 1}},
		{"ends early", func(v *eventConn, n, i int, text string) bool {
			if n == 4 && i == 3 {
				return false
			}
			v.write(text)
			return true
		}, map[string]int{"": 48, bench.ErrClosed: 2}},
		{"is cut", func(v *eventConn, n, i int, text string) bool {
			if n == 4 && i == 3 {
				panic(http.ErrAbortHandler)
			}
			v.write(text)
			return true
		}, map[string]int{"": 48, bench.ErrClosed: 2}},
		{"twice", func(v *eventConn, n, i int, text string) bool {
			v.write(text)
			if n == 1 && i == 2 {
				v.write(text)
			}
			return true
		}, map[string]int{"": 49, bench.ErrOrder: 1}},
		{"out of order", func(v *eventConn, n, i int, text string) bool {
			switch {
			case n == 1 && i == 2:
			case n == 1 && i == 3:
				v.write(text + "data: {\"i\":2,\"token\":\"token-2\"}\n\n")
			default:
				v.write(text)
			}
			return true
		}, map[string]int{"": 49, bench.ErrOrder: 1}},
		{"wrong text", func(v *eventConn, n, i int, text string) bool {
			if n == 1 && i == 2 {
				text = "data: {\"i\":2,\"token\":\"token-7\"}\n\n"
			}
			v.write(text)
			return true
		}, map[string]int{"": 49, bench.ErrBody: 1}},
		{"all at the end", func(v *eventConn, _, _ int, text string) bool {
			fmt.Fprint(v.w, text)
			return true
		}, map[string]int{"": 50}},
		{"all at the start", func(v *eventConn, _, i int, _ string) bool {
			if i > 0 {
				return false
			}
			for i := range tokenEvents {
				fmt.Fprintf(v.w, "data: {\"i\":%d,\"token\":\"token-%d\"}\n\n", i, i)
			}
			return false
		}, nil},
		{"another status", func(v *eventConn, _, _ int, _ string) bool {
			v.w.WriteHeader(502)
			return false
		}, map[string]int{bench.ErrStatus: 50}},
		{"garbage", func(v *eventConn, _, _ int, _ string) bool {
			conn, _, _ := v.w.(http.Hijacker).Hijack()
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
			conn.Close()
			return false
		}, map[string]int{bench.ErrProtocol: 50}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, _ := serveTokens(t, c.say)
			d := &Tokens{}
			defer d.Close()
			hits, stats := driven(t, d, loadOf(address, tokensWorkload(), constantly(50, 200*time.Millisecond)))
			if c.want == nil { // on a machine that stands still some may be in time
				if kinds(hits)[bench.ErrOrder] == 0 {
					t.Errorf("events before their time: %v", kinds(hits))
				}
				return
			}
			want(t, hits, c.want)
			if stats.Sent != 50 {
				t.Errorf("sent %d", stats.Sent)
			}
		})
	}
}

func TestStreamsThatHang(t *testing.T) {
	var open atomic.Int64
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Add(-1)
		fmt.Fprint(w, "data: {\"i\":0,\"token\":\"token-0\"}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	d := &Tokens{MaxInflight: 4}
	defer d.Close()
	w := tokensWorkload()
	w.Timeout.Duration = 300 * time.Millisecond
	hits, stats := driven(t, d, loadOf(address, w, constantly(50, 200*time.Millisecond)))
	got := kinds(hits)
	good, lost, refused := got[""], got[bench.ErrLost], got[bench.ErrInflight]
	if good+lost != 5*good {
		t.Errorf("hits %v, want one good event in five of each stream", got)
	}
	if refused == 0 {
		t.Errorf("hits %v, want some refused", got)
	}
	if good+lost+refused != 50 {
		t.Errorf("hits %v, want 50 in all", got)
	}
	if stats.MaxFlight < 5 {
		t.Errorf("%d in flight at most", stats.MaxFlight)
	}
}

// A server may close a kept connection while a request is on its way.
func TestStreamIsAskedForAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	defer listener.Close()
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				buffer := make([]byte, 4096)
				if _, err := conn.Read(buffer); err != nil {
					return
				}
				fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
				for i := range tokenEvents {
					text := fmt.Sprintf("data: {\"i\":%d,\"token\":\"token-%d\"}\n\n", i, i)
					fmt.Fprintf(conn, "%x\r\n%s\r\n", len(text), text)
					time.Sleep(tokenEvery)
				}
				fmt.Fprint(conn, "0\r\n\r\n")
				_, _ = conn.Read(buffer) // the next request, which is not answered
			})
		}
	})
	d := &Tokens{}
	defer d.Close()
	address := "http://" + listener.Addr().String()
	hits, stats := driven(t, d, loadOf(address, tokensWorkload(), constantly(10, 500*time.Millisecond)))
	want(t, hits, map[string]int{"": 5 * tokenEvents})
	if stats.Retried == 0 {
		t.Error("no stream was asked for again")
	}
}

func TestStreamsRefused(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	d := &Tokens{}
	defer d.Close()
	address := "http://" + closed.Addr().String()
	hits, _ := driven(t, d, loadOf(address, tokensWorkload(), constantly(50, 100*time.Millisecond)))
	want(t, hits, map[string]int{bench.ErrDial: 25})
	closedLoop := bench.Schedule{Connections: 1}
	_, err = d.Drive(context.Background(), loadOf("http://127.0.0.1:1", tokensWorkload(), closedLoop), func(bench.Hit) {})
	if !errors.Is(err, drive.ErrClosedLoop) {
		t.Errorf("a closed loop: %v", err)
	}
}

func TestCancelEndsStreams(t *testing.T) {
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	d := &Tokens{}
	defer d.Close()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(200*time.Millisecond, cancel)
	w := tokensWorkload()
	w.Timeout.Duration = time.Minute
	began := time.Now()
	hits, _ := drivenUntil(ctx, t, d, loadOf(address, w, constantly(50, time.Minute)))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to cancel", took)
	}
	if got := kinds(hits); len(got) != 1 || got[bench.ErrStopped] == 0 {
		t.Errorf("hits %v", got)
	}
}
