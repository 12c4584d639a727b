package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// pair returns a stream and the server's end of it.
func pair(t testing.TB) (*Stream, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	transport := newTransport(t)
	stream, err := transport.Dial(context.Background(), listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() }) // a test may have closed it
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return stream, conn.(*net.TCPConn)
}

// With kernel stamps, a late read still learns when the bytes arrived.
func TestStreamReportsArrival(t *testing.T) {
	stream, server := pair(t)
	const late = 50 * time.Millisecond
	check := func(began time.Time, at Arrival) {
		t.Helper()
		if at.Stamped != KernelClock() {
			t.Errorf("stamped: %v", at.Stamped)
		}
		took := time.Duration(at.UnixNano - began.UnixNano())
		if took < 0 {
			t.Errorf("it arrived %v before it was sent", -took)
		}
		if at.Stamped && took > late {
			t.Errorf("it arrived %v after it was sent; the reader alone took %v", took, late)
		}
	}
	buffer := make([]byte, 100)
	for range 3 {
		began := time.Now()
		send(server, "hello")
		time.Sleep(late)
		n, at, err := stream.Read(buffer)
		if err != nil || string(buffer[:n]) != "hello" {
			t.Fatalf("%q, %v", buffer[:n], err)
		}
		check(began, at)
	}
	for range 3 {
		began := time.Now()
		send(server, "hello")
		time.Sleep(late)
		err := stream.Receive(func(p []byte, at Arrival) bool {
			if string(p) != "hello" {
				t.Errorf("%q", p)
			}
			check(began, at)
			return false
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestStreamReceivesAll(t *testing.T) {
	stream, server := pair(t)
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(i / 7)
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for at := 0; at < len(data); {
			n := min(1+at%200_000, len(data)-at)
			if _, err := server.Write(data[at : at+n]); err != nil {
				t.Error(err)
				return
			}
			at += n
		}
		if err := server.CloseWrite(); err != nil {
			t.Error(err)
		}
	})
	var got bytes.Buffer
	err := stream.Receive(func(p []byte, _ Arrival) bool {
		got.Write(p)
		return true
	})
	writing.Wait()
	if err != io.EOF {
		t.Errorf("error %v, want %v", err, io.EOF)
	}
	if !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes arrived, want %d, or they differ", got.Len(), len(data))
	}
	if n, _, err := stream.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes after the end, %v", n, err)
	}
}

// Receive reports the end, whether it arrives with the last bytes or later.
func TestStreamReportsTheEnd(t *testing.T) {
	for name, end := range map[string]func(*net.TCPConn) error{
		"close": (*net.TCPConn).Close,
		"reset": func(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) },
	} {
		for _, pause := range []time.Duration{0, 20 * time.Millisecond} {
			t.Run(name, func(t *testing.T) {
				for range 20 {
					stream, server := pair(t)
					ended := make(chan error, 1)
					go func() { ended <- stream.Receive(func([]byte, Arrival) bool { return true }) }()
					send(server, "last words")
					time.Sleep(pause)
					if err := end(server); err != nil {
						t.Error(err)
					}
					select {
					case err := <-ended:
						if err == nil {
							t.Error("no error")
						}
					case <-time.After(10 * time.Second):
						t.Fatal("the end was not reported")
					}
					_ = stream.Close() // the server closed it first
				}
			})
		}
	}
}

func TestStreamIsInterrupted(t *testing.T) {
	for name, interrupt := range map[string]func(*Stream) error{
		"interrupt": func(s *Stream) error { s.Interrupt(); return nil },
		"close":     (*Stream).Close,
		"deadline":  func(s *Stream) error { return s.SetDeadline(time.Now().Add(10 * time.Millisecond)) },
	} {
		t.Run(name, func(t *testing.T) {
			stream, _ := pair(t)
			ended := make(chan error, 1)
			go func() { ended <- stream.Receive(func([]byte, Arrival) bool { return true }) }()
			time.Sleep(20 * time.Millisecond)
			if err := interrupt(stream); err != nil {
				t.Error(err)
			}
			err := <-ended
			if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
			if _, _, err := stream.Read(make([]byte, 1)); err == nil {
				t.Error("the next read went on")
			}
			if _, err := stream.Write([]byte("x")); err == nil {
				t.Error("the next write went on")
			}
		})
	}
}

func TestTryWriteDoesNotWait(t *testing.T) {
	stream, server := pair(t)
	if stream.socket == nil {
		if n, err := stream.TryWrite([]byte("x")); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		t.Skip("this system offers no write without a wait")
	}
	piece := bytes.Repeat([]byte("x"), 100_000)
	total := 0
	for {
		n, err := stream.TryWrite(piece)
		if err != nil {
			t.Fatal(err)
		}
		total += n
		if n < len(piece) {
			break
		}
		if total > 1<<30 {
			t.Fatal("the kernel took a gigabyte that nobody reads")
		}
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		if n, err := io.Copy(io.Discard, server); int(n) != total+3 || err != nil {
			t.Errorf("%d of %d bytes came, %v", n, total+3, err)
		}
	})
	if _, err := stream.Write([]byte("end")); err != nil { // waits
		t.Error(err)
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	reading.Wait()
	if _, err := stream.TryWrite(piece); err == nil {
		t.Error("a write after the close")
	}
}

func TestDialFails(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	transport := newTransport(t)
	var op *net.OpError
	if _, err := transport.Dial(context.Background(), address); !errors.As(err, &op) || op.Op != "dial" {
		t.Error(err)
	}
	transport.Close()
	if _, err := transport.Dial(context.Background(), address); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// A silent stream needs a goroutine and memory in the kernel, but not a buffer.
func TestSilentStreamsAreSmall(t *testing.T) {
	const n = 200
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	transport := newTransport(t)
	var before, after runtime.MemStats
	var running sync.WaitGroup
	streams := make([]*Stream, n)
	conns := make([]net.Conn, n)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		if streams[i], err = transport.Dial(context.Background(), listener.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if conns[i], err = listener.Accept(); err != nil {
			t.Fatal(err)
		}
		send(conns[i], "x")
		running.Go(func() {
			_ = streams[i].Receive(func([]byte, Arrival) bool { return true }) // until the stream is closed
		})
	}
	time.Sleep(100 * time.Millisecond)
	runtime.GC()
	runtime.GC() // empties the pool
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 16<<10 {
		t.Errorf("each stream holds %d bytes", each)
	}
	for i := range n {
		if err := streams[i].Close(); err != nil {
			t.Error(err)
		}
		conns[i].Close()
	}
	running.Wait()
}

func BenchmarkReceive(b *testing.B) {
	stream, server := pair(b)
	message := make([]byte, 256)
	got := make(chan struct{}, 1)
	var running sync.WaitGroup
	running.Go(func() {
		_ = stream.Receive(func([]byte, Arrival) bool { got <- struct{}{}; return true }) // until it is closed
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := server.Write(message); err != nil {
			b.Fatal(err)
		}
		<-got
	}
	if err := stream.Close(); err != nil {
		b.Error(err)
	}
	running.Wait()
}
