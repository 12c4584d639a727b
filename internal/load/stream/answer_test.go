package stream

import (
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"strings"
	"testing"
)

func TestAnswers(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct{ name, text, body, rest string }{
		{"chunked", chunked + "3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\nnext", "abc0123456789", "next"},
		{"length", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcnext", "abc", "next"},
		{"empty", "HTTP/1.1 204 No Content\r\n\r\nnext", "", "next"},
		{"switched", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00", "", "\x81\x00"},
	} {
		for size := 1; size <= len(c.text); size++ {
			var a answer
			var body, rest []byte
			err := pieces([]byte(c.text), bytes.Repeat([]byte{byte(size)}, len(c.text)), func(p []byte) error {
				if a.done() {
					rest = append(rest, p...)
					return nil
				}
				r, err := a.feed(p, func(b []byte) error { body = append(body, b...); return nil })
				rest = append(rest, r...)
				return err
			})
			if err != nil {
				t.Fatalf("%s in pieces of %d: %v", c.name, size, err)
			}
			if !a.done() {
				t.Fatalf("%s in pieces of %d: it is not done", c.name, size)
			}
			if string(body) != c.body {
				t.Fatalf("%s in pieces of %d: body %q, want %q", c.name, size, body, c.body)
			}
			if string(rest) != c.rest {
				t.Fatalf("%s in pieces of %d: rest %q, want %q", c.name, size, rest, c.rest)
			}
		}
	}
	var a answer
	if _, err := a.feed([]byte("HTTP/1.1 200 OK\r\n\r\nabc"), func([]byte) error { return nil }); err != nil {
		t.Errorf("until the end: %v", err)
	}
	if a.done() {
		t.Error("an answer until the end is done before it")
	}
	for _, bad := range []string{
		"SSH-2.0\r\n\r\n", strings.Repeat("x", maxHead+1),
		chunked + "\r\n", chunked + "1\r\nab\r\n", chunked + "-1\r\n",
	} {
		var a answer
		if _, err := a.feed([]byte(bad), func([]byte) error { return nil }); !errors.Is(err, errProtocol) {
			t.Errorf("%.60q: %v", bad, err)
		}
	}
}

// FuzzChunks checks that this parser reads every chunked body that the standard library
// accepts as the same body, however it is cut.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"), []byte{1, 2})
	f.Add([]byte("A;ext\r\n0123456789\r\n00\r\nTrailer: x\r\n\r\n"), []byte{1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		var body []byte
		a := answer{state: inChunkSize}
		err := pieces(data, cuts, func(p []byte) error {
			_, err := a.feed(p, func(b []byte) error { body = append(body, b...); return nil })
			return err
		})
		want, wrong := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(data)))
		if wrong == nil && (err != nil || !bytes.Equal(body, want)) {
			t.Errorf("%q, %v; want %q", body, err, want)
		}
	})
}
