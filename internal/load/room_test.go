package load

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"github.com/claimbench/claimbench/internal/bench"
)

// guest is a server's side of one WebSocket of the tests.
type guest struct {
	net.Conn
	in    *bufio.Reader
	index int
	mu    sync.Mutex
}

// send writes a frame as it is told.
func (g *guest) send(final bool, op byte, payload []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	head := []byte{op, 0}
	if final {
		head[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		head[1] = byte(n)
	case n <= 0xffff:
		head[1] = 126
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head[1] = 127
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	g.Write(append(head, payload...))
}

// receive reads a frame, which must be masked.
func (g *guest) receive() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(g.in, head[:]); err != nil {
		return 0, nil, err
	}
	if head[1]&0x80 == 0 {
		return 0, nil, errors.New("a client's frame without a mask")
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		var b [2]byte
		io.ReadFull(g.in, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		io.ReadFull(g.in, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	body := make([]byte, 4+n)
	if _, err := io.ReadFull(g.in, body); err != nil {
		return 0, nil, err
	}
	for i := range body[4:] {
		body[4+i] ^= body[i%4]
	}
	return head[0] & 0xf, body[4:], nil
}

// hall is a room's server whose deliveries a test may tamper with.
type hall struct {
	// deliver is in the place of sending message n, counted from 0, to a guest.
	deliver func(g *guest, n int, text []byte)
	// meet is in the place of reading what a guest sends.
	meet func(g *guest, h *hall)
	// control is told of control frames.
	control func(g *guest, op byte, payload []byte)

	mu     sync.Mutex
	guests []*guest
	joined int
	n      int
}

// open serves the hall.
func (h *hall) open(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, in, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		h.mu.Lock()
		g := &guest{Conn: conn, in: in.Reader, index: h.joined}
		h.joined++
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
		h.guests = append(h.guests, g)
		h.mu.Unlock()
		serving.Add(1)
		defer serving.Done()
		if h.meet != nil {
			h.meet(g, h)
		} else {
			h.serve(g)
		}
	})}
	go server.Serve(listener)
	t.Cleanup(func() {
		server.Close()
		h.mu.Lock()
		for _, g := range h.guests {
			g.Close()
		}
		h.mu.Unlock()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

func (h *hall) serve(g *guest) {
	for {
		op, payload, err := g.receive()
		if err != nil {
			return
		}
		if op != opText {
			if h.control != nil {
				h.control(g, op, payload)
			}
			continue
		}
		h.mu.Lock()
		_, k, _ := number(payload)
		for _, g := range h.guests {
			if h.deliver != nil && k != rollCall {
				h.deliver(g, h.n, payload)
			} else {
				g.send(true, opText, payload)
			}
		}
		if k != rollCall {
			h.n++
		}
		h.mu.Unlock()
	}
}

func roomWorkload(members int) bench.Workload {
	return bench.Workload{Driver: bench.DriverRoom, Path: "/room", Members: members, Message: 100,
		Timeout: bench.Duration{Duration: 2 * time.Second}}
}

func constantly(rate bench.Rate, d time.Duration) bench.Schedule {
	return schedule(bench.Schedule{Offered: bench.Offered{Rate: rate}, Arrivals: bench.Constant}, d)
}

// driven makes one drive and returns its hits by sequence number.
func driven(t testing.TB, ctx context.Context, d Driver, address string, w bench.Workload, s bench.Schedule) ([]bench.Hit, bench.DriveStats) {
	t.Helper()
	var hits []bench.Hit
	began := time.Now()
	stats, err := d.Drive(ctx, address, w, s, func(h bench.Hit) { hits = append(hits, h) })
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > s.Duration.Duration+2*timeout(w)+grace+10*time.Second {
		t.Errorf("the drive took %v", took)
	}
	slices.SortFunc(hits, func(a, b bench.Hit) int { return int(a.Seq) - int(b.Seq) })
	for i, h := range hits {
		if i > 0 && hits[i-1].Seq == h.Seq {
			t.Errorf("hit %d was recorded twice", h.Seq)
		}
		if h.Sent < h.Due || h.Done < h.Sent {
			t.Errorf("hit %+v is not in time's order", h)
		}
		if h.Done > stats.Elapsed {
			t.Errorf("hit %+v is after the drive's %v", h, stats.Elapsed)
		}
	}
	if uint64(len(hits)) != stats.Sent || stats.Planned != stats.Sent+stats.Censored {
		t.Errorf("%d hits, %d sent, %d censored, %d planned", len(hits), stats.Sent, stats.Censored, stats.Planned)
	}
	if stats.FlightError != -1 || stats.Attackers != 1 || stats.Start.IsZero() {
		t.Errorf("stats %+v", stats)
	}
	return hits, stats
}

// kinds counts hits by their kind of error.
func kinds(hits []bench.Hit) map[string]int {
	n := map[string]int{}
	for _, h := range hits {
		n[h.Err]++
	}
	return n
}

func want(t testing.TB, hits []bench.Hit, wanted map[string]int) {
	t.Helper()
	got := kinds(hits)
	for kind, n := range wanted {
		if got[kind] != n {
			t.Errorf("%d hits of error %q, want %d (all: %v)", got[kind], kind, n, got)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("hits of errors %v, want %v", got, wanted)
	}
}

func TestEveryMemberGetsEveryMessageOnce(t *testing.T) {
	for _, size := range []int{0, 32, 300, 65536} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			var h hall
			d := &Room{}
			defer d.Close()
			address := h.open(t)
			w := roomWorkload(50)
			w.Message = size
			w.Timeout.Duration = 10 * time.Second
			for range 2 { // the second with the members of the first
				hits, stats := driven(t, context.Background(), d, address, w, constantly(100, 200*time.Millisecond))
				want(t, hits, map[string]int{"": 20 * 50})
				if stats.Checked != 1000 || stats.FirstWrong != "" || stats.Censored != 0 {
					t.Errorf("stats %+v", stats)
				}
				for _, hit := range hits {
					if hit.Code != 101 || hit.BytesIn != int64(max(size, 32)) && size != 0 || size == 0 && hit.BytesIn != messageUsual {
						t.Fatalf("hit %+v", hit)
					}
				}
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.joined != 50 {
				t.Errorf("%d members joined in two drives, want 50", h.joined)
			}
		})
	}
}

func TestLatencyIsNotLessThanTheServers(t *testing.T) {
	const held = 40 * time.Millisecond
	h := hall{deliver: func(g *guest, n int, text []byte) {
		time.AfterFunc(held, func() { g.send(true, opText, text) })
	}}
	d := &Room{}
	defer d.Close()
	hits, stats := driven(t, context.Background(), d, h.open(t), roomWorkload(3), constantly(20, 300*time.Millisecond))
	want(t, hits, map[string]int{"": 6 * 3})
	for _, hit := range hits {
		if hit.Latency() < held {
			t.Errorf("a latency of %v; the server held the message for %v", hit.Latency(), held)
		}
	}
	if stats.Connections != 3 || stats.Planned != 18 {
		t.Errorf("stats %+v", stats)
	}
}

func TestLostMessagesAreCounted(t *testing.T) {
	h := hall{deliver: func(g *guest, n int, text []byte) {
		if g.index != 3 || n%5 != 2 {
			g.send(true, opText, text)
		}
	}}
	d := &Room{}
	defer d.Close()
	w := roomWorkload(8)
	w.Timeout.Duration = 500 * time.Millisecond
	hits, _ := driven(t, context.Background(), d, h.open(t), w, constantly(100, 200*time.Millisecond))
	want(t, hits, map[string]int{"": 20*8 - 4, bench.ErrLost: 4})
	for _, hit := range hits {
		if hit.Err == bench.ErrLost && hit.Done-hit.Due != 500*time.Millisecond {
			t.Errorf("lost after %v", hit.Done-hit.Due)
		}
	}
}

func TestDisorderIsFound(t *testing.T) {
	held := map[int][]byte{}
	h := hall{deliver: func(g *guest, n int, text []byte) {
		switch {
		case g.index == 1 && n%4 == 1 && n < 16:
			held[n] = text
		default:
			g.send(true, opText, text)
			if text, ok := held[n-1]; ok && g.index == 1 {
				g.send(true, opText, text)
			}
		}
	}}
	d := &Room{}
	defer d.Close()
	hits, _ := driven(t, context.Background(), d, h.open(t), roomWorkload(6), constantly(50, 400*time.Millisecond))
	// Where the machine stood still both messages were under way at once: then the fault
	// may be with all the others.
	for n := 1; n < 16; n += 4 {
		pair := hits[n*6 : (n+2)*6]
		if got := kinds(pair)[bench.ErrOrder]; got != 1 && got != 5 || got == 5 && pair[6].Sent-pair[0].Sent > 10*time.Millisecond {
			t.Errorf("of the messages %d and %d, that member 1 got in another order, sent %v and %v, %d deliveries are out of order", n, n+1, pair[0].Sent, pair[6].Sent, got)
		}
	}
	if got := kinds(hits); len(got) != 2 {
		t.Errorf("hits %v", got)
	}
}

func TestDuplicatesAreFound(t *testing.T) {
	h := hall{deliver: func(g *guest, n int, text []byte) {
		g.send(true, opText, text)
		if g.index == 2 && n%6 == 0 && n < 18 {
			g.send(true, opText, text)
		}
	}}
	d := &Room{}
	defer d.Close()
	hits, _ := driven(t, context.Background(), d, h.open(t), roomWorkload(6), constantly(100, 200*time.Millisecond))
	want(t, hits, map[string]int{"": 20*6 - 3, bench.ErrOrder: 3})
}

// Two messages under way at once may come in either order, if it is the same for all.
func TestAnyCommonOrderWillDo(t *testing.T) {
	var held []byte
	var mu sync.Mutex
	var h hall
	h.deliver = func(g *guest, n int, text []byte) {
		mu.Lock()
		defer mu.Unlock()
		if n%2 == 0 {
			held = text
			return
		}
		g.send(true, opText, text)
		g.send(true, opText, held)
	}
	d := &Room{}
	defer d.Close()
	hits, _ := driven(t, context.Background(), d, h.open(t), roomWorkload(6), constantly(200, 200*time.Millisecond))
	want(t, hits, map[string]int{"": 40 * 6})
}

func TestWrongTextIsFound(t *testing.T) {
	h := hall{deliver: func(g *guest, n int, text []byte) {
		text = slices.Clone(text)
		switch {
		case g.index == 0 && n == 5:
			text[len(text)-3] ^= 1
		case g.index == 1 && n == 6:
			text = text[:len(text)-1]
		case g.index == 2:
			g.send(true, opText, []byte("hello?"))
		}
		g.send(true, opText, text)
	}}
	d := &Room{}
	defer d.Close()
	hits, stats := driven(t, context.Background(), d, h.open(t), roomWorkload(4), constantly(100, 100*time.Millisecond))
	want(t, hits, map[string]int{"": 38, bench.ErrBody: 2})
	if stats.FirstWrong == "" {
		t.Error("what was wrong is not told")
	}
}

func TestDriveGoesOnWithoutAMember(t *testing.T) {
	for _, how := range []string{"close frame", "end", "reset", "protocol"} {
		t.Run(how, func(t *testing.T) {
			answered := make(chan []byte, 1)
			h := hall{deliver: func(g *guest, n int, text []byte) {
				switch {
				case g.index != 2 || n < 10:
					g.send(true, opText, text)
				case n > 10:
				case how == "close frame":
					g.send(true, opClose, binary.BigEndian.AppendUint16(nil, 1001))
				case how == "reset":
					g.Conn.(*net.TCPConn).SetLinger(0)
					g.Close()
				case how == "protocol":
					g.send(true, 0x5, []byte("what?"))
				default:
					g.Close()
				}
			}, control: func(g *guest, op byte, payload []byte) {
				if op == opClose && g.index == 2 {
					answered <- payload
				}
			}}
			d := &Room{}
			defer d.Close()
			address := h.open(t)
			w := roomWorkload(5)
			w.Timeout.Duration = 30 * time.Second // the drive does not wait for it
			began := time.Now()
			hits, _ := driven(t, context.Background(), d, address, w, constantly(100, 200*time.Millisecond))
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("the drive took %v", took)
			}
			kind := bench.ErrClosed
			if how == "protocol" {
				kind = bench.ErrProtocol
			}
			want(t, hits, map[string]int{"": 90, kind: 10})
			if how == "close frame" {
				if payload := <-answered; len(payload) != 2 {
					t.Errorf("the close frame was answered by %q", payload)
				}
			}
			// The next drive has the member back.
			h.mu.Lock()
			h.deliver = nil
			h.guests = slices.DeleteFunc(h.guests, func(g *guest) bool { return g.index == 2 })
			h.mu.Unlock()
			hits, stats := driven(t, context.Background(), d, address, w, constantly(100, 50*time.Millisecond))
			want(t, hits, map[string]int{"": 25})
			if stats.Connections != 1 {
				t.Errorf("%d connections were made for the one that was gone", stats.Connections)
			}
		})
	}
}

func TestAllMembersGone(t *testing.T) {
	h := hall{deliver: func(g *guest, n int, text []byte) { g.Close() }}
	d := &Room{}
	defer d.Close()
	hits, stats := driven(t, context.Background(), d, h.open(t), roomWorkload(4), constantly(100, 300*time.Millisecond))
	want(t, hits, map[string]int{bench.ErrClosed: 30 * 4})
	if stats.Censored != 0 {
		t.Errorf("%d are censored", stats.Censored)
	}
}

func TestServerThatNeverReads(t *testing.T) {
	release := make(chan struct{})
	h := hall{meet: func(g *guest, h *hall) { <-release }}
	address := h.open(t)
	defer close(release)
	d := &Room{}
	defer d.Close()
	w := roomWorkload(2)
	w.Message, w.Timeout.Duration = 65536, 400*time.Millisecond
	hits, stats := driven(t, context.Background(), d, address, w, constantly(1000, 400*time.Millisecond))
	got := kinds(hits)
	if len(got) != 1 || got[bench.ErrLost] == 0 || stats.Censored == 0 {
		t.Errorf("hits %v, %d censored; want some lost, and the rest censored", got, stats.Censored)
	}
	if stats.Planned != 800 {
		t.Errorf("planned %d", stats.Planned)
	}
}

// A server that reads late makes messages late, which shows as lag.
func TestServerThatReadsLate(t *testing.T) {
	h := hall{meet: func(g *guest, h *hall) {
		time.Sleep(300 * time.Millisecond)
		h.serve(g)
	}}
	d := &Room{}
	defer d.Close()
	w := roomWorkload(2)
	w.Message, w.Timeout.Duration = 65536, 20*time.Second
	hits, stats := driven(t, context.Background(), d, h.open(t), w, constantly(1000, 200*time.Millisecond))
	want(t, hits, map[string]int{"": 400})
	if stats.Censored != 0 {
		t.Errorf("%d are censored", stats.Censored)
	}
}

func TestPingsAndFragments(t *testing.T) {
	var pongs atomic.Int64
	h := hall{deliver: func(g *guest, n int, text []byte) {
		third := len(text) / 3
		g.send(true, opPing, fmt.Append(nil, "ping ", n))
		g.send(false, opText, text[:third])
		g.send(true, opPong, nil)
		g.send(false, opContinuation, text[third:2*third])
		g.send(true, opPing, nil)
		g.send(true, opContinuation, text[2*third:])
	}, control: func(g *guest, op byte, payload []byte) {
		if op == opPong {
			pongs.Add(1)
		}
	}}
	d := &Room{}
	hits, _ := driven(t, context.Background(), d, h.open(t), roomWorkload(4), constantly(100, 100*time.Millisecond))
	want(t, hits, map[string]int{"": 40})
	for range 500 {
		if pongs.Load() == 80 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.Close()
	if pongs.Load() != 80 {
		t.Errorf("%d pongs to 80 pings", pongs.Load())
	}
}

func TestCancelEndsARoom(t *testing.T) {
	h := hall{deliver: func(g *guest, n int, text []byte) {
		if n < 5 {
			g.send(true, opText, text)
		}
	}}
	d := &Room{}
	defer d.Close()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, cancel)
	w := roomWorkload(4)
	w.Timeout.Duration = time.Minute
	began := time.Now()
	hits, _ := driven(t, ctx, d, h.open(t), w, constantly(50, time.Minute))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to cancel", took)
	}
	got := kinds(hits)
	if len(got) != 2 || got[""] != 20 || got[bench.ErrStopped] == 0 {
		t.Errorf("hits %v", got)
	}
}

// What an earlier drive sent and the server delivers late is no delivery.
func TestLateMessagesOfAnEarlierDriveDontCount(t *testing.T) {
	var drive atomic.Int64
	var kept [][]byte
	h := hall{deliver: func(g *guest, n int, text []byte) {
		if drive.Load() == 0 {
			kept = append(kept, text)
			return
		}
		for _, k := range kept {
			g.send(true, opText, k)
		}
		g.send(true, opText, text)
	}}
	d := &Room{}
	defer d.Close()
	address := h.open(t)
	w := roomWorkload(2)
	w.Timeout.Duration = 300 * time.Millisecond
	hits, _ := driven(t, context.Background(), d, address, w, constantly(50, 100*time.Millisecond))
	want(t, hits, map[string]int{bench.ErrLost: 10})
	drive.Store(1)
	w.Timeout.Duration = 5 * time.Second
	hits, stats := driven(t, context.Background(), d, address, w, constantly(50, 100*time.Millisecond))
	want(t, hits, map[string]int{"": 10})
	if stats.FirstWrong != "" {
		t.Error(stats.FirstWrong)
	}
}

func TestMembersThatCannotJoin(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + closed.Addr().String()
	closed.Close()
	release := make(chan struct{})
	hangs := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	for _, c := range []struct{ name, address, want string }{
		{"refused", refused, bench.ErrDial},
		{"404", serve(t, http.NotFound), bench.ErrStatus},
		{"another key", serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
			w.WriteHeader(101)
		}), bench.ErrProtocol},
		{"hangs", hangs, bench.ErrTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Room{}
			defer d.Close()
			w := roomWorkload(3)
			w.Timeout.Duration = 200 * time.Millisecond
			hits, _ := driven(t, context.Background(), d, c.address, w, constantly(50, 100*time.Millisecond))
			want(t, hits, map[string]int{c.want: 15})
		})
	}
}

func TestBadRoomsAreRefused(t *testing.T) {
	d := &Room{}
	defer d.Close()
	drive := func(address string, w bench.Workload, s bench.Schedule) error {
		_, err := d.Drive(context.Background(), address, w, s, func(bench.Hit) {})
		return err
	}
	if err := drive("http://127.0.0.1:1", roomWorkload(3), bench.Schedule{Connections: 3}); !errors.Is(err, ErrClosedLoop) {
		t.Errorf("a closed loop: %v", err)
	}
	if err := drive("http://127.0.0.1:1", roomWorkload(1<<31), constantly(1, time.Second)); !errors.Is(err, ErrDescriptors) {
		t.Errorf("too many members: %v", err)
	}
	if drive("http://127.0.0.1:1", roomWorkload(0), constantly(1, time.Second)) == nil || drive("nowhere", roomWorkload(1), constantly(1, time.Second)) == nil {
		t.Error("bad input was taken")
	}
}

// The library's server is another reading of the same standard.
func TestRoomOfALibrary(t *testing.T) {
	var mu sync.Mutex
	members := map[*websocket.Conn]bool{}
	handler := websocket.Server{Handler: func(c *websocket.Conn) {
		mu.Lock()
		members[c] = true
		mu.Unlock()
		for {
			var text string
			err := websocket.Message.Receive(c, &text)
			mu.Lock()
			if err != nil {
				delete(members, c)
				mu.Unlock()
				return
			}
			for m := range members {
				websocket.Message.Send(m, text)
			}
			mu.Unlock()
		}
	}}
	d := &Room{}
	defer d.Close()
	w := roomWorkload(20)
	w.Message = 4000
	hits, _ := driven(t, context.Background(), d, serve(t, handler.ServeHTTP), w, constantly(100, 200*time.Millisecond))
	want(t, hits, map[string]int{"": 400})
}

// mill is a room's server that does as little as it can: it sends what it got to all
// members in one write each, so that a benchmark is of the driver.
func mill(b *testing.B) string {
	var mu sync.Mutex
	var all []net.Conn
	h := hall{meet: func(g *guest, h *hall) {
		mu.Lock()
		all = append(all, g.Conn)
		mu.Unlock()
		var frame []byte
		for {
			op, payload, err := g.receive()
			if err != nil {
				return
			}
			if op == opText {
				frame = unmasked(frame[:0], true, opText, string(payload))
				mu.Lock()
				for _, c := range all {
					c.Write(frame)
				}
				mu.Unlock()
			}
		}
	}}
	return h.open(b)
}

// BenchmarkRoom is of a drive of 50 members at 400 messages a second: the CPU time of
// a delivery, that of the server in the same process included.
func BenchmarkRoom(b *testing.B) {
	d := &Room{}
	address := mill(b)
	defer d.Close()
	w := roomWorkload(50)
	w.Message = 256
	s := constantly(400, time.Second)
	driven(b, context.Background(), d, address, w, constantly(400, 20*time.Millisecond))
	var deliveries, cpu float64
	for b.Loop() {
		_, stats := driven(b, context.Background(), d, address, w, s)
		deliveries += float64(stats.Sent)
		cpu += float64(stats.Generator)
	}
	b.ReportMetric(cpu/deliveries, "cpu-ns/delivery")
}

// BenchmarkDelivery is what a delivery costs beside its system calls: parsing, checks
// and accounts of a read that holds one message, for 50 members in turn.
func BenchmarkDelivery(b *testing.B) {
	const members, messages = 50, 1 << 14
	d := &drive{s: bench.Schedule{Offered: bench.Offered{Rate: 1}}}
	br := &broadcast{drive: d, messages: newMessages(following(0), 256), timeout: time.Hour, dues: make([]time.Duration, messages), sends: make([]send, messages), order: newOrder(messages)}
	br.order.overtaken = func(int) bool { return false }
	all := make([]*member, members)
	talks := make([]*roomTalk, members)
	for i := range all {
		all[i] = &member{}
		talks[i] = newRoomTalk(all[i], nil)
		talks[i].joined = true
		all[i].talk = talks[i]
		br.inboxes = append(br.inboxes, &all[i].inbox)
	}
	frames := make([][]byte, messages)
	for k := range frames {
		br.sends[k].at.Store(1)
		frames[k] = unmasked(nil, true, opText, string(br.messages.append(nil, uint64(k))))
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%(members*messages) == 0 {
			br.order = newOrder(messages)
			br.open()
		}
		m := all[n%members]
		if err := m.receive(frames[n/members%messages], int64(n+2), true, talks[n%members].read); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if got := br.arrived.Load(); got != int64(n) {
		b.Errorf("%d of %d deliveries came", got, n)
	}
}
