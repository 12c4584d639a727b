package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http/httputil"
	"slices"
	"strings"
	"testing"
)

// pieces calls feed with data cut at the places that cuts names, and stops at an error.
func pieces(data, cuts []byte, feed func([]byte) error) error {
	for len(data) > 0 {
		n := len(data)
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])), cuts[1:]
		}
		// A copy, that is overwritten later: what was fed is not to be kept.
		p := slices.Clone(data[:n])
		err := feed(p)
		for i := range p {
			p[i] = 0xee
		}
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// heard is what a parser told.
type heard []string

func (h *heard) message(op byte, payload []byte) error {
	*h = append(*h, string(rune('0'+op))+" "+string(payload))
	return nil
}
func (h *heard) controlFrame(op byte, payload []byte) error { return h.message(op, payload) }
func (h *heard) event(data []byte) error                    { return h.message(0, data) }
func (h *heard) comment(text []byte) error                  { return h.message(':'-'0', text) }

func unmasked(to []byte, final bool, op byte, payload string) []byte {
	frame := appendFrame(nil, op, 0, []byte(payload))
	if !final {
		frame[0] &^= 0x80
	}
	frame[1] &^= 0x80
	n := len(frame) - len(payload)
	to = append(to, frame[:n-4]...)
	return append(to, payload...)
}

func TestFrames(t *testing.T) {
	long, longer := strings.Repeat("x", 300), strings.Repeat("y", 70_000)
	var data []byte
	for _, text := range []string{"", "a", long, longer} {
		data = unmasked(data, true, opText, text)
	}
	data = unmasked(data, false, opBinary, "in ")
	data = unmasked(data, true, opPing, "")
	data = unmasked(data, false, opContinuation, "")
	data = unmasked(data, true, opContinuation, "pieces")
	data = unmasked(data, true, opClose, "\x03\xe9")
	want := heard{"1 ", "1 a", "1 " + long, "1 " + longer, "9 ", "2 in pieces", "8 \x03\xe9"}
	for _, size := range []int{1, 2, 3, 7, 100, len(data)} {
		var got heard
		var f frames
		if err := pieces(data, bytes.Repeat([]byte{byte(min(size, 255))}, len(data)), func(p []byte) error { return f.feed(p, &got) }); err != nil || !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %.100q, %v", size, got, err)
		}
	}
	for name, bad := range map[string]string{
		"masked": "\x81\x81aaaab", "extension": "\xc1\x01a", "unknown": "\x83\x01a", "unknown control": "\x8b\x00",
		"long control": "\x89\x7e\x00\x7e", "control in pieces": "\x09\x00", "continuation of nothing": "\x80\x00",
		"within": "\x01\x01a\x81\x01b", "too long": "\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x01",
		"far too long": "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		var got heard
		var f frames
		if err := f.feed([]byte(bad), &got); !errors.Is(err, errProtocol) || len(got) > 0 {
			t.Errorf("%s: %v, %q", name, err, got)
		}
	}
}

// However a stream of frames is cut, it means the same; and nothing makes the parser panic.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x81\x02hi\x89\x00\x01\x01a\x80\x01b\x88\x02\x03\xe8"), []byte{1, 2, 3})
	f.Add([]byte("\x82\x7e\x00\x05hello\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x01x"), []byte{5, 1, 1, 1})
	f.Add([]byte("\x01\x00\x89\x01p\x80\x00\xc1"), []byte{})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		var whole, cut heard
		var a, b frames
		errWhole := a.feed(data, &whole)
		errCut := pieces(data, cuts, func(p []byte) error { return b.feed(p, &cut) })
		if (errWhole == nil) != (errCut == nil) || !slices.Equal(whole, cut) {
			t.Errorf("whole: %q, %v; cut: %q, %v", whole, errWhole, cut, errCut)
		}
	})
}

func TestClientFramesAreMasked(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 125, 126, 1000, 65535, 65536} {
		payload := bytes.Repeat([]byte("abcdefg"), n/7+1)[:n]
		frame := appendFrame(nil, opText, 0x04030201, payload)
		at := len(frame) - n
		if frame[1]&0x80 == 0 || !bytes.Equal(frame[at-4:at], []byte{1, 2, 3, 4}) {
			t.Fatalf("%d bytes: head % x", n, frame[:at])
		}
		for i := range n {
			if frame[at+i] != payload[i]^byte(i%4+1) {
				t.Fatalf("%d bytes: byte %d is %#x", n, i, frame[at+i])
			}
		}
	}
}

func TestEvents(t *testing.T) {
	const stream = "\xef\xbb\xbf: welcome\n\ndata: one\n\ndata:two\r\ndata: lines\r\n\r\nid: 3\revent: x\rdata\r\r\nretry: 1\n\n: note\ndata:  three\n\ndata: not whole\n"
	want := heard{":  welcome", "0 one", "0 two\nlines", "0 ", ":  note", "0  three"}
	for size := 1; size <= len(stream); size++ {
		var got heard
		var e events
		if err := pieces([]byte(stream), bytes.Repeat([]byte{byte(size)}, len(stream)), func(p []byte) error { return e.feed(p, &got) }); err != nil || !slices.Equal(got, want) {
			t.Fatalf("in pieces of %d: %q, %v", size, got, err)
		}
	}
	var e events
	var got heard
	if err := e.feed(bytes.Repeat([]byte("x"), mostEvent+1), &got); !errors.Is(err, errProtocol) {
		t.Errorf("a line without end: %v", err)
	}
}

// The reference is the standard's own algorithm over the whole text.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(": welcome\n\ndata: one\n\ndata:two\r\ndata: lines\r\n\r\n"), []byte{1, 2, 3})
	f.Add([]byte("data\rdata:\r\rdata: x\n\r\n"), []byte{4, 1, 1})
	f.Add([]byte("\xef\xbb\xbfdata: x\n\n"), []byte{1, 1})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		var got, want heard
		var e events
		if err := pieces(stream, cuts, func(p []byte) error { return e.feed(p, &got) }); err != nil {
			t.Fatal(err)
		}
		text := strings.TrimPrefix(string(stream), "\ufeff")
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
		lines := strings.Split(text, "\n")
		var data []string
		for _, line := range lines[:len(lines)-1] {
			field, value, _ := strings.Cut(line, ":")
			switch {
			case line == "" && data != nil:
				want.event([]byte(strings.Join(data, "\n")))
				data = nil
			case strings.HasPrefix(line, ":"):
				want.comment([]byte(line[1:]))
			case field == "data":
				data = append(data, strings.TrimPrefix(value, " "))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct{ name, text, body, rest string }{
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\nnext", "abc0123456789", "next"},
		{"length", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcnext", "abc", "next"},
		{"empty", "HTTP/1.1 204 No Content\r\n\r\nnext", "", "next"},
		{"switched", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00", "", "\x81\x00"},
	} {
		for size := 1; size <= len(c.text); size++ {
			var a answer
			var body, rest []byte
			err := pieces([]byte(c.text), bytes.Repeat([]byte{byte(size)}, len(c.text)), func(p []byte) error {
				if a.done() {
					rest = append(rest, p...)
					return nil
				}
				r, err := a.feed(p, func(b []byte) error { body = append(body, b...); return nil })
				rest = append(rest, r...)
				return err
			})
			if err != nil || string(body) != c.body || string(rest) != c.rest || !a.done() {
				t.Fatalf("%s in pieces of %d: body %q, rest %q, %v", c.name, size, body, rest, err)
			}
		}
	}
	var a answer
	if _, err := a.feed([]byte("HTTP/1.1 200 OK\r\n\r\nabc"), func([]byte) error { return nil }); err != nil || a.done() {
		t.Errorf("until the end: %v", err)
	}
	for _, bad := range []string{"SSH-2.0\r\n\r\n", strings.Repeat("x", mostHead+1), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"} {
		var a answer
		if _, err := a.feed([]byte(bad), func([]byte) error { return nil }); !errors.Is(err, errProtocol) {
			t.Errorf("%.60q: %v", bad, err)
		}
	}
}

// What the standard library takes as a chunked body, this parser takes as the same
// body, however it is cut.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"), []byte{1, 2})
	f.Add([]byte("A;ext\r\n0123456789\r\n00\r\nTrailer: x\r\n\r\n"), []byte{1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		var body []byte
		a := answer{state: inSize}
		err := pieces(data, cuts, func(p []byte) error {
			_, err := a.feed(p, func(b []byte) error { body = append(body, b...); return nil })
			return err
		})
		want, wrong := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(data)))
		if wrong == nil && (err != nil || !bytes.Equal(body, want)) {
			t.Errorf("%q, %v; want %q", body, err, want)
		}
	})
}

func TestMessages(t *testing.T) {
	for _, size := range []int{0, 1, 32, 33, 256, 65536} {
		m := newMessages(following(0), size)
		for _, k := range []uint64{0, 1, 27, 999_999_998} {
			text := m.append(nil, k)
			var parsed struct {
				Seq uint64
				Pad string
			}
			if err := json.Unmarshal(text, &parsed); err != nil || len(text) != m.size || float64(parsed.Seq) != float64(m.of*mostMessages+k) {
				t.Fatalf("%q: %v", text, err)
			}
			of, n, ok := number(text)
			if !ok || of != m.of || n != k || !m.is(text, k) {
				t.Fatalf("%q is %d of %d", text, n, of)
			}
			for i := range text[len(messagePrefix)+messageDigits:] {
				i += len(messagePrefix) + messageDigits
				text[i] ^= 1
				if m.is(text, k) {
					t.Fatalf("%q passes", text)
				}
				text[i] ^= 1
				if i > 300 {
					break
				}
			}
		}
	}
	if following(driveMost) != driveLeast || following(driveLeast) != driveLeast+1 {
		t.Error("the drives are not numbered one after the other")
	}
	for _, bad := range []string{"", "{}", `{"seq":12345678901234,"pad":"xxxxxx"}`, `{"sek":123456789012345,"pad":""}`} {
		if _, _, ok := number([]byte(bad)); ok {
			t.Errorf("%q has a number", bad)
		}
	}
}

func TestOrder(t *testing.T) {
	// Each is a list of deliveries, member and message, in the order in which they are
	// seen; those that are out of order are marked.
	for name, list := range map[string][]struct {
		member, k int
		bad       bool
	}{
		"agreed":                {{0, 0, false}, {0, 1, false}, {1, 0, false}, {1, 1, false}, {2, 0, false}, {2, 1, false}},
		"another, agreed":       {{0, 1, false}, {0, 0, false}, {1, 1, false}, {1, 0, false}},
		"disagreed":             {{0, 0, false}, {0, 1, false}, {1, 1, false}, {1, 0, true}, {1, 2, false}, {0, 2, false}},
		"the first misses some": {{0, 0, false}, {0, 3, false}, {1, 0, false}, {1, 1, false}, {1, 2, false}, {1, 3, false}, {2, 1, false}, {2, 3, false}, {0, 4, false}},
		"the first is late":     {{0, 1, false}, {1, 0, false}, {1, 1, false}, {0, 0, true}},
	} {
		o := newOrder(5)
		places := []place{start(), start(), start()}
		for i, d := range list {
			// All were sent at once, before any came.
			if ok := o.follows(&places[d.member], d.k, 1, 2); ok == d.bad {
				t.Errorf("%s: delivery %d: %v", name, i, ok)
			}
		}
	}
	// Message 1 was sent when member 0 had message 0, so member 1, which is seen first, is wrong.
	o := newOrder(2)
	places := []place{start(), start()}
	if !o.follows(&places[0], 0, 1, 2) || !o.follows(&places[1], 1, 3, 4) || o.follows(&places[1], 0, 1, 5) || !o.follows(&places[0], 1, 3, 4) {
		t.Error("who got a message late is not found")
	}
}
