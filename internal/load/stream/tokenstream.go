package stream

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// tokenStream is one stream of events.
type tokenStream struct {
	due  time.Duration
	sent atomic.Int64 // in nanoseconds since 1970; 0 before the request was sent

	mu         sync.Mutex // guards the fields below
	ended      bool
	connection *connection // that the stream comes over; nil before it has one
	retried    bool
	next       int // the event after the latest one that arrived
	outcomes   []outcome
	code       int
	why        string // kind of the error that the stream ended with
	done       int64  // when the stream ended, in nanoseconds since 1970
}

// end ends the stream, and reports whether it had not finished before.
func (s *tokenStream) end(why string, at int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.ended, s.why, s.done = true, why, at
	return true
}

// over reports whether the stream has finished.
func (s *tokenStream) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// retry reports whether the stream may be asked for again. It returns true at most once.
func (s *tokenStream) retry() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retried || s.ended {
		return false
	}
	s.retried = true
	return true
}

// eventNumber reads the number of an event. It allocates nothing.
func eventNumber(data []byte) (int, bool) {
	const prefix = `{"i":`
	if len(data) < len(prefix) || string(data[:len(prefix)]) != prefix {
		return 0, false
	}
	end := len(prefix)
	for end < len(data) && data[end] >= '0' && data[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(data[len(prefix):end]))
	return n, err == nil
}
