// Package wire is an HTTP/1.1 client transport that tells when an answer arrived.
//
// A program learns of an answer when it is scheduled, which on a busy core may be
// milliseconds after the answer came. The kernel knows better: it stamps each
// segment as it is received (SO_TIMESTAMPNS, socket(7)). This transport reads with
// recvmsg(2) and takes the stamp of the last segment of each answer, so that a
// generator's own delays stay out of what it measures.
//
// What is parsed is parsed by net/http. On the way that most requests of a load
// take there is nothing to parse: a head that is byte for byte the one before
// it means the same.
package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Limits where a Transport names none.
const (
	DefaultTimeout = 30 * time.Second
	DefaultMaxHead = 1 << 20  // bytes
	DefaultMaxBody = 64 << 20 // bytes
)

// Errors of an exchange, beside those of package net and of the parser.
var (
	ErrHeadTooLarge = errors.New("wire: the head of the answer is too large")
	ErrBodyTooLarge = errors.New("wire: the body of the answer is too large")
	ErrUnsolicited  = errors.New("wire: an answer came before its request was sent")
	ErrSwitched     = errors.New("wire: the server switched protocols unasked")
	ErrClosed       = errors.New("wire: the transport is closed")
)

// Transport is an http.RoundTripper for HTTP/1.1 with connections that are kept.
// An answer is read whole before it is returned. It neither follows proxies of the
// environment nor asks for compression. The zero value is ready; fields must not
// change once it is in use. Close ends its connections.
type Transport struct {
	Timeout time.Duration // of requests that name none
	MaxHead int64         // bytes of an answer's head, with the 1xx before it; DefaultMaxHead where it is 0
	MaxBody int64         // bytes of an answer's body; DefaultMaxBody where it is 0
	TLS     *tls.Config   // for https; nil for the defaults

	dialled atomic.Uint64
	inTurn  atomic.Bool
	watched atomic.Value // of watch: the context of Watch

	mu      sync.Mutex
	stamps  *stamps // keeps the kernel stamping; nil before the first dial
	idle    map[string][]*conn
	live    map[*conn]struct{}
	closed  bool
	started bool
}

type watch struct{ ctx context.Context }

// Answer is what an exchange yielded.
type Answer struct {
	// Sent is when the request began: before the connection was dialled where one had
	// to be, else before the request was written. Done is when the last byte arrived,
	// by the kernel's clock if Stamped, else by the program's; Seen is when the program
	// had it. All are wall clock time, in nanoseconds since 1970.
	Sent, Done, Seen int64
	Stamped          bool
	Retried          bool           // on another connection, since the server had closed the first
	Head             *http.Response // shared by answers: not to be changed; nil where there was none
	Body             int64          // bytes of the body, without its transfer coding
}

// Request is a request that is written out, to be sent any number of times.
type Request struct {
	// Timeout is the most that an exchange may take, from its begin to the last byte;
	// it may be up to a sixteenth later that it fails. DefaultTimeout where it is 0.
	Timeout time.Duration
	// Body is the length of the request's body in bytes.
	Body int64

	bytes    []byte
	scheme   string
	address  string        // host:port
	server   string        // host, for TLS
	key      string        // of the pool
	head     *http.Request // what the parser must know of it
	close    bool
	repeated bool // may be sent again (RFC 9110, 9.2.2)
}

// Prepare writes a request out, its body included.
func Prepare(req *http.Request) (*Request, error) {
	r := &Request{scheme: req.URL.Scheme, server: req.URL.Hostname(), close: req.Close || httpguts.HeaderValuesContainsToken(req.Header["Connection"], "close"), Body: max(req.ContentLength, 0)}
	port := req.URL.Port()
	switch {
	case r.scheme != "http" && r.scheme != "https":
		return nil, fmt.Errorf("wire: unknown scheme %q", r.scheme)
	case r.server == "":
		return nil, errors.New("wire: no host")
	case req.Method == http.MethodConnect:
		return nil, errors.New("wire: CONNECT is not supported")
	case port == "" && r.scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	r.address = net.JoinHostPort(r.server, port)
	r.key = r.scheme + "://" + r.address
	switch req.Method {
	case "", "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		r.repeated = true
	}
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		return nil, fmt.Errorf("wire: write the request: %w", err)
	}
	r.bytes = b.Bytes()
	r.head = &http.Request{Method: req.Method}
	return r, nil
}

func (r *Request) timeout() time.Duration {
	if r.Timeout == 0 {
		return DefaultTimeout
	}
	return r.Timeout
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	r, err := Prepare(req)
	if err != nil {
		return nil, err
	}
	r.Timeout = t.Timeout
	var body bytes.Buffer
	a, err := t.Exchange(req.Context(), r, &body)
	if err != nil {
		return nil, err
	}
	resp := *a.Head
	resp.Header, resp.Trailer, resp.Request = a.Head.Header.Clone(), a.Head.Trailer.Clone(), req
	resp.Body = http.NoBody
	if body.Len() > 0 {
		resp.Body = io.NopCloser(&body)
	}
	return &resp, nil
}

// Exchange sends a request and reads its answer whole; the body goes to the
// writer, or nowhere if it is nil. Where a kept connection turns out to have been
// closed by the server before any of the answer came, a request that may be
// repeated is sent once more, on a new connection. With an error the Answer holds
// what was known by then.
//
// The end of the context ends the exchange. To hear of it costs an exchange some
// time, unless the context was made known with Watch.
func (t *Transport) Exchange(ctx context.Context, r *Request, body io.Writer) (a Answer, err error) {
	if err := ctx.Err(); err != nil {
		a.Sent = time.Now().UnixNano()
		a.Done, a.Seen = a.Sent, a.Sent
		return a, err
	}
	began := time.Now()
	deadline := began.Add(r.timeout())
	c := t.take(r.key, began)
	if c != nil {
		var untouched bool
		untouched, err = t.on(ctx, c, r, body, deadline, &a)
		if err == nil || !untouched || !r.repeated {
			return a, err
		}
		a = Answer{Sent: a.Sent, Retried: true}
	} else {
		a.Sent = began.UnixNano()
	}
	if c, err = t.dial(ctx, r, deadline); err != nil {
		a.Done = time.Now().UnixNano()
		a.Seen = a.Done
		return a, err
	}
	_, err = t.on(ctx, c, r, body, deadline, &a)
	return a, err
}

// on makes the exchange on a connection, which it keeps or closes. It reports
// whether the server closed the connection before it sent anything.
func (t *Transport) on(ctx context.Context, c *conn, r *Request, body io.Writer, deadline time.Time, a *Answer) (untouched bool, err error) {
	c.limit(deadline.Add(-r.timeout()), deadline, r.timeout()/16)
	stop := func() bool { return true }
	if ctx.Done() != nil {
		if w, ok := t.watched.Load().(watch); !ok || w.ctx != ctx {
			stop = context.AfterFunc(ctx, c.interrupt)
		}
		if ctx.Err() != nil { // the interruption may have come before the limit was set
			c.interrupt()
		}
	}
	keep, untouched, err := c.exchange(t, r, body, a)
	if err != nil && ctx.Err() != nil {
		untouched, err = false, ctx.Err()
	}
	t.put(c, stop() && keep && err == nil && ctx.Err() == nil)
	return untouched, err
}

// InTurn has each exchange take the idle connection that was used longest ago, so
// that all are used in turn, in place of the one that was used last.
func (t *Transport) InTurn(on bool) { t.inTurn.Store(on) }

// take returns an idle connection, or nil.
func (t *Transport) take(key string, now time.Time) *conn {
	for {
		t.mu.Lock()
		list := t.idle[key]
		if len(list) == 0 {
			t.mu.Unlock()
			return nil
		}
		c := list[len(list)-1]
		if t.inTurn.Load() {
			c, list = list[0], list[1:]
		} else {
			list = list[:len(list)-1]
		}
		t.idle[key] = list
		t.mu.Unlock()
		if c.alive(now) {
			return c
		}
		t.put(c, false)
	}
}

// put keeps a connection for its next exchange, or closes it.
func (t *Transport) put(c *conn, keep bool) {
	t.mu.Lock()
	keep = keep && !t.closed
	if keep {
		t.idle[c.key] = append(t.idle[c.key], c)
	} else {
		delete(t.live, c)
	}
	t.mu.Unlock()
	if !keep {
		c.close()
	}
}

// dial makes a connection.
func (t *Transport) dial(ctx context.Context, r *Request, deadline time.Time) (*conn, error) {
	if err := t.start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	t.dialled.Add(1)
	dialer := net.Dialer{KeepAlive: -1}
	inner, err := dialer.DialContext(ctx, "tcp", r.address)
	if err != nil {
		return nil, err
	}
	tcp := inner.(*net.TCPConn)
	if r.scheme == "https" {
		config := &tls.Config{}
		if t.TLS != nil {
			config = t.TLS.Clone()
		}
		config.NextProtos = []string{"http/1.1"}
		if config.ServerName == "" {
			config.ServerName = r.server
		}
		secured := tls.Client(inner, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			inner.Close()
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: inner.RemoteAddr(), Err: err}
		}
		inner = secured
	}
	c := newConn(inner, tcp, r.key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		inner.Close()
		return nil, ErrClosed
	}
	t.live[c] = struct{}{}
	return c, nil
}

// start makes the kernel stamp what it receives.
func (t *Transport) start() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return ErrClosed
	case t.started:
		return nil
	}
	t.started = true
	t.idle, t.live = map[string][]*conn{}, map[*conn]struct{}{}
	t.stamps, _ = startStamps() // the answers will show it
	return nil
}

// DialIdle makes ready n idle connections for the request, or more where there are
// more: it ends those that the server has closed, and dials what is missing.
func (t *Transport) DialIdle(ctx context.Context, r *Request, n int) error {
	var alive []*conn
	now := time.Now()
	for c := t.take(r.key, now); c != nil; c = t.take(r.key, now) {
		alive = append(alive, c)
	}
	for _, c := range alive {
		t.put(c, true)
	}
	for range n - len(alive) {
		c, err := t.dial(ctx, r, time.Now().Add(r.timeout()))
		if err != nil {
			return err
		}
		t.put(c, true)
	}
	return nil
}

// Trim ends idle connections for the request until no more than n are left.
func (t *Transport) Trim(r *Request, n int) {
	t.mu.Lock()
	list := t.idle[r.key]
	var ended []*conn
	if len(list) > n {
		ended = slices.Clone(list[n:])
		t.idle[r.key] = list[:n]
	}
	t.mu.Unlock()
	for _, c := range ended {
		t.put(c, false)
	}
}

// Watch makes the end of the context end every exchange under way, and spares
// those that are given this very context to register with it each. There is one
// Watch at a time, until stop is called.
func (t *Transport) Watch(ctx context.Context) (stop func()) {
	t.watched.Store(watch{ctx})
	unwatch := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for c := range t.live {
			c.interrupt()
		}
	})
	return func() {
		unwatch()
		t.watched.Store(watch{})
	}
}

// KernelClock reports whether this machine's kernel stamps what it receives.
func KernelClock() bool {
	s, ok := startStamps()
	s.close()
	return ok
}

// Dialled is how many connections have been dialled.
func (t *Transport) Dialled() uint64 { return t.dialled.Load() }

// Close ends all connections; exchanges under way fail. Idle ones are reset, so that
// thousands of them leave no port waiting (TIME_WAIT) for the next server at the same
// address.
func (t *Transport) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for c := range t.live {
		c.interrupt()
	}
	for _, list := range t.idle {
		for _, c := range list {
			c.tcp.SetLinger(0)
			c.close()
		}
	}
	t.idle, t.live = nil, nil
	t.stamps.close()
}
