package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// got is an answer as a client understands it.
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

// newRequest returns a request without an error.
func newRequest(t testing.TB, method, address string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// get makes one request.
func get(t testing.TB, client http.RoundTripper, req *http.Request) (got, error) {
	t.Helper()
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
	return got{
		status:   resp.StatusCode,
		header:   resp.Header,
		trailer:  resp.Trailer,
		length:   resp.ContentLength,
		coding:   fmt.Sprint(resp.TransferEncoding),
		protocol: resp.Proto,
		close:    resp.Close,
		body:     string(data),
	}, nil
}

// reference returns the transport that ours must agree with.
func reference(t testing.TB) *http.Transport {
	r := &http.Transport{DisableCompression: true, ResponseHeaderTimeout: 2 * time.Second}
	t.Cleanup(r.CloseIdleConnections)
	return r
}

// agree checks that both transports understand three answers alike.
func agree(t *testing.T, method, address string, body func() io.Reader) {
	t.Helper()
	ours, theirs := newTransport(t), reference(t)
	for i := range 3 { // the first on a new connection, the others on kept ones
		want, wantErr := get(t, theirs, newRequest(t, method, address, body()))
		have, haveErr := get(t, ours, newRequest(t, method, address, body()))
		if (wantErr == nil) != (haveErr == nil) {
			t.Fatalf("request %d: error %v, net/http's is %v", i, haveErr, wantErr)
		}
		if fmt.Sprintf("%+v", have) != fmt.Sprintf("%+v", want) {
			t.Fatalf("request %d:\nhave %+.300v\nwant %+.300v", i, have, want)
		}
	}
}

// none is the body of a request without one.
func none() io.Reader { return nil }

// From net/http's server, this client gets everything that net/http's client gets.
func TestAgreesWithNetHTTP(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	mux := http.NewServeMux()
	handle := func(path string, f http.HandlerFunc) { mux.HandleFunc(path, f) }
	handle("/length", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	handle("/empty", func(_ http.ResponseWriter, _ *http.Request) {})
	handle("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 5 {
			fmt.Fprintf(w, "part %d\n", i)
			w.(http.Flusher).Flush()
		}
	})
	handle("/trailer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "Sum")
		fmt.Fprint(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set("Sum", "42")
	})
	handle("/204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	handle("/304", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", `"x"`); w.WriteHeader(304) })
	handle("/404", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 404) })
	handle("/500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", 500) })
	handle("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/length", http.StatusFound) })
	handle("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</x>; rel=preload")
		w.WriteHeader(103)
		w.WriteHeader(103)
		fmt.Fprint(w, "after hints")
	})
	handle("/close", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "bye")
	})
	handle("/big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(big)))
		send(w, big)
	})
	handle("/bigchunked", func(w http.ResponseWriter, _ *http.Request) { send(w, big) })
	handle("/manyheaders", func(w http.ResponseWriter, _ *http.Request) {
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
		_, _ = io.Copy(w, r.Body) // a client that is gone gets nothing
	})
	handle("/unread", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, path := range []string{
		"length", "empty", "chunked", "trailer", "204", "304", "404", "500", "redirect", "hints", "close", "big",
		"bigchunked", "manyheaders", "changing",
	} {
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

// Some servers send bytes that a good server never sends. This client accepts and refuses the same answers as
// net/http's client.
func TestAgreesOnRawAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, answers := range map[string][]string{
		"same head, then another": {ok, ok, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnot"},
		"head that starts alike": {
			"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
			"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: y\r\n\r\nb",
			"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nabcdefghijkl",
		},
		"lower case names": {"HTTP/1.1 200 ok\r\ncontent-length: 2\r\n\r\nok", ok, ok},
		"no reason":        {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", ok, ok},
		"line feeds only":  {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", ok, ok},
		"folded header":    {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", ok, ok},
		"100 before": {
			"HTTP/1.1 100 Continue\r\n\r\n" + ok,
			"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + ok,
			ok,
		},
		"until the end":   {"HTTP/1.1 200 OK\r\n\r\nuntil the connection ends"},
		"http 1.0":        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"http 1.0, kept":  {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", ok, ok},
		"chunk extension": {chunked + "2;x=y\r\nok\r\n0\r\n\r\n", ok, ok},
		"chunked and length": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		},
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
		"status is not a number":      {"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok"},
		"204 with a length":           {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ok, ok},
		"304 with a length":           {"HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n", ok, ok},
		"first parsed, then repeated": {chunked + "2\r\nok\r\n0\r\n\r\n", chunked + "2\r\nko\r\n0\r\n\r\n", ok},
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := scripted(t, answers...)
			agree(t, "GET", address, none)
		})
	}
}

// FuzzAnswer sends any bytes as an answer, in two pieces. Our client must understand
// them as net/http's does, and neither may hang. Ours gets them a second time on a kept
// connection, after an answer that it knows.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		hello,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
		"HTTP/1.0 404 Not Found\r\n\r\ngone",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx",
		"\x00\xff",
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
				send(conn, hello)
				if _, err := http.ReadRequest(requests); err != nil {
					return
				}
			}
			send(conn, string(answer[:at]))
			send(conn, string(answer[at:]))
		})
		ours := &Transport{Timeout: 5 * time.Second}
		theirs := &http.Transport{DisableCompression: true, ResponseHeaderTimeout: 5 * time.Second}
		defer ours.Close()
		defer theirs.CloseIdleConnections()
		want, wantErr := get(t, theirs, newRequest(t, "GET", address, nil))
		have, haveErr := get(t, ours, newRequest(t, "GET", address, nil))
		if errors.Is(haveErr, ErrSwitched) || errors.Is(haveErr, ErrBodyTooLarge) || want.status == 101 {
			return // ours alone refuses these
		}
		if (wantErr == nil) != (haveErr == nil) {
			t.Errorf("%q: error %v, net/http's is %v", answer, haveErr, wantErr)
		}
		if fmt.Sprintf("%+v", have) != fmt.Sprintf("%+v", want) {
			t.Errorf("%q:\nhave %+v\nwant %+v", answer, have, want)
		}
		if _, err := get(t, ours, newRequest(t, "GET", address+"/kept", nil)); err != nil {
			return // the first answer's connection was kept, and a third request follows
		}
		again, err := get(t, ours, newRequest(t, "GET", address+"/other", nil))
		if err == nil && haveErr == nil && again.body != have.body && again.body != "hello" {
			t.Errorf("%q on a kept connection: %+v, want %+v", answer, again, have)
		}
	})
}
