package load

import (
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// ledger takes hits from many goroutines and gives them to one. That one polls every
// few milliseconds: a channel would wake it for every hit, which costs a busy core
// more than the hit's own accounting.
type ledger struct {
	mu     sync.Mutex
	room   sync.Cond // signals that there is room for more hits
	hits   []bench.Hit
	closed chan struct{}
}

const (
	ledgerInterval = 5 * time.Millisecond
	ledgerSize     = 1 << 16 // hits kept; add waits beyond it
)

// newLedger returns an empty ledger.
func newLedger() *ledger {
	l := &ledger{closed: make(chan struct{})}
	l.room.L = &l.mu
	return l
}

// add adds a hit. It waits while the ledger is full.
func (l *ledger) add(h bench.Hit) {
	l.mu.Lock()
	for len(l.hits) >= ledgerSize {
		l.room.Wait()
	}
	l.hits = append(l.hits, h)
	l.mu.Unlock()
}

// close says that no more hits will be added.
func (l *ledger) close() { close(l.closed) }

// each calls f with every hit until the ledger is closed.
func (l *ledger) each(f func(bench.Hit)) {
	ticker := time.NewTicker(ledgerInterval)
	defer ticker.Stop()
	var taken []bench.Hit
	for more := true; more; {
		select {
		case <-ticker.C:
		case <-l.closed:
			more = false
		}
		l.mu.Lock()
		taken, l.hits = l.hits, taken[:0]
		l.room.Broadcast()
		l.mu.Unlock()
		for _, h := range taken {
			f(h)
		}
	}
}
