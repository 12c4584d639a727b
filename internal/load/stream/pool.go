package stream

import "sync"

// pool keeps connections for token streams. Its zero value is empty.
type pool struct {
	reading sync.WaitGroup // one per connection that lasts

	mu   sync.Mutex
	idle []*connection
	all  map[*connection]struct{}
}

// add adds a connection, which is not idle.
func (p *pool) add(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[*connection]struct{}{}
	}
	p.all[c] = struct{}{}
}

// remove removes a closed connection.
func (p *pool) remove(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, c)
	for i, other := range p.idle {
		if other == c {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			break
		}
	}
}

// put keeps a connection for the next stream.
func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.all[c]; ok {
		p.idle = append(p.idle, c)
	}
}

// take returns the idle connection that was used last, or nil if there are none.
func (p *pool) take() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// idleCount returns how many connections are idle.
func (p *pool) idleCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// hangUp ends all connections, and returns when their goroutines have returned.
func (p *pool) hangUp() {
	p.mu.Lock()
	for c := range p.all {
		c.stream.Interrupt()
	}
	p.idle = nil
	p.mu.Unlock()
	p.reading.Wait()
}
