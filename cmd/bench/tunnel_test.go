package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// tunnel is a socket through which the Docker engine is reached until it is cut.
type tunnel struct {
	path string
	mu   sync.Mutex
	l    net.Listener
	open map[net.Conn]bool
}

func newTunnel(t *testing.T) *tunnel {
	t.Helper()
	dir, err := os.MkdirTemp("", "tunnel") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	tn := &tunnel{path: filepath.Join(dir, "s"), open: map[net.Conn]bool{}}
	tn.mend(t)
	t.Cleanup(func() { tn.cut(); _ = os.RemoveAll(dir) })
	return tn
}

func (tn *tunnel) mend(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", tn.path)
	if err != nil {
		t.Fatal(err)
	}
	tn.mu.Lock()
	tn.l = l
	tn.mu.Unlock()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.DialTimeout("unix", "/var/run/docker.sock", time.Second)
			if err != nil {
				near.Close()
				continue
			}
			tn.mu.Lock()
			tn.open[near], tn.open[far] = true, true
			tn.mu.Unlock()
			go pipe(near.(*net.UnixConn), far)
			go pipe(far.(*net.UnixConn), near)
		}
	}()
}

// pipe copies until the source is done. A tunnel that is cut fails both sides, as it should.
func pipe(to *net.UnixConn, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.CloseWrite()
}

func (tn *tunnel) cut() {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	tn.l.Close()
	for conn := range tn.open {
		conn.Close()
	}
	tn.open = map[net.Conn]bool{}
}
