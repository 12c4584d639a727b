package load

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// Dashboard is a bench.Driver for a dashboard: viewers that each hold an event
// stream (text/event-stream) open, and updates that are posted to the same path and
// that every viewer gets as an event. A viewer is there once the server has sent it
// the comment "welcome". A hit is the delivery of one update to one viewer; the
// rest is as of Room. Sent is when the post began, and a post that fails fails
// for all viewers, with the kind of error and the status of its own.
//
// The zero value is ready; viewers and connections are kept, and ended, as of Room.
type Dashboard struct {
	wire     wire.Transport
	audience audience
	number   uint64 // of the last drive
}

// mostPosts is how many posts are in flight at most; what is due beyond fails with
// the error "inflight".
const mostPosts = 1024

// Close ends all connections.
func (v *Dashboard) Close() {
	v.audience.dismiss()
	v.wire.Close()
}

// Drive implements bench.Driver. Its errors are bad input, among it a schedule
// without a rate (ErrClosedLoop), and too few file descriptors (ErrDescriptors).
func (v *Dashboard) Drive(ctx context.Context, base string, w bench.Workload, s bench.Schedule, record func(bench.Hit)) (bench.DriveStats, error) {
	address, host, err := server(base, w.Path)
	if err != nil {
		return bench.DriveStats{}, err
	}
	hello, err := request(address, w, map[string]string{"Accept": "text/event-stream"})
	if err != nil {
		return bench.DriveStats{}, err
	}
	v.number = following(v.number)
	b, err := assemble(ctx, &v.wire, &v.audience, host, w, s, v.number, func(m *member) talk { return &viewTalk{m: m, first: hello} })
	if err != nil {
		return bench.DriveStats{}, err
	}
	p := &posts{broadcast: b, address: address, w: w, ready: make(chan *wire.Request, postsAhead)}
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithCancel(ctx)
	defer cancel()
	defer v.wire.Watch(p.ctx)()
	if r := p.prepare(0); r != nil {
		opening, done := context.WithTimeout(p.ctx, time.Second)
		v.wire.DialIdle(opening, r, min(1+int(float64(s.Rate)/100), mostAhead)) // what goes wrong will show in the posts
		done()
	}
	over := make(chan struct{})
	p.running.Go(func() { p.prepareAll(over) })
	return b.run(p.send, func() bool { return p.inflight.Load() > 0 }, func() {
		close(over)
		if p.inflight.Load() > 0 {
			cancel() // which ends idle connections too
		}
		p.running.Wait()
	}, record), nil
}

// posts sends the updates of a drive.
type posts struct {
	*broadcast
	ctx     context.Context // of the posts; it ends with the wait for deliveries
	address *url.URL
	w       bench.Workload
	ready   chan *wire.Request // the next posts; nil for one that could not be prepared
	running sync.WaitGroup
}

// postsAhead is how many posts are prepared ahead of their time.
const postsAhead = 64

// prepareAll prepares the posts one after the other until the drive is over.
func (p *posts) prepareAll(over <-chan struct{}) {
	for k := range p.sends {
		select {
		case p.ready <- p.prepare(k):
		case <-over:
			return
		}
	}
}

func (p *posts) send(k int) {
	n := p.inflight.Add(1)
	p.peak.Store(max(p.peak.Load(), n))
	s := &p.sends[k]
	r := <-p.ready
	s.now()
	if n > mostPosts {
		s.fail(bench.ErrInflight, 0, s.at.Load())
		p.inflight.Add(-1)
		return
	}
	p.running.Go(func() {
		defer p.inflight.Add(-1)
		p.post(r, s)
	})
}

func (p *posts) post(r *wire.Request, s *send) {
	if r == nil {
		s.fail(bench.ErrProtocol, 0, s.at.Load()) // not reached: others like it were prepared
		return
	}
	a, err := p.wire.Exchange(p.ctx, r, nil)
	s.at.Store(a.Sent)
	code := 0
	if a.Head != nil {
		code = a.Head.StatusCode
	}
	switch {
	case err != nil && p.drive.ctx.Err() == nil && p.ctx.Err() != nil:
		s.fail(bench.ErrTimeout, code, a.Done)
	case err != nil:
		s.fail(p.drive.kind(err), code, a.Done)
	case !expected(code, p.w.Expect.Status):
		s.fail(bench.ErrStatus, code, a.Done)
	}
}

// prepare writes out the post of update k, or returns nil where it is no request.
func (p *posts) prepare(k int) *wire.Request {
	req, err := http.NewRequest(http.MethodPost, p.address.String(), bytes.NewReader(p.messages.append(nil, uint64(k))))
	if err != nil {
		return nil
	}
	req.Header.Set("Content-Type", "application/json")
	dress(req, p.w.Headers)
	r, err := wire.Prepare(req)
	if err != nil {
		return nil
	}
	r.Timeout = p.timeout
	return r
}

// viewTalk is a viewer's side of an event stream.
type viewTalk struct {
	events
	m       *member
	first   []byte // what hello is
	answer  answer
	welcome bool
}

func (t *viewTalk) hello() []byte { return t.first }

func (t *viewTalk) in() bool { return t.welcome }

func (*viewTalk) bye() {}

func (t *viewTalk) read(p []byte) error {
	_, err := t.answer.feed(p, t.span)
	switch {
	case err != nil:
		return err
	case t.m.code == 0 && t.answer.resp != nil:
		return t.check() // an answer without a body
	case t.answer.done():
		return errLeft
	}
	return nil
}

// span takes bytes of the answer's body.
func (t *viewTalk) span(p []byte) error {
	if t.m.code == 0 {
		if err := t.check(); err != nil {
			return err
		}
	}
	return t.events.feed(p, t)
}

// check looks at the head of the answer.
func (t *viewTalk) check() error {
	resp := t.answer.resp
	t.m.code = resp.StatusCode
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: %s for an event stream", errStatus, resp.Status)
	case media != "text/event-stream":
		return fmt.Errorf("%w: %q is no event stream", errProtocol, media)
	}
	return nil
}

// event implements eventHandler.
func (t *viewTalk) event(data []byte) error {
	t.m.came(data)
	return nil
}

// comment implements eventHandler.
func (t *viewTalk) comment(text []byte) error {
	t.welcome = t.welcome || string(bytes.TrimSpace(text)) == "welcome"
	return nil
}
