package load

import (
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/wire"
)

// outbox writes frames to one member's connection without making its users wait:
// what the kernel does not take at once, since the server does not read, is kept
// and written when it does.
type outbox struct {
	stream *wire.Stream

	mu      sync.Mutex
	kept    []letter
	size    int // bytes that are kept
	writing bool
	broken  bool

	flushing sync.WaitGroup
}

// letter is what is still to be written of a frame.
type letter struct {
	bytes []byte
	send  *send // told when its first byte is written; nil where that is not of interest
}

// mostKept is how many bytes wait for a server that does not read.
const mostKept = 8 << 20

// put writes a frame, whose bytes it does not keep, and notes in send, unless it is
// nil, when that began. It reports whether the connection can be written to. What
// goes beyond mostKept is dropped: it was never sent.
func (o *outbox) put(frame []byte, s *send) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken {
		return false
	}
	if !o.writing {
		now := time.Now().UnixNano()
		if s != nil {
			s.at.Store(now) // before the write: the message may come back within it
		}
		n, err := o.stream.TryWrite(frame)
		switch {
		case err != nil:
			o.broken = true
		case n == len(frame):
			return true
		}
		if n == 0 && s != nil {
			s.at.Store(0)
		}
		if err != nil {
			return false
		}
		frame = frame[n:]
		if n > 0 {
			s = nil
		}
	}
	if o.size+len(frame) > mostKept {
		return true
	}
	o.kept = append(o.kept, letter{append([]byte(nil), frame...), s})
	o.size += len(frame)
	if !o.writing {
		o.writing = true
		o.flushing.Go(o.flush)
	}
	return true
}

// flush writes what is kept. It ends when nothing is, or with the connection.
func (o *outbox) flush() {
	for {
		o.mu.Lock()
		if len(o.kept) == 0 || o.broken {
			o.kept, o.size, o.writing = nil, 0, false
			o.mu.Unlock()
			return
		}
		l := o.kept[0]
		o.kept = o.kept[1:]
		o.size -= len(l.bytes)
		if l.send != nil {
			l.send.at.Store(time.Now().UnixNano())
		}
		o.mu.Unlock()
		if _, err := o.stream.Write(l.bytes); err != nil {
			o.mu.Lock()
			o.broken = true
			o.mu.Unlock()
		}
	}
}

// waiting reports whether there are messages that were not begun.
func (o *outbox) waiting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken {
		return false
	}
	for _, l := range o.kept {
		if l.send != nil {
			return true
		}
	}
	return false
}

// drop gives up the messages that were not begun.
func (o *outbox) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := o.kept[:0]
	for _, l := range o.kept {
		if l.send == nil {
			kept = append(kept, l)
		} else {
			o.size -= len(l.bytes)
		}
	}
	o.kept = kept
}
