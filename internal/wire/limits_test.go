package wire

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	endless, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		skipRequest(requests)
		send(conn, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(conn, "X-Padding: "+strings.Repeat("p", 1000)+"\r\n"); err != nil {
				return
			}
		}
	})
	hints, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		skipRequest(requests)
		for {
			if _, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
				return
			}
		}
	})
	flood, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		skipRequest(requests)
		send(conn, "HTTP/1.1 200 OK\r\n\r\n")
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
		t.Run(c.name, func(t *testing.T) {
			w := newTransport(t)
			a, err := w.Exchange(context.Background(), prepared(t, "GET", c.address), nil)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v (%+v)", err, c.want, a)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	for name, start := range map[string]string{
		"no answer":    "",
		"half a head":  "HTTP/1.1 200 OK\r\nConte",
		"half a body":  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		"half a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
				skipRequest(requests)
				send(conn, start)
				drain(requests)
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
	t.Run("a drip without end", func(t *testing.T) {
		address, _ := serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
			skipRequest(requests)
			send(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
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
