package target

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

const (
	// readyInterval is the time between two checks whether a server is ready. The start time
	// of a server is measured to within it.
	readyInterval = 2 * time.Millisecond
	// aliveInterval is the least time between two checks whether a starting server still
	// runs. It is longer, since such a check may be a call of the Docker engine.
	aliveInterval = 50 * time.Millisecond
)

// readiness is how to find out whether one server is ready.
type readiness struct {
	url     string
	tcp     bool          // an open port is enough
	timeout time.Duration // since the launch
	alive   func(context.Context) error
}

func newReadiness(t bench.Target, url string, alive func(context.Context) error) readiness {
	return readiness{url: url, tcp: t.TCP, timeout: t.Ready.Duration, alive: alive}
}

// await returns nil once /healthz answers 200, or once a TCP service accepts a connection. It
// returns an error if the server exits, the timeout passes, or the context is done.
func (r readiness) await(ctx context.Context) error {
	deadline, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}
	lastStatus := 0
	var seenAlive time.Time
	for {
		if time.Since(seenAlive) > aliveInterval {
			if err := r.alive(deadline); err != nil && deadline.Err() == nil {
				return err
			}
			seenAlive = time.Now()
		}
		if r.tcp {
			if dial(deadline, r.url) == nil {
				return nil
			}
		} else if status, err := get(deadline, client, r.url+"/healthz"); err == nil {
			if status == http.StatusOK {
				return nil
			}
			lastStatus = status
		}
		select {
		case <-deadline.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return r.late(lastStatus)
		case <-time.After(readyInterval):
		}
	}
}

// late returns the error of a server that was not ready in time. The status is that of its last
// answer, 0 if it gave none.
func (r readiness) late(status int) error {
	switch {
	case r.tcp:
		return fmt.Errorf("the server did not open its port within %v", r.timeout)
	case status == 0:
		return fmt.Errorf("the server did not answer /healthz within %v", r.timeout)
	}
	return fmt.Errorf("the server did not answer /healthz with status 200 within %v; its last status was %d",
		r.timeout, status)
}

func dial(ctx context.Context, url string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(url, "http://"))
	if err == nil {
		_ = conn.Close()
	}
	return err
}

func get(ctx context.Context, client *http.Client, url string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}
