package wire

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// scripted starts a server that answers the n-th request on each connection with the
// n-th answer, byte for byte. After the last answer it closes the connection.
func scripted(t testing.TB, answers ...string) (address string, connections *atomic.Int64) {
	t.Helper()
	return serveRaw(t, func(conn net.Conn, requests *bufio.Reader) {
		for _, answer := range answers {
			req, err := http.ReadRequest(requests)
			if err != nil {
				return
			}
			drain(req.Body)
			if _, err := io.WriteString(conn, answer); err != nil {
				return
			}
		}
	})
}

// send writes text to a client, which may be gone.
func send(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

// drain reads until the end.
func drain(r io.Reader) { _, _ = io.Copy(io.Discard, r) }

// skipRequest reads a request, if the client sends one.
func skipRequest(requests *bufio.Reader) { _, _ = http.ReadRequest(requests) }

// serveRaw starts a server that hands every connection to handle and then closes it.
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
