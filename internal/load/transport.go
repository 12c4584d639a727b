package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// checkEvery is how often an answer's body is compared with the expected one under load.
const checkEvery = 32

// transport is the http.RoundTripper under vegeta's attacker for one drive. It
// takes the times of each request as close to the wire as it can, reads the
// whole answer, and hands the finished hit on; vegeta gets an answer without a
// body. Its clock is the user's: net/http gives no other.
type transport struct {
	ctx      context.Context
	base     http.RoundTripper
	start    time.Time
	dues     dueRing // nil in a closed loop
	expect   bench.Expect
	timeout  time.Duration
	cap      int64 // most requests in flight
	inflight atomic.Int64
	peak     atomic.Int64
	checked  atomic.Uint64
	wrong    atomic.Pointer[string]
	hits     chan<- bench.Hit
}

var errInflight = errors.New("too many requests in flight")

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	seq, _ := strconv.ParseUint(req.Header.Get("X-Vegeta-Seq"), 10, 64)
	req.Header.Del("X-Vegeta-Seq") // the server on trial is not to parse our bookkeeping
	hit := bench.Hit{Seq: seq, BytesOut: max(req.ContentLength, 0)}
	n := t.inflight.Add(1)
	defer t.inflight.Add(-1)
	for peak := t.peak.Load(); n > peak && !t.peak.CompareAndSwap(peak, n); peak = t.peak.Load() {
	}

	hit.Sent = time.Since(t.start)
	hit.Due = hit.Sent
	if t.dues != nil {
		hit.Due = t.dues.get(seq)
	}
	resp, err := t.roundTrip(req, n, &hit)
	hit.Done = time.Since(t.start)
	if err != nil && hit.Err == "" {
		hit.Err = t.kind(err)
	}
	t.hits <- hit
	return resp, err
}

// roundTrip makes the request and fills in what the answer was.
func (t *transport) roundTrip(req *http.Request, n int64, hit *bench.Hit) (*http.Response, error) {
	if n > t.cap {
		hit.Err = bench.ErrInflight
		return nil, errInflight
	}
	ctx, cancel := context.WithTimeout(t.ctx, t.timeout)
	defer cancel()
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	hit.Code = resp.StatusCode
	check := t.expect.SHA256 != "" && hit.Seq%checkEvery == 0
	if check {
		hit.BytesIn, err = t.check(resp.Body, hit)
	} else {
		hit.BytesIn, err = io.Copy(io.Discard, resp.Body)
	}
	if err != nil {
		return nil, err
	}
	if !expected(hit.Code, t.expect.Status) {
		hit.Err = bench.ErrStatus
	}
	resp.Body = http.NoBody
	return resp, nil
}

// expected reports whether a status is the one wanted, or, where none is named,
// one of success.
func expected(status, want int) bool {
	return status == want || want == 0 && status >= 200 && status < 400
}

// check compares a whole body with the expected one.
func (t *transport) check(body io.Reader, hit *bench.Hit) (int64, error) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	n, err := buffer.ReadFrom(body)
	if err != nil {
		return n, err
	}
	t.checked.Add(1)
	if sum := sha256.Sum256(buffer.Bytes()); hex.EncodeToString(sum[:]) != t.expect.SHA256 {
		hit.Err = bench.ErrBody
		text := fmt.Sprintf("%.200q", buffer.Bytes())
		t.wrong.CompareAndSwap(nil, &text)
	}
	return n, nil
}

// kind is the kind of a request's error. A request that was cut off because the
// drive was cancelled is no fault of the server's.
func (t *transport) kind(err error) string {
	var op *net.OpError
	var timeout net.Error
	switch {
	case t.ctx.Err() != nil:
		return bench.ErrStopped
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return bench.ErrTimeout
	case errors.As(err, &op) && op.Op == "dial":
		return bench.ErrDial
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return bench.ErrReset
	}
	return bench.ErrProtocol
}
