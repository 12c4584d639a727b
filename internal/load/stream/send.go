package stream

import (
	"sync/atomic"
	"time"
)

// send is a message on its way to the server. Its zero value is a
// message that was not sent.
type send struct {
	at atomic.Int64 // when it was sent, in nanoseconds since 1970; 0 before that
	by int32        // member that sent it; valid once it was sent

	// Of a message that the server refused. They are set before failed is.
	failed atomic.Bool
	err    string // kind of error
	done   int64  // in nanoseconds since 1970
	code   int    // status; 0 without an answer
}

// now notes that the message is sent now.
func (s *send) now() { s.at.Store(time.Now().UnixNano()) }

// fail notes that the server refused the message, with a kind of error and a status.
func (s *send) fail(err string, code int, done int64) {
	s.err, s.code, s.done = err, code, done
	s.failed.Store(true)
}
