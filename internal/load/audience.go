package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// member is one connection that messages are delivered to.
type member struct {
	inbox
	outbox
	talk  talk
	heard atomic.Bool // it has heard the roll call of a room
}

// talk is a member's side of its protocol.
type talk interface {
	// hello is what the member sends first.
	hello() []byte
	// read parses what came, and gives messages to the member's inbox. An error ends the
	// connection: errLeft where the server ended it as it may.
	read(p []byte) error
	// in reports whether the member gets messages from now on.
	in() bool
	// bye tells the server that the member leaves.
	bye()
}

// errLeft says that the server has ended a connection in the way of its protocol.
var errLeft = errors.New("the server ended the connection")

// audience is the members of a workload. They are kept from one drive to the next.
type audience struct {
	key     string // of address and workload
	members []*member
	reading sync.WaitGroup
}

// dialling is how many members are connected at a time.
const dialling = 64

// gather connects members until there are n, in place of those that are gone. An
// error wraps ErrDescriptors. A member that could not be connected is gone, and
// says why.
func (a *audience) gather(d *drive, host string, w bench.Workload, within time.Duration, join func(*member) talk) error {
	n := w.Members
	if key := fmt.Sprint(host, w.Path, w.Headers); a.key != key {
		a.dismiss()
		a.key = key
	}
	if len(a.members) > n {
		for _, m := range a.members[n:] {
			m.leave()
		}
		a.members = a.members[:n]
	}
	for i, m := range a.members {
		if !m.alive() {
			a.members[i] = &member{}
		}
	}
	for len(a.members) < n {
		a.members = append(a.members, &member{})
	}
	places := make(chan struct{}, dialling)
	var opening sync.WaitGroup
	var mu sync.Mutex
	var short error
	for _, m := range a.members {
		if m.talk != nil {
			continue
		}
		places <- struct{}{}
		opening.Go(func() {
			defer func() { <-places }()
			m.talk = join(m)
			err := m.join(d, host, within)
			if err == nil {
				a.reading.Go(m.listen)
				return
			}
			m.gone(time.Now().UnixNano(), d.kind(err))
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				mu.Lock()
				short = fmt.Errorf("%w: %d connections: %w", ErrDescriptors, n, err)
				mu.Unlock()
			}
		})
	}
	opening.Wait()
	return short
}

// inboxes are the members' inboxes.
func (a *audience) inboxes() []*inbox {
	list := make([]*inbox, len(a.members))
	for i, m := range a.members {
		list[i] = &m.inbox
	}
	return list
}

// dismiss ends all connections and returns when nothing of them is left.
func (a *audience) dismiss() {
	for _, m := range a.members {
		m.leave()
	}
	a.reading.Wait()
	for _, m := range a.members {
		m.flushing.Wait()
	}
	a.members = nil
}

// join connects the member, within the time.
func (m *member) join(d *drive, address string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(d.ctx, within)
	defer cancel()
	stream, err := d.wire.Dial(ctx, address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, stream.Interrupt)
	m.stream = stream
	err = m.greet()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		stream.Close()
	}
	return err
}

// greet makes the handshake.
func (m *member) greet() error {
	if _, err := m.stream.Write(m.talk.hello()); err != nil {
		return err
	}
	buffer := make([]byte, 4<<10)
	for !m.talk.in() {
		n, at, stamped, err := m.stream.Read(buffer)
		if err != nil {
			return err
		}
		if err := m.receive(buffer[:n], at, stamped, m.talk.read); err != nil {
			return err
		}
	}
	return nil
}

// listen takes what comes until the connection ends.
func (m *member) listen() {
	var broken error
	read := m.talk.read
	m.stream.Receive(func(p []byte, at int64, stamped bool) bool {
		broken = m.receive(p, at, stamped, read)
		return broken == nil
	})
	why := bench.ErrClosed
	if errors.Is(broken, errProtocol) {
		why = bench.ErrProtocol
	}
	m.gone(time.Now().UnixNano(), why)
	m.stream.Close()
}

// leave ends the connection.
func (m *member) leave() {
	if m.stream != nil {
		m.talk.bye()
		m.stream.Close()
	}
}

// request writes out a GET with the workload's headers and more.
func request(address *url.URL, w bench.Workload, more map[string]string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	dress(req, w.Headers)
	for k, v := range more {
		req.Header.Set(k, v)
	}
	var b bytes.Buffer
	err = req.Write(&b)
	return b.Bytes(), err
}

// dress sets a request's headers.
func dress(req *http.Request, headers map[string]string) {
	req.Header.Set("User-Agent", "claimbench")
	for k, v := range headers {
		req.Header.Set(k, v)
		if strings.EqualFold(k, "Host") {
			req.Host = v
		}
	}
}
