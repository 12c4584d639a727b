package stream

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/wire"
)

const (
	// maxPosts is how many posts may be in flight. A post due beyond fails with the
	// error "inflight".
	maxPosts = 1024
	// postsAhead is how many posts are prepared ahead of their time.
	postsAhead = 64
)

// posts sends the updates of one drive of a dashboard. It implements sender.
type posts struct {
	*broadcast
	ctx     context.Context // of the posts
	cancel  context.CancelFunc
	address *url.URL
	w       bench.Workload
	ready   chan *wire.Request // the next posts; nil for one that could not be prepared
	over    chan struct{}      // closed when no more posts are needed
	running sync.WaitGroup
}

// newPosts returns the posts of a broadcast. Call cancel when the drive is over.
func newPosts(ctx context.Context, b *broadcast, address *url.URL, w bench.Workload) *posts {
	p := &posts{
		broadcast: b,
		address:   address,
		w:         w,
		ready:     make(chan *wire.Request, postsAhead),
		over:      make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// prepareAll prepares the posts, one after the other, until the drive is over.
func (p *posts) prepareAll() {
	for k := range p.sends {
		select {
		case p.ready <- p.prepare(k):
		case <-p.over:
			return
		}
	}
}

// prepare writes out the post of update k. It returns nil if that is impossible.
func (p *posts) prepare(k int) *wire.Request {
	req, err := drive.NewRequest(http.MethodPost, p.address, p.append(nil, uint64(k)), p.w)
	if err != nil {
		return nil
	}
	if req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	r, err := wire.Prepare(req)
	if err != nil {
		return nil
	}
	r.Timeout = p.timeout
	return r
}

// send implements sender.
func (p *posts) send(k int) {
	n := p.InFlight.Enter()
	s := &p.sends[k]
	r := <-p.ready
	s.now()
	if n > maxPosts {
		s.fail(bench.ErrInflight, 0, s.at.Load())
		p.InFlight.Leave()
		return
	}
	p.running.Go(func() {
		defer p.InFlight.Leave()
		p.post(r, s)
	})
}

// post sends one update and notes in s if it failed.
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
	case err != nil && !p.Canceled() && p.ctx.Err() != nil: // the wait for deliveries is over
		s.fail(bench.ErrTimeout, code, a.Done)
	case err != nil:
		s.fail(p.errorKind(err), code, a.Done)
	case !drive.StatusExpected(code, p.w.Expect.Status):
		s.fail(bench.ErrStatus, code, a.Done)
	}
}

// pending implements sender.
func (p *posts) pending() bool { return p.InFlight.Now() > 0 }

// stop implements sender.
func (p *posts) stop() {
	close(p.over)
	if p.pending() {
		p.cancel() // this ends idle connections too, so only if it must be
	}
	p.running.Wait()
}
