package wire

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a Transport that sets none.
const (
	DefaultTimeout = 30 * time.Second
	DefaultMaxHead = 1 << 20  // bytes
	DefaultMaxBody = 64 << 20 // bytes
)

// Errors of an exchange, besides those of package net and of net/http's parser.
var (
	ErrHeadTooLarge = errors.New("wire: the head of the answer is too large")
	ErrBodyTooLarge = errors.New("wire: the body of the answer is too large")
	ErrUnsolicited  = errors.New("wire: the answer arrived before its request was sent")
	ErrSwitched     = errors.New("wire: the server switched protocols, but the request did not ask for it")
	ErrClosed       = errors.New("wire: the transport is closed")
)

// Transport is an http.RoundTripper for HTTP/1.1 that keeps its connections. It reads
// an answer whole before it returns. It ignores proxies of the environment and does not
// ask for compression. The zero value is ready. Set fields before the first use only.
// Any goroutine may use it. Close ends its connections.
type Transport struct {
	Timeout time.Duration // of RoundTrip; 0 means DefaultTimeout
	MaxHead int64         // bytes of an answer's head, with the 1xx before it; 0 means DefaultMaxHead
	MaxBody int64         // bytes of an answer's body; 0 means DefaultMaxBody
	TLS     *tls.Config   // for https; nil means the defaults

	dialed  atomic.Uint64
	watched atomic.Value // of type watch: the context of Watch

	mu      sync.Mutex
	stamps  *stamps // keeps the kernel stamping; nil before the first dial
	order   Order
	idle    map[string][]*conn // the connection used last is the last one
	live    map[*conn]struct{}
	closed  bool
	started bool
}

// Answer is the result of an exchange. All times are wall-clock time in nanoseconds
// since 1970.
type Answer struct {
	// Sent is when the exchange started: before its connection was dialed, if it needed
	// a new one, and otherwise just before the request was written.
	Sent int64
	// Done is when the last byte of the answer arrived: by the kernel's clock if Stamped
	// is true, and otherwise by the program's.
	Done int64
	// Seen is when the program had the answer.
	Seen    int64
	Stamped bool
	Retried bool           // sent again on a new connection, because the server had closed the first
	Head    *http.Response // answers share it, so do not change it; nil without an answer
	Body    int64          // bytes of the body, without its transfer coding
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }() // only read
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

// Exchange sends a request and reads its answer whole. The body goes to the writer, or
// nowhere if it is nil. The server may have closed a kept connection before any of the
// answer arrived. Then Exchange sends the request once more on a new connection, if it
// may be repeated. With an error, the Answer holds what was known by then.
//
// The end of the context ends the exchange. Each exchange must register for that, which
// takes some time, unless Watch was called with the same context.
func (t *Transport) Exchange(ctx context.Context, r *Request, body io.Writer) (a Answer, err error) {
	if err := ctx.Err(); err != nil {
		a.Sent = time.Now().UnixNano()
		a.Done, a.Seen = a.Sent, a.Sent
		return a, err
	}
	now := time.Now()
	x := exchange{
		request:  r,
		body:     body,
		deadline: now.Add(r.timeout()),
		maxHead:  cmp.Or(t.MaxHead, DefaultMaxHead),
		maxBody:  cmp.Or(t.MaxBody, DefaultMaxBody),
	}
	c := t.take(r.key, now)
	if c != nil {
		var untouched bool
		untouched, err = t.exchangeOn(ctx, c, &x, &a)
		if err == nil || !untouched || !r.repeatable {
			return a, err
		}
		a = Answer{Sent: a.Sent, Retried: true}
	} else {
		a.Sent = now.UnixNano()
	}
	if c, err = t.dial(ctx, r, x.deadline); err != nil {
		a.Done = time.Now().UnixNano()
		a.Seen = a.Done
		return a, err
	}
	_, err = t.exchangeOn(ctx, c, &x, &a)
	return a, err
}

// exchangeOn makes the exchange on a connection, which it keeps or drops. It reports
// whether the server closed the connection before it sent anything.
func (t *Transport) exchangeOn(ctx context.Context, c *conn, x *exchange, a *Answer) (untouched bool, err error) {
	timeout := x.request.timeout()
	c.limit(x.deadline.Add(-timeout), x.deadline, timeout/16)
	stop := func() bool { return true }
	if ctx.Done() != nil {
		if w, ok := t.watched.Load().(watch); !ok || w.ctx != ctx {
			stop = context.AfterFunc(ctx, c.interrupt)
		}
		if ctx.Err() != nil { // the interruption may have come before the limit was set
			c.interrupt()
		}
	}
	keep, untouched, err := c.exchange(x, a)
	if err != nil && ctx.Err() != nil {
		untouched, err = false, ctx.Err()
	}
	if stop() && keep && err == nil && ctx.Err() == nil {
		t.keep(c)
	} else {
		t.drop(c)
	}
	return untouched, err
}

// watch wraps the context of Watch, so that an atomic.Value can hold any context.
type watch struct{ ctx context.Context }

// Watch makes the end of the context end every exchange under way. Exchanges with this
// very context then need not register for its end one by one. Only one Watch may be in
// effect at a time, until stop is called.
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

// Dialed returns how many connections have been dialed so far, with those of Dial.
func (t *Transport) Dialed() uint64 { return t.dialed.Load() }

// Close ends all connections; exchanges under way fail. It resets idle connections, so
// that thousands of them leave no port in TIME_WAIT for the next server at the same
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
			_ = c.tcp.SetLinger(0) // without it, the connection is closed in the usual way
			c.close()
		}
	}
	t.idle, t.live = nil, nil
	t.stamps.close()
}
