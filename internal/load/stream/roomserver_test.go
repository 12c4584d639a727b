package stream

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// peer is the server's side of one WebSocket.
type peer struct {
	net.Conn
	in    *bufio.Reader
	index int
	mu    sync.Mutex
}

// send writes one frame.
func (p *peer) send(part fin, op byte, payload []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	head := []byte{op | byte(part), 0}
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
	_, _ = p.Write(append(head, payload...)) // the member may be gone
}

// receive reads one frame, which must be masked.
func (p *peer) receive() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return 0, nil, err
	}
	if head[1]&0x80 == 0 {
		return 0, nil, errors.New("a client's frame without a mask")
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		var b [2]byte
		if _, err := io.ReadFull(p.in, b[:]); err != nil {
			return 0, nil, err
		}
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		if _, err := io.ReadFull(p.in, b[:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(b[:])
	}
	body := make([]byte, 4+n)
	if _, err := io.ReadFull(p.in, body); err != nil {
		return 0, nil, err
	}
	for i := range body[4:] {
		body[4+i] ^= body[i%4]
	}
	return head[0] & 0xf, body[4:], nil
}

// roomServer serves a room. A test may change its deliveries.
type roomServer struct {
	// deliver, if set, replaces the delivery of message n, counted from 0, to a peer.
	deliver func(p *peer, n int, text []byte)
	// meet, if set, replaces serve for each new peer.
	meet func(p *peer, r *roomServer)
	// control, if set, gets the control frames.
	control func(p *peer, op byte, payload []byte)

	mu     sync.Mutex
	peers  []*peer
	joined int
	n      int
}

// listen starts the server, and returns its base URL.
func (r *roomServer) listen(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		conn, in, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		r.mu.Lock()
		p := &peer{Conn: conn, in: in.Reader, index: r.joined}
		r.joined++
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
		r.peers = append(r.peers, p)
		r.mu.Unlock()
		serving.Add(1)
		defer serving.Done()
		if r.meet != nil {
			r.meet(p, r)
		} else {
			r.serve(p)
		}
	})}
	serving.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		for _, p := range r.peers {
			p.Close()
		}
		r.mu.Unlock()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

// serve sends every message of a peer to all, until the connection ends.
func (r *roomServer) serve(p *peer) {
	for {
		op, payload, err := p.receive()
		if err != nil {
			return
		}
		if op != opText {
			if r.control != nil {
				r.control(p, op, payload)
			}
			continue
		}
		r.mu.Lock()
		_, k, _ := readNumber(payload)
		for _, p := range r.peers {
			if r.deliver != nil && k != rollCall {
				r.deliver(p, r.n, payload)
			} else {
				p.send(last, opText, payload)
			}
		}
		if k != rollCall {
			r.n++
		}
		r.mu.Unlock()
	}
}

// plainServer starts a room that does as little as it can: it sends each message to all
// members in one write each, so that a benchmark measures the driver.
func plainServer(b *testing.B) string {
	var mu sync.Mutex
	var all []net.Conn
	r := roomServer{meet: func(p *peer, _ *roomServer) {
		mu.Lock()
		all = append(all, p.Conn)
		mu.Unlock()
		var frame []byte
		for {
			op, payload, err := p.receive()
			if err != nil {
				return
			}
			if op == opText {
				frame = unmasked(frame[:0], last, opText, string(payload))
				mu.Lock()
				for _, c := range all {
					_, _ = c.Write(frame) // the member may be gone
				}
				mu.Unlock()
			}
		}
	}}
	return r.listen(b)
}
