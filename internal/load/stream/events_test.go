package stream

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestEvents(t *testing.T) {
	const stream = "\xef\xbb\xbf: welcome\n\ndata: one\n\ndata:two\r\ndata: lines\r\n\r\n" +
		"id: 3\revent: x\rdata\r\r\nretry: 1\n\n: note\ndata:  three\n\ndata: not whole\n"
	want := heard{":  welcome", "0 one", "0 two\nlines", "0 ", ":  note", "0  three"}
	for size := 1; size <= len(stream); size++ {
		var got heard
		var e events
		cuts := bytes.Repeat([]byte{byte(size)}, len(stream))
		err := pieces([]byte(stream), cuts, func(p []byte) error { return e.feed(p, &got) })
		if err != nil {
			t.Fatalf("in pieces of %d: %v", size, err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("in pieces of %d: %q, want %q", size, got, want)
		}
	}
	var e events
	var got heard
	if err := e.feed(bytes.Repeat([]byte("x"), maxEvent+1), &got); !errors.Is(err, errProtocol) {
		t.Errorf("a line without end: %v", err)
	}
}

// FuzzEvents compares the parser with the standard's own algorithm over the whole text.
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
				want.add("0", strings.Join(data, "\n"))
				data = nil
			case strings.HasPrefix(line, ":"):
				want.add(":", line[1:])
			case field == "data":
				data = append(data, strings.TrimPrefix(value, " "))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
