package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
)

func roomWorkload(members int) bench.Workload {
	return bench.Workload{
		Driver:  bench.DriverRoom,
		Path:    "/room",
		Members: members,
		Message: 100,
		Timeout: bench.Duration{Duration: 2 * time.Second},
	}
}

func TestEveryMemberGetsEveryMessageOnce(t *testing.T) {
	for _, size := range []int{0, 32, 300, 65536} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			var room roomServer
			d := &Room{}
			defer d.Close()
			address := room.listen(t)
			w := roomWorkload(50)
			w.Message = size
			bytes := int64(max(size, 32))
			if size == 0 {
				bytes = usualMessage
			}
			w.Timeout.Duration = 10 * time.Second
			for range 2 { // the second with the members of the first
				hits, stats := driven(t, d, loadOf(address, w, constantly(100, 200*time.Millisecond)))
				want(t, hits, map[string]int{"": 20 * 50})
				if stats.Checked != 1000 {
					t.Errorf("%d texts were checked, want 1000", stats.Checked)
				}
				if stats.FirstWrong != "" {
					t.Errorf("a text is wrong: %s", stats.FirstWrong)
				}
				if stats.Censored != 0 {
					t.Errorf("%d deliveries are censored", stats.Censored)
				}
				for _, hit := range hits {
					if hit.Code != 101 || hit.BytesIn != bytes {
						t.Fatalf("hit %+v, want status 101 and %d bytes", hit, bytes)
					}
				}
			}
			room.mu.Lock()
			defer room.mu.Unlock()
			if room.joined != 50 {
				t.Errorf("%d members joined in two drives, want 50", room.joined)
			}
		})
	}
}

func TestLatencyIsNotLessThanTheServers(t *testing.T) {
	const held = 40 * time.Millisecond
	room := roomServer{deliver: func(p *peer, _ int, text []byte) {
		time.AfterFunc(held, func() { p.send(last, opText, text) })
	}}
	d := &Room{}
	defer d.Close()
	hits, stats := driven(t, d, loadOf(room.listen(t), roomWorkload(3), constantly(20, 300*time.Millisecond)))
	want(t, hits, map[string]int{"": 6 * 3})
	for _, hit := range hits {
		if hit.Latency() < held {
			t.Errorf("a latency of %v; the server held the message for %v", hit.Latency(), held)
		}
	}
	if stats.Connections != 3 {
		t.Errorf("%d connections, want 3", stats.Connections)
	}
	if stats.Planned != 18 {
		t.Errorf("%d deliveries were planned, want 18", stats.Planned)
	}
}

func TestLostMessagesAreCounted(t *testing.T) {
	room := roomServer{deliver: func(p *peer, n int, text []byte) {
		if p.index != 3 || n%5 != 2 {
			p.send(last, opText, text)
		}
	}}
	d := &Room{}
	defer d.Close()
	w := roomWorkload(8)
	w.Timeout.Duration = 500 * time.Millisecond
	hits, _ := driven(t, d, loadOf(room.listen(t), w, constantly(100, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 20*8 - 4, bench.ErrLost: 4})
	for _, hit := range hits {
		if hit.Err == bench.ErrLost && hit.Done-hit.Due != 500*time.Millisecond {
			t.Errorf("lost after %v", hit.Done-hit.Due)
		}
	}
}

func TestDisorderIsFound(t *testing.T) {
	held := map[int][]byte{}
	room := roomServer{deliver: func(p *peer, n int, text []byte) {
		switch {
		case p.index == 1 && n%4 == 1 && n < 16:
			held[n] = text
		default:
			p.send(last, opText, text)
			if text, ok := held[n-1]; ok && p.index == 1 {
				p.send(last, opText, text)
			}
		}
	}}
	d := &Room{}
	defer d.Close()
	hits, _ := driven(t, d, loadOf(room.listen(t), roomWorkload(6), constantly(50, 400*time.Millisecond)))
	// If the machine stood still, both messages were under way at once. Then the fault may
	// be with all the other members.
	for n := 1; n < 16; n += 4 {
		pair := hits[n*6 : (n+2)*6]
		got, apart := kinds(pair)[bench.ErrOrder], pair[6].Sent-pair[0].Sent
		atOnce := apart <= 10*time.Millisecond
		if got != 1 && (got != 5 || !atOnce) {
			t.Errorf("member 1 got messages %d and %d, sent %v apart, in another order: %d deliveries are out of order",
				n, n+1, apart, got)
		}
	}
	if got := kinds(hits); len(got) != 2 {
		t.Errorf("hits %v", got)
	}
}

func TestDuplicatesAreFound(t *testing.T) {
	room := roomServer{deliver: func(p *peer, n int, text []byte) {
		p.send(last, opText, text)
		if p.index == 2 && n%6 == 0 && n < 18 {
			p.send(last, opText, text)
		}
	}}
	d := &Room{}
	defer d.Close()
	hits, _ := driven(t, d, loadOf(room.listen(t), roomWorkload(6), constantly(100, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 20*6 - 3, bench.ErrOrder: 3})
}

// Two messages under way at once may arrive in either order, if all members get the same.
func TestAnyCommonOrderIsAccepted(t *testing.T) {
	var held []byte
	var mu sync.Mutex
	var room roomServer
	room.deliver = func(p *peer, n int, text []byte) {
		mu.Lock()
		defer mu.Unlock()
		if n%2 == 0 {
			held = text
			return
		}
		p.send(last, opText, text)
		p.send(last, opText, held)
	}
	d := &Room{}
	defer d.Close()
	hits, _ := driven(t, d, loadOf(room.listen(t), roomWorkload(6), constantly(200, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 40 * 6})
}

func TestWrongTextIsFound(t *testing.T) {
	room := roomServer{deliver: func(p *peer, n int, text []byte) {
		text = slices.Clone(text)
		switch {
		case p.index == 0 && n == 5:
			text[len(text)-3] ^= 1
		case p.index == 1 && n == 6:
			text = text[:len(text)-1]
		case p.index == 2:
			p.send(last, opText, []byte("hello?"))
		}
		p.send(last, opText, text)
	}}
	d := &Room{}
	defer d.Close()
	hits, stats := driven(t, d, loadOf(room.listen(t), roomWorkload(4), constantly(100, 100*time.Millisecond)))
	want(t, hits, map[string]int{"": 38, bench.ErrBody: 2})
	if stats.FirstWrong == "" {
		t.Error("the wrong text is not reported")
	}
}

func TestDriveGoesOnWithoutAMember(t *testing.T) {
	for _, how := range []string{"close frame", "end", "reset", "protocol"} {
		t.Run(how, func(t *testing.T) {
			answered := make(chan []byte, 1)
			room := roomServer{deliver: func(p *peer, n int, text []byte) {
				switch {
				case p.index != 2 || n < 10:
					p.send(last, opText, text)
				case n > 10:
				case how == "close frame":
					p.send(last, opClose, binary.BigEndian.AppendUint16(nil, 1001))
				case how == "reset":
					_ = p.Conn.(*net.TCPConn).SetLinger(0)
					p.Close()
				case how == "protocol":
					p.send(last, 0x5, []byte("what?"))
				default:
					p.Close()
				}
			}, control: func(p *peer, op byte, payload []byte) {
				if op == opClose && p.index == 2 {
					answered <- payload
				}
			}}
			d := &Room{}
			defer d.Close()
			address := room.listen(t)
			w := roomWorkload(5)
			w.Timeout.Duration = 30 * time.Second // the drive does not wait for it
			began := time.Now()
			hits, _ := driven(t, d, loadOf(address, w, constantly(100, 200*time.Millisecond)))
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
			// The next drive connects the member again.
			room.mu.Lock()
			room.deliver = nil
			room.peers = slices.DeleteFunc(room.peers, func(p *peer) bool { return p.index == 2 })
			room.mu.Unlock()
			hits, stats := driven(t, d, loadOf(address, w, constantly(100, 50*time.Millisecond)))
			want(t, hits, map[string]int{"": 25})
			if stats.Connections != 1 {
				t.Errorf("%d connections were dialed for the one that was gone", stats.Connections)
			}
		})
	}
}

func TestAllMembersGone(t *testing.T) {
	room := roomServer{deliver: func(p *peer, _ int, _ []byte) { p.Close() }}
	d := &Room{}
	defer d.Close()
	hits, stats := driven(t, d, loadOf(room.listen(t), roomWorkload(4), constantly(100, 300*time.Millisecond)))
	want(t, hits, map[string]int{bench.ErrClosed: 30 * 4})
	if stats.Censored != 0 {
		t.Errorf("%d are censored", stats.Censored)
	}
}

func TestServerThatNeverReads(t *testing.T) {
	release := make(chan struct{})
	room := roomServer{meet: func(_ *peer, _ *roomServer) { <-release }}
	address := room.listen(t)
	defer close(release)
	d := &Room{}
	defer d.Close()
	w := roomWorkload(2)
	w.Message, w.Timeout.Duration = 65536, 400*time.Millisecond
	hits, stats := driven(t, d, loadOf(address, w, constantly(1000, 400*time.Millisecond)))
	got := kinds(hits)
	if len(got) != 1 || got[bench.ErrLost] == 0 {
		t.Errorf("hits %v, want only lost ones", got)
	}
	if stats.Censored == 0 {
		t.Error("no message is censored")
	}
	if stats.Planned != 800 {
		t.Errorf("planned %d", stats.Planned)
	}
}

// A server that reads late makes messages late, which shows as lag.
func TestServerThatReadsLate(t *testing.T) {
	room := roomServer{meet: func(p *peer, room *roomServer) {
		time.Sleep(300 * time.Millisecond)
		room.serve(p)
	}}
	d := &Room{}
	defer d.Close()
	w := roomWorkload(2)
	w.Message, w.Timeout.Duration = 65536, 20*time.Second
	hits, stats := driven(t, d, loadOf(room.listen(t), w, constantly(1000, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 400})
	if stats.Censored != 0 {
		t.Errorf("%d are censored", stats.Censored)
	}
}

func TestPingsAndFragments(t *testing.T) {
	var pongs atomic.Int64
	room := roomServer{deliver: func(p *peer, n int, text []byte) {
		third := len(text) / 3
		p.send(last, opPing, fmt.Append(nil, "ping ", n))
		p.send(more, opText, text[:third])
		p.send(last, opPong, nil)
		p.send(more, opContinuation, text[third:2*third])
		p.send(last, opPing, nil)
		p.send(last, opContinuation, text[2*third:])
	}, control: func(_ *peer, op byte, _ []byte) {
		if op == opPong {
			pongs.Add(1)
		}
	}}
	d := &Room{}
	hits, _ := driven(t, d, loadOf(room.listen(t), roomWorkload(4), constantly(100, 100*time.Millisecond)))
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
	room := roomServer{deliver: func(p *peer, n int, text []byte) {
		if n < 5 {
			p.send(last, opText, text)
		}
	}}
	d := &Room{}
	defer d.Close()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, cancel)
	w := roomWorkload(4)
	w.Timeout.Duration = time.Minute
	began := time.Now()
	hits, _ := drivenUntil(ctx, t, d, loadOf(room.listen(t), w, constantly(50, time.Minute)))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to cancel", took)
	}
	got := kinds(hits)
	if len(got) != 2 || got[""] != 20 || got[bench.ErrStopped] == 0 {
		t.Errorf("hits %v", got)
	}
}

// A message of an earlier drive that arrives late is not a delivery.
func TestLateMessagesOfAnEarlierDriveDontCount(t *testing.T) {
	var drive atomic.Int64
	var kept [][]byte
	room := roomServer{deliver: func(p *peer, _ int, text []byte) {
		if drive.Load() == 0 {
			kept = append(kept, text)
			return
		}
		for _, k := range kept {
			p.send(last, opText, k)
		}
		p.send(last, opText, text)
	}}
	d := &Room{}
	defer d.Close()
	address := room.listen(t)
	w := roomWorkload(2)
	w.Timeout.Duration = 300 * time.Millisecond
	hits, _ := driven(t, d, loadOf(address, w, constantly(50, 100*time.Millisecond)))
	want(t, hits, map[string]int{bench.ErrLost: 10})
	drive.Store(1)
	w.Timeout.Duration = 5 * time.Second
	hits, stats := driven(t, d, loadOf(address, w, constantly(50, 100*time.Millisecond)))
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
		{"another key", serve(t, func(w http.ResponseWriter, _ *http.Request) {
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
			hits, _ := driven(t, d, loadOf(c.address, w, constantly(50, 100*time.Millisecond)))
			want(t, hits, map[string]int{c.want: 15})
		})
	}
}

func TestBadRoomsAreRefused(t *testing.T) {
	d := &Room{}
	defer d.Close()
	refusal := func(address string, w bench.Workload, s bench.Schedule) error {
		_, err := d.Drive(context.Background(), loadOf(address, w, s), func(bench.Hit) {})
		return err
	}
	const nobody = "http://127.0.0.1:1"
	if err := refusal(nobody, roomWorkload(3), bench.Schedule{Connections: 3}); !errors.Is(err, drive.ErrClosedLoop) {
		t.Errorf("a closed loop: %v", err)
	}
	if err := refusal(nobody, roomWorkload(1<<31), constantly(1, time.Second)); !errors.Is(err, drive.ErrDescriptors) {
		t.Errorf("too many members: %v", err)
	}
	if refusal(nobody, roomWorkload(0), constantly(1, time.Second)) == nil {
		t.Error("a room without members was accepted")
	}
	if refusal("nowhere", roomWorkload(1), constantly(1, time.Second)) == nil {
		t.Error("an address without a scheme was accepted")
	}
}

// The server of golang.org/x/net is independent code for the same standard.
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
				_ = websocket.Message.Send(m, text) // a member may be gone
			}
			mu.Unlock()
		}
	}}
	d := &Room{}
	defer d.Close()
	w := roomWorkload(20)
	w.Message = 4000
	hits, _ := driven(t, d, loadOf(serve(t, handler.ServeHTTP), w, constantly(100, 200*time.Millisecond)))
	want(t, hits, map[string]int{"": 400})
}
