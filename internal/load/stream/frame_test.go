package stream

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// pieces calls feed with data in pieces of the sizes in cuts, and stops at an error.
func pieces(data, cuts []byte, feed func([]byte) error) error {
	for len(data) > 0 {
		n := len(data)
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])), cuts[1:]
		}
		// A copy that is overwritten afterwards: the parser must not keep it.
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

// heard records the parts that a parser finds: each part's kind and its text.
type heard []string

func (h *heard) add(kind, text string) { *h = append(*h, kind+" "+text) }

func (h *heard) message(op byte, payload []byte) error {
	h.add(string(rune('0'+op)), string(payload))
	return nil
}

func (h *heard) controlFrame(op byte, payload []byte) error { return h.message(op, payload) }

func (h *heard) event(data []byte) error {
	h.add("0", string(data))
	return nil
}

func (h *heard) comment(text []byte) error {
	h.add(":", string(text))
	return nil
}

// fin is the bit of a frame's head that says whether the frame is the last of its message.
type fin byte

const (
	more fin = 0    // more frames follow
	last fin = 0x80 // the last frame of the message
)

// unmasked appends a frame as a server sends it.
func unmasked(to []byte, part fin, op byte, payload string) []byte {
	frame := appendFrame(nil, op, 0, []byte(payload))
	frame[0] = frame[0]&^0x80 | byte(part)
	frame[1] &^= 0x80
	n := len(frame) - len(payload)
	to = append(to, frame[:n-4]...)
	return append(to, payload...)
}

func TestFrames(t *testing.T) {
	long, longer := strings.Repeat("x", 300), strings.Repeat("y", 70_000)
	var data []byte
	for _, text := range []string{"", "a", long, longer} {
		data = unmasked(data, last, opText, text)
	}
	data = unmasked(data, more, opBinary, "in ")
	data = unmasked(data, last, opPing, "")
	data = unmasked(data, more, opContinuation, "")
	data = unmasked(data, last, opContinuation, "pieces")
	data = unmasked(data, last, opClose, "\x03\xe9")
	want := heard{"1 ", "1 a", "1 " + long, "1 " + longer, "9 ", "2 in pieces", "8 \x03\xe9"}
	for _, size := range []int{1, 2, 3, 7, 100, len(data)} {
		var got heard
		var f frames
		cuts := bytes.Repeat([]byte{byte(min(size, 255))}, len(data))
		err := pieces(data, cuts, func(p []byte) error { return f.feed(p, &got) })
		if err != nil {
			t.Errorf("in pieces of %d: %v", size, err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %.100q", size, got)
		}
	}
	for name, bad := range map[string]string{
		"masked":                  "\x81\x81aaaab",
		"extension":               "\xc1\x01a",
		"unknown":                 "\x83\x01a",
		"unknown control":         "\x8b\x00",
		"long control":            "\x89\x7e\x00\x7e",
		"control in pieces":       "\x09\x00",
		"continuation of nothing": "\x80\x00",
		"within":                  "\x01\x01a\x81\x01b",
		"too long":                "\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x01",
		"far too long":            "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			var got heard
			var f frames
			if err := f.feed([]byte(bad), &got); !errors.Is(err, errProtocol) {
				t.Errorf("error %v, want %v", err, errProtocol)
			}
			if len(got) > 0 {
				t.Errorf("the parser found %q", got)
			}
		})
	}
}

// FuzzFrames checks that frames mean the same however they are cut, and that no bytes
// make the parser panic.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x81\x02hi\x89\x00\x01\x01a\x80\x01b\x88\x02\x03\xe8"), []byte{1, 2, 3})
	f.Add([]byte("\x82\x7e\x00\x05hello\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x01x"), []byte{5, 1, 1, 1})
	f.Add([]byte("\x01\x00\x89\x01p\x80\x00\xc1"), []byte{})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		var whole, cut heard
		var a, b frames
		errWhole := a.feed(data, &whole)
		errCut := pieces(data, cuts, func(p []byte) error { return b.feed(p, &cut) })
		if (errWhole == nil) != (errCut == nil) {
			t.Errorf("whole: %v; cut: %v", errWhole, errCut)
		}
		if !slices.Equal(whole, cut) {
			t.Errorf("whole: %q; cut: %q", whole, cut)
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
