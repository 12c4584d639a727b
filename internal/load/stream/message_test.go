package stream

import (
	"encoding/json"
	"testing"
)

func TestMessages(t *testing.T) {
	for _, size := range []int{0, 1, 32, 33, 256, 65536} {
		m := newMessages(nextNumber(0), size)
		for _, k := range []uint64{0, 1, 27, 999_999_998} {
			text := m.append(nil, k)
			var parsed struct {
				Seq uint64
				Pad string
			}
			if err := json.Unmarshal(text, &parsed); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if len(text) != m.size {
				t.Fatalf("%q has %d bytes, want %d", text, len(text), m.size)
			}
			if want := m.number*maxMessages + k; float64(parsed.Seq) != float64(want) {
				t.Fatalf("%q has the number %d, want %d", text, parsed.Seq, want)
			}
			of, n, ok := readNumber(text)
			if !ok {
				t.Fatalf("%q has no number", text)
			}
			if of != m.number || n != k {
				t.Fatalf("%q is %d of %d, want %d of %d", text, n, of, k, m.number)
			}
			if !m.matches(text, k) {
				t.Fatalf("%q does not match", text)
			}
			for i := range text[len(messagePrefix)+messageDigits:] {
				i += len(messagePrefix) + messageDigits
				text[i] ^= 1
				if m.matches(text, k) {
					t.Fatalf("%q passes", text)
				}
				text[i] ^= 1
				if i > 300 {
					break
				}
			}
		}
	}
	if got := nextNumber(minDrive); got != minDrive+1 {
		t.Errorf("the drive after the first has the number %d", got)
	}
	if got := nextNumber(maxDrive); got != minDrive {
		t.Errorf("the drive after the last has the number %d", got)
	}
	for _, bad := range []string{"", "{}", `{"seq":12345678901234,"pad":"xxxxxx"}`, `{"sek":123456789012345,"pad":""}`} {
		if _, _, ok := readNumber([]byte(bad)); ok {
			t.Errorf("%q has a number", bad)
		}
	}
}
