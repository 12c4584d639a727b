package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newTransport(t testing.TB) *Transport {
	w := &Transport{Timeout: 2 * time.Second}
	t.Cleanup(w.Close)
	return w
}

func TestDoneIsWhenTheAnswerArrived(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no kernel stamps here")
	}
	body := strings.Repeat("x", 100<<10)
	address, _ := scripted(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	w := newTransport(t)
	a, err := w.Exchange(context.Background(), prepared(t, "GET", address), slow{400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if !a.Stamped {
		t.Error("the answer has no stamp")
	}
	if a.Body != int64(len(body)) {
		t.Errorf("the body has %d bytes, want %d", a.Body, len(body))
	}
	if late := time.Duration(a.Seen - a.Done); late < 300*time.Millisecond {
		t.Errorf("seen %v after it was done; the reader alone took 400ms", late)
	}
	if took := time.Duration(a.Done - a.Sent); took > 200*time.Millisecond {
		t.Errorf("done %v after it was sent: that holds the reader's own delay", took)
	}
}

// slow takes the body slowly: it waits before each part.
type slow struct{ d time.Duration }

func (s slow) Write(p []byte) (int, error) { time.Sleep(s.d); return len(p), nil }

func prepared(t testing.TB, method, address string) *Request {
	t.Helper()
	req, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Prepare(req)
	if err != nil {
		t.Fatal(err)
	}
	r.Timeout = 2 * time.Second
	return r
}

// always answers every request with the body.
func always(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

// trusting returns a client's configuration that accepts the server's certificate.
func trusting(server *httptest.Server) *tls.Config {
	pool := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return &tls.Config{RootCAs: pool, ServerName: "example.com"}
}

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func TestConnectionsAreKept(t *testing.T) {
	address, connections := scripted(t, hello, hello, hello, hello)
	w, r := newTransport(t), prepared(t, "GET", address)
	for range 4 {
		if _, err := w.Exchange(context.Background(), r, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("the server saw %d connections, want one", n)
	}
	if n := w.Dialed(); n != 1 {
		t.Errorf("%d connections were dialed, want one", n)
	}
}

// A server may close a kept connection at any time. A request is sent again only if it
// may be repeated, and only if none of its answer had arrived.
func TestOneSafeRetry(t *testing.T) {
	cut := "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
	for _, c := range []struct {
		name, method string
		answers      []string
		ok           bool
		connections  int64
	}{
		{"GET on a closed connection", "GET", []string{hello}, true, 2},
		{"PUT on a closed connection", "PUT", []string{hello}, true, 2},
		{"GET whose answer was cut", "GET", []string{hello, cut}, false, 1},
		{"GET that a fresh connection refuses", "GET", []string{""}, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, connections := scripted(t, c.answers...)
			w, r := newTransport(t), prepared(t, c.method, address)
			var a Answer
			var err error
			for range 2 {
				a, err = w.Exchange(context.Background(), r, nil)
				if !c.ok && len(c.answers) == 1 {
					break
				}
			}
			if (err == nil) != c.ok {
				t.Errorf("error %v, want success %t", err, c.ok)
			}
			if n := connections.Load(); n != c.connections {
				t.Errorf("%d connections, want %d", n, c.connections)
			}
			if c.ok && !a.Retried && w.Dialed() != 2 {
				t.Errorf("answer %+v: neither retried nor sent on a new connection", a)
			}
		})
	}
}

// The server reads the second request and closes without an answer. It may have done
// the work, so a POST is not sent again.
func TestPostIsNotRepeated(t *testing.T) {
	var requested atomic.Int64
	address, connections := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		for n := 0; ; n++ {
			if _, err := http.ReadRequest(requests); err != nil {
				return
			}
			requested.Add(1)
			if n == 1 {
				return
			}
			send(conn, hello)
		}
	})
	for _, c := range []struct {
		method      string
		ok          bool
		sent, conns int64
	}{
		{"POST", false, 2, 1},
		{"GET", true, 3, 2},
	} {
		t.Run(c.method, func(t *testing.T) {
			requested.Store(0)
			connections.Store(0)
			w, r := newTransport(t), prepared(t, c.method, address)
			if _, err := w.Exchange(context.Background(), r, nil); err != nil {
				t.Fatal(err)
			}
			a, err := w.Exchange(context.Background(), r, nil)
			if (err == nil) != c.ok {
				t.Errorf("error %v, want success %t", err, c.ok)
			}
			if a.Retried != c.ok {
				t.Errorf("retried is %t, want %t", a.Retried, c.ok)
			}
			if n := requested.Load(); n != c.sent {
				t.Errorf("%d requests arrived, want %d", n, c.sent)
			}
			if n := connections.Load(); n != c.conns {
				t.Errorf("%d connections, want %d", n, c.conns)
			}
		})
	}
}

func TestContextEndsAnExchange(t *testing.T) {
	address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		for {
			req, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			if req.URL.Path == "/hello" {
				send(conn, hello)
			}
		}
	})
	for _, watched := range []bool{false, true} {
		t.Run(fmt.Sprintf("watched %t", watched), func(t *testing.T) {
			w, r := newTransport(t), prepared(t, "GET", address)
			r.Timeout = time.Minute
			ctx, cancel := context.WithCancel(context.Background())
			if watched {
				defer w.Watch(ctx)()
			}
			time.AfterFunc(50*time.Millisecond, cancel)
			if _, err := w.Exchange(ctx, r, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %v", err, context.Canceled)
			}
			if _, err := w.Exchange(ctx, r, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v of a finished context", err)
			}
			if _, err := w.Exchange(context.Background(), prepared(t, "GET", address+"/hello"), nil); err != nil {
				t.Errorf("the transport can no longer be used: %v", err)
			}
		})
	}
}

// An early answer: the server refuses a large body that it has not read.
func TestAnswerBeforeTheRequestIsRead(t *testing.T) {
	hold := make(chan struct{})
	address, connections := serveRaw(t, func(conn net.Conn, _ *bufio.Reader) {
		send(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
		<-hold
	})
	defer close(hold)
	w := newTransport(t)
	req, _ := http.NewRequest("POST", address, bytes.NewReader(make([]byte, 32<<20)))
	resp, err := w.RoundTrip(req)
	if err != nil && !errors.Is(err, ErrUnsolicited) {
		t.Fatalf("error %v", err)
	}
	if err == nil && resp.StatusCode != 413 {
		t.Errorf("status %d, want 413", resp.StatusCode)
	}
	if connections.Load() != 1 {
		t.Errorf("%d connections, want one", connections.Load())
	}
}

// Bytes that arrive on an idle connection do not belong to any request.
func TestUnsolicitedAnswerIsNotTaken(t *testing.T) {
	second := make(chan struct{})
	address, connections := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		if _, err := http.ReadRequest(requests); err != nil {
			return
		}
		send(conn, hello)
		if requests.Buffered() == 0 {
			time.Sleep(20 * time.Millisecond)
			send(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
			second <- struct{}{}
		}
		drain(conn)
	})
	w := newTransport(t)
	if _, err := get(t, w, newRequest(t, "GET", address, nil)); err != nil {
		t.Fatal(err)
	}
	<-second
	time.Sleep(20 * time.Millisecond)
	go func() { <-second }()
	have, err := get(t, w, newRequest(t, "GET", address, nil))
	if err != nil {
		t.Error(err)
	}
	if have.body != "hello" {
		t.Errorf("the body is %q, want hello", have.body)
	}
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections, want a second one", n)
	}
	time.Sleep(50 * time.Millisecond)
}

// A server may end its side of a kept connection right after an answer, and go on
// reading. The next request is sent again on a new connection; it does not wait.
func TestHalfClosedConnectionIsNotWaitedFor(t *testing.T) {
	address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		if _, err := http.ReadRequest(requests); err != nil {
			return
		}
		send(conn, hello)
		_ = conn.(*net.TCPConn).CloseWrite() // the client may be gone
		drain(conn)
	})
	w, r := newTransport(t), prepared(t, "GET", address)
	for i := range 20 {
		if _, err := w.Exchange(context.Background(), r, nil); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
}

// A request that was never written still has a time at which it was sent.
func TestSentIsAlwaysKnown(t *testing.T) {
	address, _ := scripted(t, hello)
	w, r := newTransport(t), prepared(t, "GET", address)
	if err := w.DialIdle(context.Background(), r, 1); err != nil {
		t.Fatal(err)
	}
	r.Timeout = 1
	began := time.Now().UnixNano()
	a, err := w.Exchange(context.Background(), r, nil)
	if err == nil {
		t.Error("no error")
	}
	if a.Sent < began {
		t.Errorf("sent at %d, before it began at %d", a.Sent, began)
	}
	if a.Done < a.Sent {
		t.Errorf("done at %d, before it was sent at %d", a.Done, a.Sent)
	}
}

func TestCloseEndsExchanges(t *testing.T) {
	address, _ := serveRaw(t, func(conn net.Conn, _ *bufio.Reader) { drain(conn) })
	w, r := &Transport{}, prepared(t, "GET", address)
	r.Timeout = time.Minute
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.Exchange(context.Background(), r, nil); err == nil {
				t.Error("an answer came from a server that gives none")
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	w.Close()
	all.Wait()
}

// A context may end at any moment. It ends its exchange and no other.
func TestContextsDoNotDisturbEachOther(t *testing.T) {
	server := httptest.NewServer(always("hello"))
	defer server.Close()
	w := newTransport(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 100 {
				ctx, cancel := context.WithCancel(context.Background())
				if i%2 == 0 {
					time.AfterFunc(time.Duration(k%10)*20*time.Microsecond, cancel)
				}
				_, err := w.Exchange(ctx, prepared(t, "GET", server.URL), nil)
				if err != nil && (i%2 != 0 || !errors.Is(err, context.Canceled)) {
					t.Errorf("error %v", err)
				}
				cancel()
			}
		})
	}
	all.Wait()
}

func TestTrimAndDialIdle(t *testing.T) {
	address, connections := serveRaw(t, func(conn net.Conn, _ *bufio.Reader) { drain(conn) })
	w, r := newTransport(t), prepared(t, "GET", address)
	for _, n := range []int{3, 2, 5} {
		if err := w.DialIdle(context.Background(), r, n); err != nil {
			t.Fatal(err)
		}
	}
	w.Trim(r, 1)
	if err := w.DialIdle(context.Background(), r, 2); err != nil {
		t.Error(err)
	}
	if n := w.Dialed(); n != 6 {
		t.Errorf("%d dialed, want 6: 3, none, 2 more, and 1 after all but one were closed", n)
	}
	for deadline := time.Now().Add(5 * time.Second); connections.Load() != 6 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if connections.Load() != 6 {
		t.Errorf("the server saw %d connections", connections.Load())
	}
}

// Even without receive stamps, bytes on an idle connection, or its end, do not become
// part of the next exchange.
func TestIdleTLSConnectionsAreChecked(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an idle connection cannot be checked on this system")
	}
	server := httptest.NewUnstartedServer(always("secret"))
	server.Config.IdleTimeout = 20 * time.Millisecond
	server.StartTLS()
	defer server.Close()
	w := newTransport(t)
	w.TLS = trusting(server)
	for range 3 {
		if _, err := w.Exchange(context.Background(), prepared(t, "POST", server.URL), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // the server closes meanwhile
	}
}

func TestTLSIsByTheUsersClock(t *testing.T) {
	server := httptest.NewTLSServer(always("secret"))
	defer server.Close()
	w := newTransport(t)
	w.TLS = trusting(server)
	for range 3 {
		a, err := w.Exchange(context.Background(), prepared(t, "GET", server.URL), nil)
		if err != nil {
			t.Fatal(err)
		}
		if a.Body != 6 {
			t.Fatalf("the body has %d bytes, want 6", a.Body)
		}
		if a.Stamped {
			t.Fatal("the answer has a stamp of the kernel")
		}
		if a.Done < a.Sent {
			t.Fatalf("done at %d, before it was sent at %d", a.Done, a.Sent)
		}
	}
	if w.Dialed() != 1 {
		t.Errorf("%d dialed, want one", w.Dialed())
	}
	strict := newTransport(t)
	if _, err := strict.Exchange(context.Background(), prepared(t, "GET", server.URL), nil); err == nil {
		t.Error("an unknown certificate was taken")
	}
}

func TestRefusedAndReset(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + closed.Addr().String()
	closed.Close()
	w := newTransport(t)
	_, err = w.Exchange(context.Background(), prepared(t, "GET", refused), nil)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v, want refused", err)
	}
	reset, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		skipRequest(requests)
		if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
			t.Error(err)
		}
	})
	if _, err := w.Exchange(context.Background(), prepared(t, "GET", reset), nil); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error %v, want reset", err)
	}
	if _, err := w.Exchange(context.Background(), prepared(t, "GET", "http://no-such-host.invalid/"), nil); err == nil {
		t.Error("a host that does not exist answered")
	}
	w.Close()
	if _, err := w.Exchange(context.Background(), prepared(t, "GET", refused), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v of a closed transport", err)
	}
}

// Exchanges at the same time share connections without mixing up their answers.
func TestConcurrentExchanges(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Path)
	}))
	defer server.Close()
	w := newTransport(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for k := range 100 {
				path := fmt.Sprintf("/%d/%s", i, strings.Repeat("k", k))
				have, err := get(t, w, newRequest(t, "GET", server.URL+path, nil))
				if err != nil || have.body != path {
					t.Errorf("%q, %v; want %q", have.body, err, path)
					return
				}
			}
		})
	}
	group.Wait()
	if n := w.Dialed(); n > 16 {
		t.Errorf("%d connections for 16 at once", n)
	}
}
