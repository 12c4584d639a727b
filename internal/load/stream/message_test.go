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
			err := json.Unmarshal(text, &parsed)
			if err != nil || len(text) != m.size || float64(parsed.Seq) != float64(m.number*maxMessages+k) {
				t.Fatalf("%q: %v", text, err)
			}
			of, n, ok := readNumber(text)
			if !ok || of != m.number || n != k || !m.matches(text, k) {
				t.Fatalf("%q is %d of %d", text, n, of)
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
	if nextNumber(maxDrive) != minDrive || nextNumber(minDrive) != minDrive+1 {
		t.Error("the drives are not numbered in sequence")
	}
	for _, bad := range []string{"", "{}", `{"seq":12345678901234,"pad":"xxxxxx"}`, `{"sek":123456789012345,"pad":""}`} {
		if _, _, ok := readNumber([]byte(bad)); ok {
			t.Errorf("%q has a number", bad)
		}
	}
}
