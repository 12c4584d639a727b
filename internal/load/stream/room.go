package stream

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// Room is a bench.Driver for a chat room: its members are connected by WebSockets, and
// take turns to say something to all. A hit is the delivery of one message to one
// member. Its Seq is the message's number times the members, plus the member's number.
// Sent is just before the message was written; Done is when its last byte arrived.
//
// A delivery is lost if it does not arrive within the workload's timeout of its due
// time. If the connection of a message's sender is closed, the next member sends the
// message. A message is censored if the server would not read it, so that nothing of
// it was written.
//
// The zero value is ready. The members stay from one drive to the next if workload and
// address are the same. Close ends their connections.
type Room struct {
	wire     wire.Transport
	audience audience
	number   uint64 // of the last drive
}

// Close ends the members' connections.
func (r *Room) Close() {
	r.audience.dismiss()
	r.wire.Close()
}

// Drive implements bench.Driver. An error means bad input, among it a schedule
// without a rate (drive.ErrClosedLoop), or too few file descriptors
// (drive.ErrDescriptors).
func (r *Room) Drive(ctx context.Context, l bench.Load, record func(bench.Hit)) (bench.DriveStats, error) {
	address, host, err := serverAddress(l.URL, l.Workload)
	if err != nil {
		return bench.DriveStats{}, err
	}
	greeting, err := getRequest(address, l.Workload, webSocketHeaders())
	if err != nil {
		return bench.DriveStats{}, err
	}
	r.number = nextNumber(r.number)
	b, err := newBroadcast(ctx, setup{
		transport:   &r.wire,
		audience:    &r.audience,
		host:        host,
		workload:    l.Workload,
		schedule:    l.Schedule,
		number:      r.number,
		newProtocol: func(m *member) protocol { return newWebSocket(m, greeting) },
	})
	if err != nil {
		return bench.DriveStats{}, err
	}
	c := &chat{broadcast: b, members: r.audience.members}
	b.order.overtaken = c.overtaken
	c.callRoll()
	return b.run(c, record), nil
}

// chat is one drive of a room. It implements sender.
type chat struct {
	*broadcast
	members []*member

	// Scratch of send.
	text  []byte
	frame []byte
}

// send sends message k from the member whose turn it is, or from the next one whose
// connection lasts.
func (c *chat) send(k int) {
	c.text = c.append(c.text[:0], uint64(k))
	c.frame = appendFrame(c.frame[:0], opText, rand.Uint32(), c.text)
	for i := range c.members {
		by := (k + i) % len(c.members)
		c.sends[k].by = int32(by)
		if m := c.members[by]; m.alive() && m.put(c.frame, &c.sends[k]) {
			return
		}
	}
	c.sends[k].now() // to nobody
}

// pending implements sender.
func (c *chat) pending() bool {
	for _, m := range c.members {
		if m.stream != nil && m.outbox.pending() {
			return true
		}
	}
	return false
}

// stop implements sender.
func (c *chat) stop() {
	for _, m := range c.members {
		m.drop()
	}
}

// overtaken reports whether a later message of the same member has arrived before
// message k.
func (c *chat) overtaken(k int) bool {
	later := k + len(c.members) // by the same member, if all connections last
	return later < len(c.sends) && c.order.labels[later].Load() != 0 && c.sends[later].by == c.sends[k].by
}

// rollCall is the number of a message that is sent before the drive until all members
// have got it: a server may accept a connection before it lets the member in.
const rollCall = maxMessages - 1

// rollCallPolls is after how many polls the roll call is repeated: after 200 ms.
const rollCallPolls = int(200 * time.Millisecond / pollInterval)

// callRoll waits until all members are in the room, but no longer than the timeout.
// Members who are not in by then will miss messages.
func (c *chat) callRoll() {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	call := appendFrame(nil, opText, rand.Uint32(), c.append(nil, rollCall))
	for start, n := time.Now(), 0; time.Since(start) < c.timeout && c.absent(); n++ {
		if n%rollCallPolls == 0 {
			for _, m := range c.members {
				if m.alive() && m.put(call, nil) {
					break
				}
			}
		}
		select {
		case <-ticker.C:
		case <-c.Context().Done():
			return // the drive will stop at once
		}
	}
}

// absent reports whether a member has not got the roll call.
func (c *chat) absent() bool {
	for _, m := range c.members {
		if m.alive() && !m.heard.Load() {
			return true
		}
	}
	return false
}
