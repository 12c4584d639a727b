package stream

import (
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/wire"
)

// outbox writes frames to one member's connection without making its users wait. If
// the server does not read, the kernel does not take all bytes at once; the outbox
// keeps the rest and writes it later.
type outbox struct {
	stream *wire.Stream

	mu      sync.Mutex
	kept    []letter
	size    int // bytes kept
	writing bool
	broken  bool

	flushing sync.WaitGroup
}

// letter is the part of a frame that is still to be written.
type letter struct {
	bytes []byte
	send  *send // gets the time when the first byte is written; nil if that is known, or not needed
}

// maxKept is how many bytes may wait for a server that does not read.
const maxKept = 8 << 20

// put writes a frame, whose bytes it does not keep. It notes in s, unless s is nil,
// when the write started. It reports whether the connection can be written to. It
// drops frames beyond maxKept: they count as never sent.
func (o *outbox) put(frame []byte, s *send) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken {
		return false
	}
	if !o.writing {
		now := time.Now().UnixNano()
		if s != nil {
			s.at.Store(now) // before the write: the message may come back during it
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
	if o.size+len(frame) > maxKept {
		return true
	}
	o.kept = append(o.kept, letter{bytes: append([]byte(nil), frame...), send: s})
	o.size += len(frame)
	if !o.writing {
		o.writing = true
		o.flushing.Go(o.flush)
	}
	return true
}

// flush writes the kept bytes. It returns when nothing is left, or when the
// connection ends.
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

// pending reports whether there are messages of which nothing was written yet.
func (o *outbox) pending() bool {
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

// drop gives up the messages of which nothing was written yet.
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
