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
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// checkEvery is how often an answer's body is compared with the expected one under load.
const checkEvery = 32

// transport is the http.RoundTripper under one of vegeta's attackers. It sends the
// drive's request in place of vegeta's, which is the same but for vegeta's own
// bookkeeping, and hands the finished hit on; vegeta gets an answer without a body.
type transport struct {
	*drive
	share share
	dues  dueRing // nil in a closed loop
}

var errInflight = errors.New("too many requests in flight")

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// done is what vegeta gets for every request that was answered, whatever the answer.
var done = &http.Response{Status: "200 OK", StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	seq, _ := strconv.ParseUint(req.Header["X-Vegeta-Seq"][0], 10, 64)
	hit := bench.Hit{Seq: t.share.seq(seq), BytesOut: t.request.Body}
	var due time.Duration
	if t.dues != nil {
		due = t.dues.get(seq) // now: others may take its place while this one waits
	}
	n := t.inflight.Add(1)
	for peak := t.peak.Load(); n > peak && !t.peak.CompareAndSwap(peak, n); peak = t.peak.Load() {
	}
	var a wire.Answer
	err := errInflight
	if n <= t.cap {
		a, err = t.exchange(&hit, t.expect.SHA256 != "" && seq%checkEvery == 0)
	} else {
		a.Sent = time.Now().UnixNano()
		a.Done, a.Seen = a.Sent, a.Sent
	}
	t.inflight.Add(-1)
	hit.Sent, hit.Done = time.Duration(a.Sent-t.epoch), time.Duration(a.Done-t.epoch)
	hit.Due = due
	if t.dues == nil {
		hit.Due = hit.Sent
	}
	if err != nil && hit.Err == "" {
		hit.Err = t.kind(err)
	}
	t.hits.add(hit)
	return done, nil
}

// exchange makes the request and fills in what the answer was.
func (t *transport) exchange(hit *bench.Hit, check bool) (wire.Answer, error) {
	if check {
		return t.check(hit)
	}
	a, err := t.wire.Exchange(t.ctx, t.request, nil)
	t.took(hit, a, err)
	return a, err
}

// took notes what an answer was.
func (t *transport) took(hit *bench.Hit, a wire.Answer, err error) {
	hit.BytesIn = a.Body
	if a.Head != nil {
		hit.Code = a.Head.StatusCode
	}
	if a.Retried {
		t.retried.Add(1)
	}
	if err != nil {
		return
	}
	if !expected(hit.Code, t.expect.Status) {
		hit.Err = bench.ErrStatus
	}
	t.answers.Add(1)
	t.wake.Add(a.Seen - a.Done)
	if !a.Stamped {
		t.unstamped.Add(1)
	}
}

// expected reports whether a status is the one wanted, or, where none is named,
// one of success.
func expected(status, want int) bool {
	return status == want || want == 0 && status >= 200 && status < 400
}

// check makes the request and compares the answer's whole body with the expected one.
func (t *transport) check(hit *bench.Hit) (wire.Answer, error) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	a, err := t.wire.Exchange(t.ctx, t.request, buffer)
	t.took(hit, a, err)
	if err != nil || hit.Err != "" {
		return a, err
	}
	t.checked.Add(1)
	if sum := sha256.Sum256(buffer.Bytes()); hex.EncodeToString(sum[:]) != t.expect.SHA256 {
		hit.Err = bench.ErrBody
		text := fmt.Sprintf("%.200q", buffer.Bytes())
		t.wrong.CompareAndSwap(nil, &text)
	}
	return a, nil
}

// kind is the kind of a request's error. A request that was cut off because the
// drive was cancelled is no fault of the server's.
func (t *transport) kind(err error) string {
	var op *net.OpError
	var timeout net.Error
	switch {
	case t.ctx.Err() != nil:
		return bench.ErrStopped
	case errors.Is(err, errInflight):
		return bench.ErrInflight
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return bench.ErrTimeout
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		return bench.ErrExhausted
	case errors.As(err, &op) && op.Op == "dial":
		return bench.ErrDial
	case errors.Is(err, wire.ErrHeadTooLarge), errors.Is(err, wire.ErrBodyTooLarge):
		return bench.ErrSize
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return bench.ErrReset
	}
	return bench.ErrProtocol
}
