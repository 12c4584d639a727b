package load

import (
	"sync"
	"time"
)

// inbox takes the deliveries to one member. One goroutine fills it, by receive.
type inbox struct {
	mu sync.Mutex
	b  *broadcast // the drive under way; nil between two

	ending // of the connection

	// Of the drive.
	outcomes  []outcome // by message
	place     place
	low       int // first message that may not have come
	answers   int64
	wake      int64
	unstamped uint64
	checked   uint64

	// Of the read under way.
	read int64 // when it arrived
	got  int   // messages in it
}

// ending is how a connection began and ended.
type ending struct {
	code int    // status of its handshake; 0 where there was no answer
	at   int64  // when it ended, in nanoseconds since 1970; 0 while it lasts
	why  string // kind of error that it ended with
}

// begin has deliveries counted for a drive.
func (i *inbox) begin(b *broadcast) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.b, i.place, i.low = b, start(), 0
	if n := len(b.sends); n <= cap(i.outcomes) {
		i.outcomes = i.outcomes[:n]
		clear(i.outcomes)
	} else {
		i.outcomes = make([]outcome, n)
	}
	i.answers, i.wake, i.unstamped, i.checked = 0, 0, 0, 0
}

// end has deliveries not counted any more.
func (i *inbox) end() ending {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.b = nil
	return i.ending
}

// receive has parse read what arrived at the time. What parse finds it gives to came.
func (i *inbox) receive(p []byte, at int64, stamped bool, parse func([]byte) error) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.read, i.got = at, 0
	err := parse(p)
	if i.got > 0 {
		n := int64(i.got)
		i.answers += n
		i.wake += n * max(time.Now().UnixNano()-at, 0)
		if !stamped {
			i.unstamped += uint64(n)
		}
		i.b.arrived.Add(n)
	}
	return err
}

// came takes a message. The caller is within receive.
func (i *inbox) came(payload []byte) {
	if i.b != nil {
		i.b.came(i, payload)
	}
}

// mistaken takes what is no message. The caller is within receive.
func (i *inbox) mistaken(payload []byte) {
	if i.b != nil {
		i.b.mistaken(payload)
	}
}

// gone says that the connection has ended, and why.
func (i *inbox) gone(at int64, why string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ending.at == 0 {
		i.ending.at, i.why = at, why
	}
}

// alive reports whether the connection lasts.
func (i *inbox) alive() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.ending.at == 0
}

// settled reports whether no delivery to the member is awaited: all that were sent,
// and not refused, have come, or the connection has ended.
func (i *inbox) settled() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ending.at != 0 || i.b == nil {
		return true
	}
	for ; i.low < len(i.outcomes); i.low++ {
		if s := &i.b.sends[i.low]; i.outcomes[i.low] == 0 && s.at.Load() != 0 && !s.failed.Load() {
			return false
		}
	}
	return true
}
