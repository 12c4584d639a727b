// Package target launches servers, checks that they keep their contract, weighs
// what they use, and stops them.
//
// There are two launchers: Docker (docker.go, the only file that speaks to the
// engine) and Process. Both pass the suite in targettest, which also has a fake.
package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/claimbench/claimbench/internal/bench"
)

// Limits of the launchers.
const (
	StopTimeout = 8 * time.Second // SIGTERM to SIGKILL
	logTail     = 64 << 10        // bytes kept of a server's log
)

// Error is a failure with advice for the person at the keyboard and, where a
// server or an installer failed, the tail of what it wrote.
type Error struct {
	Err  error
	Hint string
	Log  string
}

func (e *Error) Error() string {
	if tail := lastLines(e.Log, 12); tail != "" {
		return e.Err.Error() + "\n" + tail
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	for i, line := range lines {
		lines[i] = "    " + printable(line)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " ")
}

// printable replaces control characters, so that a server's words cannot drive a terminal.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) {
			return '·'
		}
		return r
	}, s)
	if len(s) > 400 {
		s = s[:400] + "…"
	}
	return s
}

// Errors of a server that is not ready in time.
var (
	errNotReady = errors.New("did not answer /healthz in time")
	errNoPort   = errors.New("did not open its port in time")
)

// look is how often a server is asked whether it is ready: cold starts are known to
// this. Whether it still lives is asked less often, since that may be a call of an engine.
const (
	look      = 2 * time.Millisecond
	lookAlive = 50 * time.Millisecond
)

// awaitReady asks /healthz until it answers 200 (a service's port until it takes a
// connection), the server ends, or the time is up.
func awaitReady(ctx context.Context, url string, t bench.Target, alive func(context.Context) error) error {
	timeout := t.Ready.Duration
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}
	last := "no answer"
	var lived time.Time
	for {
		if time.Since(lived) > lookAlive {
			if err := alive(deadline); err != nil && deadline.Err() == nil {
				return err
			}
			lived = time.Now()
		}
		var status int
		var err error
		if t.TCP {
			if err = dial(deadline, url); err == nil {
				return nil
			}
		} else {
			status, err = get(deadline, client, url+"/healthz")
		}
		if err == nil && status == http.StatusOK {
			return nil
		}
		if err == nil {
			last = fmt.Sprintf("it answered %d", status)
		}
		select {
		case <-deadline.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if t.TCP {
				return fmt.Errorf("%w (%v)", errNoPort, timeout)
			}
			return fmt.Errorf("%w (%v; %s)", errNotReady, timeout, last)
		case <-time.After(look):
		}
	}
}

func dial(ctx context.Context, url string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(url, "http://"))
	if err == nil {
		conn.Close()
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
	resp.Body.Close()
	return resp.StatusCode, nil
}

// tail keeps the last logTail bytes written to it. It is safe for use by
// several goroutines through its owner's lock only.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > logTail {
		t.b = append(t.b[:0], t.b[len(t.b)-logTail:]...)
	}
	return len(p), nil
}
