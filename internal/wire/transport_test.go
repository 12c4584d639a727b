package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
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

// scripted is a server that writes bytes of the test's choosing: to the n-th
// request on each connection the n-th answer, after which it closes the connection.
func scripted(t testing.TB, answers ...string) (address string, connections *atomic.Int64) {
	t.Helper()
	return serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		for _, answer := range answers {
			req, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			if _, err := io.WriteString(conn, answer); err != nil {
				return
			}
		}
	})
}

// serveRaw hands every connection to handle, and closes it afterwards.
func serveRaw(t testing.TB, handle func(net.Conn, *bufio.Reader)) (address string, connections *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = new(atomic.Int64)
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			handlers.Go(func() {
				defer conn.Close()
				handle(conn, bufio.NewReader(conn))
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for conn := range open {
			conn.Close()
		}
		mu.Unlock()
		handlers.Wait()
	})
	return "http://" + listener.Addr().String(), connections
}

func newTransport(t testing.TB) *Transport {
	w := &Transport{Timeout: 2 * time.Second}
	t.Cleanup(w.Close)
	return w
}

// got is what a client makes of an answer.
type got struct {
	status   int
	header   http.Header
	trailer  http.Header
	length   int64
	coding   string
	protocol string
	close    bool
	body     string
}

func get(t testing.TB, client http.RoundTripper, method, address string, body io.Reader) (got, error) {
	t.Helper()
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		return got{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return got{}, err
	}
	resp.Header.Del("Date")
	if resp.Request != req {
		t.Error("the answer does not name its request")
	}
	return got{resp.StatusCode, resp.Header, resp.Trailer, resp.ContentLength, fmt.Sprint(resp.TransferEncoding), resp.Proto, resp.Close, string(data)}, nil
}

// reference is the transport whose understanding of HTTP is ours.
func reference(t testing.TB) *http.Transport {
	r := &http.Transport{DisableCompression: true, ResponseHeaderTimeout: 2 * time.Second}
	t.Cleanup(r.CloseIdleConnections)
	return r
}

func agree(t *testing.T, method, address string, body func() io.Reader) {
	t.Helper()
	ours, theirs := newTransport(t), reference(t)
	for i := range 3 { // the first on a new connection, the others on kept ones
		want, wantErr := get(t, theirs, method, address, body())
		have, haveErr := get(t, ours, method, address, body())
		if (wantErr == nil) != (haveErr == nil) {
			t.Fatalf("request %d: error %v, net/http's is %v", i, haveErr, wantErr)
		}
		if fmt.Sprintf("%+v", have) != fmt.Sprintf("%+v", want) {
			t.Fatalf("request %d:\nhave %+.300v\nwant %+.300v", i, have, want)
		}
	}
}

func none() io.Reader { return nil }

// Against net/http's own server, everything that its own client would see is seen.
func TestAgreesWithNetHTTP(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	mux := http.NewServeMux()
	handle := func(path string, f http.HandlerFunc) { mux.HandleFunc(path, f) }
	handle("/length", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
	handle("/empty", func(w http.ResponseWriter, r *http.Request) {})
	handle("/chunked", func(w http.ResponseWriter, r *http.Request) {
		for i := range 5 {
			fmt.Fprintf(w, "part %d\n", i)
			w.(http.Flusher).Flush()
		}
	})
	handle("/trailer", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		fmt.Fprint(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set("Sum", "42")
	})
	handle("/204", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
	handle("/304", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("ETag", `"x"`); w.WriteHeader(304) })
	handle("/404", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 404) })
	handle("/500", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "broken", 500) })
	handle("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/length", 302) })
	handle("/hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</x>; rel=preload")
		w.WriteHeader(103)
		w.WriteHeader(103)
		fmt.Fprint(w, "after hints")
	})
	handle("/close", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "bye")
	})
	handle("/big", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(big)))
		io.WriteString(w, big)
	})
	handle("/bigchunked", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, big) })
	handle("/manyheaders", func(w http.ResponseWriter, r *http.Request) {
		for i := range 300 {
			w.Header().Add("X-Many", fmt.Sprint(i))
		}
		fmt.Fprint(w, "many")
	})
	handle("/changing", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Repeat("x", 1+int(r.ContentLength)))
	})
	handle("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Method", r.Method)
		w.Header().Set("Type", r.Header.Get("Content-Type"))
		io.Copy(w, r.Body)
	})
	handle("/unread", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "too much", 413) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, path := range []string{"length", "empty", "chunked", "trailer", "204", "304", "404", "500", "redirect", "hints", "close", "big", "bigchunked", "manyheaders", "changing"} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(method+" "+path, func(t *testing.T) { agree(t, method, server.URL+"/"+path, none) })
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		t.Run(method, func(t *testing.T) {
			agree(t, method, server.URL+"/echo", func() io.Reader { return strings.NewReader("some body") })
		})
	}
	t.Run("large request", func(t *testing.T) {
		agree(t, "POST", server.URL+"/echo", func() io.Reader { return strings.NewReader(big) })
	})
	for _, n := range []int{3, 30, 3, 300} { // the same head, or one that is as long, or longer
		t.Run(fmt.Sprintf("answer of %d", n), func(t *testing.T) {
			agree(t, "POST", server.URL+"/changing", func() io.Reader { return strings.NewReader(big[:n]) })
		})
	}
	t.Run("request that is not read", func(t *testing.T) {
		agree(t, "POST", server.URL+"/unread", func() io.Reader { return strings.NewReader(big[:1000]) })
	})
	t.Run("chunked request", func(t *testing.T) {
		agree(t, "POST", server.URL+"/echo", func() io.Reader {
			return io.MultiReader(strings.NewReader("of no known "), strings.NewReader("length"))
		})
	})
}

// Against bytes that no well-behaved server sends, too: what net/http's client
// takes is taken alike, and what it refuses is refused.
func TestAgreesOnRawAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, answers := range map[string][]string{
		"same head, then another":     {ok, ok, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnot"},
		"head that begins alike":      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: y\r\n\r\nb", "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nabcdefghijkl"},
		"lower case names":            {"HTTP/1.1 200 ok\r\ncontent-length: 2\r\n\r\nok", ok, ok},
		"no reason":                   {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", ok, ok},
		"line feeds only":             {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", ok, ok},
		"folded header":               {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", ok, ok},
		"100 before":                  {"HTTP/1.1 100 Continue\r\n\r\n" + ok, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + ok, ok},
		"until the end":               {"HTTP/1.1 200 OK\r\n\r\nuntil the connection ends"},
		"http 1.0":                    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"http 1.0, kept":              {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", ok, ok},
		"chunk extension":             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n", ok, ok},
		"chunked and length":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		"two equal lengths":           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", ok, ok},
		"two lengths":                 {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk"},
		"negative length":             {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"},
		"length is a word":            {"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"},
		"unknown coding":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok"},
		"bad chunk":                   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n"},
		"chunks end early":            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"},
		"body ends early":             {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"},
		"head ends early":             {"HTTP/1.1 200 OK\r\nContent-Le"},
		"nothing":                     {""},
		"garbage":                     {"SSH-2.0-OpenSSH_9.2\r\n"},
		"binary":                      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
		"space before colon":          {"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"},
		"no colon":                    {"HTTP/1.1 200 OK\r\nContent-Length\r\n\r\nok"},
		"http 2":                      {"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"status is no number":         {"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok"},
		"204 with a length":           {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ok, ok},
		"304 with a length":           {"HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n", ok, ok},
		"first parsed, then repeated": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nko\r\n0\r\n\r\n", ok},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := scripted(t, answers...)
			agree(t, "GET", address, none)
		})
	}
}

func TestDoneIsWhenTheAnswerArrived(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no kernel stamps here")
	}
	body := strings.Repeat("x", 100<<10)
	address, _ := scripted(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	w := newTransport(t)
	a, err := w.Exchange(context.Background(), prepared(t, "GET", address), slow{400 * time.Millisecond})
	if err != nil || !a.Stamped || a.Body != int64(len(body)) {
		t.Fatalf("answer %+v, %v; want %d bytes, stamped", a, err, len(body))
	}
	if late := time.Duration(a.Seen - a.Done); late < 300*time.Millisecond {
		t.Errorf("seen %v after it was done; the reader alone took 400ms", late)
	}
	if took := time.Duration(a.Done - a.Sent); took > 200*time.Millisecond {
		t.Errorf("done %v after it was sent: that holds the reader's own delay", took)
	}
}

// slow is a reader of the body that takes its time before it looks at the first part.
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

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func TestConnectionsAreKept(t *testing.T) {
	address, connections := scripted(t, hello, hello, hello, hello)
	w, r := newTransport(t), prepared(t, "GET", address)
	for range 4 {
		if _, err := w.Exchange(context.Background(), r, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 || w.Dialled() != 1 {
		t.Errorf("%d connections, %d dialled; want one", n, w.Dialled())
	}
}

// A server may close a kept connection at any time. Only a request that may be
// repeated is, and only where none of its answer had come.
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
			if (err == nil) != c.ok || connections.Load() != c.connections {
				t.Errorf("error %v over %d connections; want success %t over %d", err, connections.Load(), c.ok, c.connections)
			}
			if c.ok && !a.Retried && w.Dialled() != 2 {
				t.Errorf("answer %+v: neither retried nor sent on a new connection", a)
			}
		})
	}
}

// The server reads the second request and closes without a word: whether it did
// the work cannot be known, so a POST is not sent again.
func TestPostIsNotRepeated(t *testing.T) {
	var posts atomic.Int64
	address, connections := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		for n := 0; ; n++ {
			if _, err := http.ReadRequest(requests); err != nil {
				return
			}
			posts.Add(1)
			if n == 1 {
				return
			}
			io.WriteString(conn, hello)
		}
	})
	for _, c := range []struct {
		method      string
		ok          bool
		sent, conns int64
	}{{"POST", false, 2, 1}, {"GET", true, 3, 2}} {
		posts.Store(0)
		connections.Store(0)
		w, r := newTransport(t), prepared(t, c.method, address)
		w.Exchange(context.Background(), r, nil)
		a, err := w.Exchange(context.Background(), r, nil)
		if (err == nil) != c.ok || a.Retried != c.ok || posts.Load() != c.sent || connections.Load() != c.conns {
			t.Errorf("%s: error %v, retried %t, %d requests over %d connections; want %+v", c.method, err, a.Retried, posts.Load(), connections.Load(), c)
		}
	}
}

func TestLimits(t *testing.T) {
	endless, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		http.ReadRequest(requests)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(conn, "X-Padding: "+strings.Repeat("p", 1000)+"\r\n"); err != nil {
				return
			}
		}
	})
	hints, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		http.ReadRequest(requests)
		for {
			if _, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
				return
			}
		}
	})
	flood, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		http.ReadRequest(requests)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		for {
			if _, err := conn.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	named, _ := scripted(t, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\nx")
	switched, _ := scripted(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
	for _, c := range []struct {
		name, address string
		want          error
	}{
		{"head without end", endless, ErrHeadTooLarge},
		{"hints without end", hints, ErrHeadTooLarge},
		{"body without end", flood, ErrBodyTooLarge},
		{"body of 100 MB", named, ErrBodyTooLarge},
		{"switch of protocols", switched, ErrSwitched},
	} {
		w := newTransport(t)
		if a, err := w.Exchange(context.Background(), prepared(t, "GET", c.address), nil); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v (%+v)", c.name, err, c.want, a)
		}
	}
}

func TestTimeouts(t *testing.T) {
	for name, begin := range map[string]string{
		"no answer": "", "half a head": "HTTP/1.1 200 OK\r\nConte", "half a body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		"half a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
				http.ReadRequest(requests)
				io.WriteString(conn, begin)
				io.Copy(io.Discard, requests)
			})
			w, r := newTransport(t), prepared(t, "GET", address)
			r.Timeout = 200 * time.Millisecond
			began := time.Now()
			_, err := w.Exchange(context.Background(), r, nil)
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("error %v, want a timeout", err)
			}
			if took := time.Since(began); took < 200*time.Millisecond || took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("a drip that would go on for ever", func(t *testing.T) {
		address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
			http.ReadRequest(requests)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			for {
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
		w, r := newTransport(t), prepared(t, "GET", address)
		r.Timeout = 200 * time.Millisecond
		if _, err := w.Exchange(context.Background(), r, nil); err == nil {
			t.Error("no error")
		}
	})
}

func TestContextEndsAnExchange(t *testing.T) {
	address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		for {
			req, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			if req.URL.Path == "/hello" {
				io.WriteString(conn, hello)
			}
		}
	})
	for _, watched := range []bool{false, true} {
		w, r := newTransport(t), prepared(t, "GET", address)
		r.Timeout = time.Minute
		ctx, cancel := context.WithCancel(context.Background())
		if watched {
			defer w.Watch(ctx)()
		}
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := w.Exchange(ctx, r, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("watched %t: error %v, want %v", watched, err, context.Canceled)
		}
		if _, err := w.Exchange(ctx, r, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("watched %t: error %v of a context that had ended", watched, err)
		}
		if _, err := w.Exchange(context.Background(), prepared(t, "GET", address+"/hello"), nil); err != nil {
			t.Errorf("watched %t: the transport is of no more use: %v", watched, err)
		}
	}
}

// An early answer: the server refuses a large body that it has not read.
func TestAnswerBeforeTheRequestIsRead(t *testing.T) {
	hold := make(chan struct{})
	address, connections := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
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

// Bytes that come on an idle connection belong to no request.
func TestUnsolicitedAnswerIsNotTaken(t *testing.T) {
	second := make(chan struct{})
	address, connections := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		if _, err := http.ReadRequest(requests); err != nil {
			return
		}
		io.WriteString(conn, hello)
		if requests.Buffered() == 0 {
			time.Sleep(20 * time.Millisecond)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
			second <- struct{}{}
		}
		io.Copy(io.Discard, conn)
	})
	w := newTransport(t)
	if _, err := get(t, w, "GET", address, nil); err != nil {
		t.Fatal(err)
	}
	<-second
	time.Sleep(20 * time.Millisecond)
	go func() { <-second }()
	have, err := get(t, w, "GET", address, nil)
	if err != nil || have.body != "hello" || connections.Load() != 2 {
		t.Errorf("%+v, %v over %d connections; want hello, over a second one", have, err, connections.Load())
	}
	time.Sleep(50 * time.Millisecond)
}

// A server may end its side of a kept connection right after an answer, and go on
// reading: what it does not answer is sent again, not waited for.
func TestHalfClosedConnectionIsNotWaitedFor(t *testing.T) {
	address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		if _, err := http.ReadRequest(requests); err != nil {
			return
		}
		io.WriteString(conn, hello)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
	})
	w, r := newTransport(t), prepared(t, "GET", address)
	for i := range 20 {
		if _, err := w.Exchange(context.Background(), r, nil); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
}

// What never got as far as being written still has a time at which it was sent.
func TestSentIsAlwaysKnown(t *testing.T) {
	address, _ := scripted(t, hello)
	w, r := newTransport(t), prepared(t, "GET", address)
	if err := w.DialIdle(context.Background(), r, 1); err != nil {
		t.Fatal(err)
	}
	r.Timeout = 1
	began := time.Now().UnixNano()
	a, err := w.Exchange(context.Background(), r, nil)
	if err == nil || a.Sent < began || a.Done < a.Sent {
		t.Errorf("%+v, %v; began at %d", a, err, began)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) { io.Copy(io.Discard, conn) })
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

// Contexts that end at any moment end their own exchange and no other.
func TestContextsDoNotDisturbEachOther(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
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
				if err != nil && !(i%2 == 0 && errors.Is(err, context.Canceled)) {
					t.Errorf("error %v", err)
				}
				cancel()
			}
		})
	}
	all.Wait()
}

func TestTrimAndOpen(t *testing.T) {
	address, connections := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) { io.Copy(io.Discard, conn) })
	w, r := newTransport(t), prepared(t, "GET", address)
	for _, n := range []int{3, 2, 5} {
		if err := w.DialIdle(context.Background(), r, n); err != nil {
			t.Fatal(err)
		}
	}
	w.Trim(r, 1)
	if err := w.DialIdle(context.Background(), r, 2); err != nil || w.Dialled() != 6 {
		t.Errorf("%d dialled, %v; want 3, none, 2 more, and 1 after all but one were ended", w.Dialled(), err)
	}
	for deadline := time.Now().Add(5 * time.Second); connections.Load() != 6 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if connections.Load() != 6 {
		t.Errorf("the server saw %d connections", connections.Load())
	}
}

// Without receive stamps, too, what comes on an idle connection, or ends it, is
// no part of the next exchange.
func TestIdleTLSConnectionsAreLookedAt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an idle connection cannot be looked at here")
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secret") }))
	server.Config.IdleTimeout = 20 * time.Millisecond
	server.StartTLS()
	defer server.Close()
	w := newTransport(t)
	w.TLS = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	for range 3 {
		if _, err := w.Exchange(context.Background(), prepared(t, "POST", server.URL), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // the server closes meanwhile
	}
}

func TestTLSIsByTheUsersClock(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secret") }))
	defer server.Close()
	w := newTransport(t)
	w.TLS = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	for range 3 {
		a, err := w.Exchange(context.Background(), prepared(t, "GET", server.URL), nil)
		if err != nil || a.Body != 6 || a.Stamped || a.Done < a.Sent {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	if w.Dialled() != 1 {
		t.Errorf("%d dialled, want one", w.Dialled())
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
	if _, err := w.Exchange(context.Background(), prepared(t, "GET", refused), nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v, want refused", err)
	}
	reset, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		http.ReadRequest(requests)
		conn.(*net.TCPConn).SetLinger(0)
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

// Many at once share connections without mixing answers up.
func TestConcurrentExchanges(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) }))
	defer server.Close()
	w := newTransport(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for k := range 100 {
				path := fmt.Sprintf("/%d/%s", i, strings.Repeat("k", k))
				if have, err := get(t, w, "GET", server.URL+path, nil); err != nil || have.body != path {
					t.Errorf("%q, %v; want %q", have.body, err, path)
					return
				}
			}
		})
	}
	group.Wait()
	if n := w.Dialled(); n > 16 {
		t.Errorf("%d connections for 16 at once", n)
	}
}

// FuzzAnswer sends any bytes as an answer, in two pieces: what net/http's client
// makes of them, ours does, and neither hangs. Ours gets them a second time on a
// connection that was kept, after an answer that it knows.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		hello, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", "HTTP/1.0 404 Not Found\r\n\r\ngone",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx", "\x00\xff",
	} {
		f.Add([]byte(seed), uint8(7))
	}
	f.Fuzz(func(t *testing.T, answer []byte, cut uint8) {
		at := min(int(cut), len(answer))
		address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
			req, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			if req.URL.Path == "/kept" {
				io.WriteString(conn, hello)
				if _, err := http.ReadRequest(requests); err != nil {
					return
				}
			}
			conn.Write(answer[:at])
			conn.Write(answer[at:])
		})
		ours, theirs := &Transport{Timeout: 5 * time.Second}, &http.Transport{DisableCompression: true, ResponseHeaderTimeout: 5 * time.Second}
		defer ours.Close()
		defer theirs.CloseIdleConnections()
		want, wantErr := get(t, theirs, "GET", address, nil)
		have, haveErr := get(t, ours, "GET", address, nil)
		if errors.Is(haveErr, ErrSwitched) || errors.Is(haveErr, ErrBodyTooLarge) || want.status == 101 {
			return // ours alone refuses these
		}
		if (wantErr == nil) != (haveErr == nil) || fmt.Sprintf("%+v", have) != fmt.Sprintf("%+v", want) {
			t.Errorf("%q:\nhave %+v, %v\nwant %+v, %v", answer, have, haveErr, want, wantErr)
		}
		if _, err := get(t, ours, "GET", address+"/kept", nil); err != nil {
			return // the first answer's connection was kept, with a third request to come
		}
		if again, err := get(t, ours, "GET", address+"/other", nil); err == nil && haveErr == nil && again.body != have.body && again.body != "hello" {
			t.Errorf("%q on a kept connection: %+v, want %+v", answer, again, have)
		}
	})
}
