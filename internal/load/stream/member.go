package stream

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// member is one connection that messages are delivered to.
type member struct {
	inbox
	outbox
	protocol protocol
	heard    atomic.Bool // it got the roll call of a room
}

// protocol is a member's side of its protocol.
type protocol interface {
	// greeting returns what the member sends first.
	greeting() []byte
	// read parses received bytes, and gives messages to the member's inbox. An error
	// ends the connection. It is errServerClosed if the server ended it properly.
	read(p []byte) error
	// joined reports whether the member gets messages from now on.
	joined() bool
	// sayGoodbye announces to the server that the member leaves.
	sayGoodbye()
}

// errServerClosed means that the server ended a connection as its protocol allows.
var errServerClosed = errors.New("the server ended the connection")

// join connects the member within the time.
func (m *member) join(d *pacedDrive, host string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(d.Context(), within)
	defer cancel()
	conn, err := d.wire.Dial(ctx, host)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, conn.Interrupt)
	m.stream = conn
	err = m.greet()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close() // it failed already
	}
	return err
}

// greet makes the handshake.
func (m *member) greet() error {
	if _, err := m.stream.Write(m.protocol.greeting()); err != nil {
		return err
	}
	buffer := make([]byte, 4<<10)
	for !m.protocol.joined() {
		n, at, err := m.stream.Read(buffer)
		if err != nil {
			return err
		}
		if err := m.receive(buffer[:n], at, m.protocol.read); err != nil {
			return err
		}
	}
	return nil
}

// listen takes what the server sends until the connection ends.
func (m *member) listen() {
	var broken error
	read := m.protocol.read
	_ = m.stream.Receive(func(p []byte, at wire.Arrival) bool {
		broken = m.receive(p, at, read)
		return broken == nil
	})
	why := bench.ErrClosed
	if errors.Is(broken, errProtocol) {
		why = bench.ErrProtocol
	}
	m.gone(time.Now().UnixNano(), why)
	_ = m.stream.Close() // it failed already
}

// leave ends the connection.
func (m *member) leave() {
	if m.stream != nil {
		m.protocol.sayGoodbye()
		_ = m.stream.Close() // nothing is sent or read after it
	}
}
