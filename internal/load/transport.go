package load

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/wire"
)

// checkEvery is the sampling of body checks under load: every 32nd answer of an attacker.
const checkEvery = 32

// transport is the http.RoundTripper of one of vegeta's attackers. It sends the
// drive's request in place of vegeta's, which differs by vegeta's own bookkeeping
// only. It hands the finished hit to the ledger; vegeta gets an answer without a body.
type transport struct {
	*httpDrive
	share drive.Share
	dues  dueRing // nil in a closed loop
}

var errInFlight = errors.New("too many requests in flight")

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// answered is the response that vegeta gets for every request, whatever its answer.
var answered = &http.Response{
	Status:     "200 OK",
	StatusCode: http.StatusOK,
	Header:     http.Header{},
	Body:       http.NoBody,
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	seq, _ := strconv.ParseUint(req.Header["X-Vegeta-Seq"][0], 10, 64)
	hit := bench.Hit{Seq: t.share.Seq(seq), BytesOut: t.request.Body}
	var due time.Duration
	if t.dues != nil {
		due = t.dues.get(seq) // at once: while this one waits, another request may take its place
	}
	var a wire.Answer
	var err error
	switch n := t.InFlight.Enter(); {
	case n > t.maxInFlight:
		err = errInFlight
		a.Sent = time.Now().UnixNano()
		a.Done, a.Seen = a.Sent, a.Sent
	case t.expect.SHA256 != "" && seq%checkEvery == 0:
		a, err = t.exchangeChecked(&hit)
	default:
		a, err = t.exchange(&hit)
	}
	t.InFlight.Leave()
	hit.Sent, hit.Done = t.SinceStart(a.Sent), t.SinceStart(a.Done)
	hit.Due = due
	if t.dues == nil {
		hit.Due = hit.Sent
	}
	if err != nil && hit.Err == "" {
		hit.Err = t.errorKind(err)
	}
	t.hits.add(hit)
	return answered, nil
}

// exchange sends the request and fills in the hit.
func (t *transport) exchange(hit *bench.Hit) (wire.Answer, error) {
	a, err := t.wire.Exchange(t.Context(), t.request, nil)
	t.fill(hit, a, err)
	return a, err
}

// exchangeChecked does the same, and compares the answer's whole body with the
// expected one.
func (t *transport) exchangeChecked(hit *bench.Hit) (wire.Answer, error) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	a, err := t.wire.Exchange(t.Context(), t.request, buffer)
	t.fill(hit, a, err)
	if err != nil || hit.Err != "" {
		return a, err
	}
	t.CountChecked(1)
	if sum := sha256.Sum256(buffer.Bytes()); hex.EncodeToString(sum[:]) != t.expect.SHA256 {
		hit.Err = bench.ErrBody
		t.KeepWrong(buffer.Bytes())
	}
	return a, nil
}

// fill fills in the hit from an answer, and counts the answer.
func (t *transport) fill(hit *bench.Hit, a wire.Answer, err error) {
	hit.BytesIn = a.Body
	if a.Head != nil {
		hit.Code = a.Head.StatusCode
	}
	if a.Retried {
		t.CountRetry()
	}
	if err != nil {
		return
	}
	if !drive.StatusExpected(hit.Code, t.expect.Status) {
		hit.Err = bench.ErrStatus
	}
	unstamped := uint64(0)
	if !a.Stamped {
		unstamped = 1
	}
	t.CountAnswers(1, time.Duration(a.Seen-a.Done), unstamped)
}

// errorKind returns the kind of a request's error.
func (t *transport) errorKind(err error) string {
	if errors.Is(err, errInFlight) && !t.Canceled() {
		return bench.ErrInflight
	}
	return t.ErrorKind(err)
}
