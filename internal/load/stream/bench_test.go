package stream

import (
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/wire"
)

// BenchmarkRoom drives 50 members at 400 messages per second. It reports the CPU time of
// a delivery, including that of the server, which runs in the same process.
func BenchmarkRoom(b *testing.B) {
	d := &Room{}
	address := plainServer(b)
	defer d.Close()
	w := roomWorkload(50)
	w.Message = 256
	s := constantly(400, time.Second)
	driven(b, d, loadOf(address, w, constantly(400, 20*time.Millisecond)))
	var deliveries, cpu float64
	for b.Loop() {
		_, stats := driven(b, d, loadOf(address, w, s))
		deliveries += float64(stats.Sent)
		cpu += float64(stats.Generator)
	}
	b.ReportMetric(cpu/deliveries, "cpu-ns/delivery")
}

// BenchmarkDelivery measures what a delivery costs besides its system calls: it parses,
// checks and counts a read that holds one message, for 50 members in turn.
func BenchmarkDelivery(b *testing.B) {
	const members, messages = 50, 1 << 14
	br := &broadcast{
		pacedDrive: &pacedDrive{Drive: &drive.Drive{}},
		messages:   newMessages(nextNumber(0), 256),
		timeout:    time.Hour,
		dues:       make([]time.Duration, messages),
		sends:      make([]send, messages),
		order:      newOrder(messages),
	}
	br.order.overtaken = func(int) bool { return false }
	all := make([]*member, members)
	sockets := make([]*webSocket, members)
	for i := range all {
		all[i] = &member{}
		sockets[i] = newWebSocket(all[i], nil)
		sockets[i].inRoom = true
		all[i].protocol = sockets[i]
		br.inboxes = append(br.inboxes, &all[i].inbox)
	}
	frames := make([][]byte, messages)
	for k := range frames {
		br.sends[k].at.Store(1)
		frames[k] = unmasked(nil, last, opText, string(br.messages.append(nil, uint64(k))))
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%(members*messages) == 0 {
			br.order = newOrder(messages)
			br.startInboxes()
		}
		m := all[n%members]
		at := wire.Arrival{UnixNano: int64(n + 2), Stamped: true}
		if err := m.receive(frames[n/members%messages], at, sockets[n%members].read); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if got := br.arrived.Load(); got != int64(n) {
		b.Errorf("%d of %d deliveries arrived", got, n)
	}
}
