package stream

import (
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/wire"
)

// inbox takes the deliveries to one member. One goroutine fills it, by receive.
type inbox struct {
	mu sync.Mutex
	b  *broadcast // the drive under way; nil between two drives

	session

	// Of the drive.
	outcomes  []outcome // by message
	position  position
	firstOpen int // first message that may not have arrived
	answers   int64
	wake      time.Duration
	unstamped uint64
	checked   uint64

	// Of the read under way.
	readAt int64 // when its bytes arrived, in nanoseconds since 1970
	got    int   // messages in it
}

// session is the state of a member's connection.
type session struct {
	code    int    // status of the handshake; 0 without an answer
	endedAt int64  // in nanoseconds since 1970; 0 while the connection lasts
	why     string // kind of the error that it ended with
}

// start begins to count deliveries for a drive.
func (i *inbox) start(b *broadcast) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.b, i.position, i.firstOpen = b, newPosition(), 0
	if n := len(b.sends); n <= cap(i.outcomes) {
		i.outcomes = i.outcomes[:n]
		clear(i.outcomes)
	} else {
		i.outcomes = make([]outcome, n)
	}
	i.answers, i.wake, i.unstamped, i.checked = 0, 0, 0, 0
}

// stop stops counting deliveries, and returns the state of the connection.
func (i *inbox) stop() session {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.b = nil
	return i.session
}

// receive lets parse read bytes that arrived. Parse gives the messages in them to
// deliver.
func (i *inbox) receive(p []byte, at wire.Arrival, parse func([]byte) error) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.readAt, i.got = at.UnixNano, 0
	err := parse(p)
	if i.got > 0 {
		n := int64(i.got)
		i.answers += n
		i.wake += time.Duration(n * max(time.Now().UnixNano()-at.UnixNano, 0))
		if !at.Stamped {
			i.unstamped += uint64(n)
		}
		i.b.arrived.Add(n)
	}
	return err
}

// deliver takes a message. The caller is within receive.
func (i *inbox) deliver(payload []byte) {
	if i.b != nil {
		i.b.deliver(i, payload)
	}
}

// reject takes bytes that are not a message. The caller is within receive.
func (i *inbox) reject(payload []byte) {
	if i.b != nil {
		i.b.KeepWrong(payload)
	}
}

// gone says when the connection ended, and why. Only the first call has an effect.
func (i *inbox) gone(at int64, why string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.endedAt == 0 {
		i.endedAt, i.why = at, why
	}
}

// alive reports whether the connection lasts.
func (i *inbox) alive() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.endedAt == 0
}

// settled reports whether no more deliveries to the member are expected: all that
// were sent, and not refused, have arrived, or the connection is closed.
func (i *inbox) settled() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.endedAt != 0 || i.b == nil {
		return true
	}
	for ; i.firstOpen < len(i.outcomes); i.firstOpen++ {
		s := &i.b.sends[i.firstOpen]
		if i.outcomes[i.firstOpen] == 0 && s.at.Load() != 0 && !s.failed.Load() {
			return false
		}
	}
	return true
}
