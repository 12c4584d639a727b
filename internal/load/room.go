package load

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/wire"
)

// Room is a bench.Driver for a chat room: members that are connected by WebSockets,
// of whom one after the other says something to all. A hit is the delivery of one
// message to one member; its Seq is the message's number times the members, plus
// the member's. Sent is just before the message was written, Done when the last
// byte of it arrived at the member.
//
// Every delivery is held against the message, byte for byte, and against the order
// in which the other members got theirs. A delivery is lost if it did not come
// within the workload's timeout of its due time. A message whose sender's
// connection has ended is sent by the next member that is there; one that the server would not
// read, so that it was never begun, is censored.
//
// The zero value is ready. The members stay from one drive to the next where
// workload and address are the same; Close ends their connections. It makes one
// drive at a time, and calls record when that is over.
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

// Drive implements bench.Driver. Its errors are bad input, among it a schedule
// without a rate (ErrClosedLoop), and too few file descriptors (ErrDescriptors).
func (r *Room) Drive(ctx context.Context, base string, w bench.Workload, s bench.Schedule, record func(bench.Hit)) (bench.DriveStats, error) {
	address, host, err := server(base, w.Path)
	if err != nil {
		return bench.DriveStats{}, err
	}
	hello, err := request(address, w, map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": keyPlace,
	})
	if err != nil {
		return bench.DriveStats{}, err
	}
	r.number = following(r.number)
	b, err := assemble(ctx, &r.wire, &r.audience, host, w, s, r.number, func(m *member) talk { return newRoomTalk(m, hello) })
	if err != nil {
		return bench.DriveStats{}, err
	}
	members := r.audience.members
	b.order.overtaken = func(k int) bool {
		later := k + len(members) // by the same member, if none is gone
		return later < len(b.sends) && b.order.labels[later].Load() != 0 && b.sends[later].by == b.sends[k].by
	}
	r.callRoll(b)
	var text, frame []byte
	speak := func(k int) {
		text = b.messages.append(text[:0], uint64(k))
		frame = appendFrame(frame[:0], opText, mathrand.Uint32(), text)
		for i := range members {
			by := (k + i) % len(members)
			b.sends[k].by = int32(by)
			if m := members[by]; m.alive() && m.put(frame, &b.sends[k]) {
				return
			}
		}
		b.sends[k].now() // to nobody
	}
	waiting := func() bool {
		for _, m := range members {
			if m.stream != nil && m.waiting() {
				return true
			}
		}
		return false
	}
	return b.run(speak, waiting, func() {
		for _, m := range members {
			m.drop()
		}
	}, record), nil
}

// rollCall is the number of a message that is said before the drive, until all
// members have heard it: a server may accept a member before it lets it in.
const rollCall = mostMessages - 1

// callRoll waits until all members are in the room, if any is new, but no longer than
// the timeout. Who is not in by then will miss messages.
func (r *Room) callRoll(b *broadcast) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	call := appendFrame(nil, opText, mathrand.Uint32(), b.messages.append(nil, rollCall))
	for began, n := time.Now(), 0; time.Since(began) < b.timeout; n++ {
		absent := false
		for _, m := range r.audience.members {
			absent = absent || m.alive() && !m.heard.Load()
		}
		if !absent {
			return
		}
		if n%100 == 0 { // again each 200 ms
			for _, m := range r.audience.members {
				if m.alive() && m.put(call, nil) {
					break
				}
			}
		}
		select {
		case <-ticker.C:
		case <-b.ctx.Done():
			return // the drive will end at once
		}
	}
}

// roomTalk is a member's side of a WebSocket (RFC 6455).
type roomTalk struct {
	frames
	m      *member
	first  []byte // what hello is
	accept string // what the server must answer
	head   answer
	joined bool
}

// keyPlace is in the place of the key in the handshake that members share.
const keyPlace = "AAAAAAAAAAAAAAAAAAAAAA=="

func newRoomTalk(m *member, hello []byte) *roomTalk {
	var nonce [16]byte
	rand.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return &roomTalk{m: m, first: []byte(strings.Replace(string(hello), keyPlace, key, 1)), accept: base64.StdEncoding.EncodeToString(sum[:])}
}

func (t *roomTalk) hello() []byte { return t.first }

func (t *roomTalk) in() bool { return t.joined }

func (t *roomTalk) read(p []byte) error {
	if !t.joined {
		rest, err := t.head.feed(p, func([]byte) error { return nil })
		if err != nil || t.head.resp == nil {
			return err
		}
		t.m.code = t.head.resp.StatusCode
		if err := t.check(t.head.resp); err != nil {
			return err
		}
		t.joined, t.first = true, nil
		t.head = answer{}
		p = rest
	}
	return t.feed(p, t)
}

// check holds the answer to the handshake against RFC 6455, 4.1.
func (t *roomTalk) check(resp *http.Response) error {
	h := resp.Header
	switch {
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Errorf("%w: %s to the handshake of a WebSocket", errStatus, resp.Status)
	case !httpguts.HeaderValuesContainsToken(h["Upgrade"], "websocket"), !httpguts.HeaderValuesContainsToken(h["Connection"], "upgrade"):
		return fmt.Errorf("%w: it switched to another protocol", errProtocol)
	case h.Get("Sec-WebSocket-Accept") != t.accept:
		return fmt.Errorf("%w: it accepted another key", errProtocol)
	case h.Get("Sec-WebSocket-Extensions") != "", h.Get("Sec-WebSocket-Protocol") != "":
		return fmt.Errorf("%w: it agreed on what was not asked for", errProtocol)
	}
	return nil
}

// message implements frameHandler.
func (t *roomTalk) message(op byte, payload []byte) error {
	if op == opText {
		if _, k, ok := number(payload); ok && k == rollCall {
			t.m.heard.Store(true)
			return nil
		}
		t.m.came(payload)
	} else {
		t.m.mistaken(payload)
	}
	return nil
}

// controlFrame implements frameHandler: it answers pings and the close of the connection.
func (t *roomTalk) controlFrame(op byte, payload []byte) error {
	switch op {
	case opPing:
		t.m.put(appendFrame(nil, opPong, mathrand.Uint32(), payload), nil)
	case opClose:
		t.m.put(appendFrame(nil, opClose, mathrand.Uint32(), payload[:min(len(payload), 2)]), nil)
		return errLeft
	}
	return nil
}

// goingAway is the status of an endpoint that goes away (RFC 6455, 7.4.1).
const goingAway = 1001

func (t *roomTalk) bye() {
	if t.m.alive() {
		t.m.put(appendFrame(nil, opClose, mathrand.Uint32(), binary.BigEndian.AppendUint16(nil, goingAway)), nil)
	}
}
