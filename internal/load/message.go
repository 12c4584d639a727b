package load

import (
	"bytes"
	"math/rand/v2"
)

// A message is a JSON object {"seq":N,"pad":"…"} whose N has fifteen digits: six of
// the drive that it belongs to and nine of its place in the drive. A number of
// fifteen digits is exact in every JSON parser. The pad is a stretch of the
// alphabet over and over that begins with another letter for each message.
const (
	messagePrefix = `{"seq":`
	messageMiddle = `,"pad":"`
	messageSuffix = `"}`
	messageDigits = 15
	messageLeast  = len(messagePrefix) + messageDigits + len(messageMiddle) + len(messageSuffix) // bytes
	messageUsual  = 256

	mostMessages = 1_000_000_000 // of a drive
	driveLeast   = 100_000       // the least number of a drive
	driveMost    = 999_999
)

// messages writes and reads the messages of one drive.
type messages struct {
	of     uint64 // number of the drive
	size   int    // bytes of each
	letter []byte // the pads: that of message k from k modulo 26 on
}

// newMessages is for messages of size bytes: of the usual size where it is 0, of the
// least that is possible where it is less.
func newMessages(of uint64, size int) *messages {
	if size == 0 {
		size = messageUsual
	}
	size = max(size, messageLeast)
	letters := make([]byte, 26+size-messageLeast)
	for i := range letters {
		letters[i] = 'a' + byte(i%26)
	}
	return &messages{of, size, letters}
}

// following is the number of the drive after another, or of the first one, where
// that is 0: one that the messages of another process, which the same server may
// still send, hardly have.
func following(drive uint64) uint64 {
	switch drive {
	case 0:
		return driveLeast + rand.Uint64N(driveMost-driveLeast+1)
	case driveMost:
		return driveLeast
	}
	return drive + 1
}

func (m *messages) pad(k uint64) []byte {
	return m.letter[k%26:][:m.size-messageLeast]
}

// append appends message k.
func (m *messages) append(to []byte, k uint64) []byte {
	to = append(to, messagePrefix...)
	var digits [messageDigits]byte
	n := m.of*mostMessages + k
	for i := range digits {
		digits[messageDigits-1-i] = '0' + byte(n%10)
		n /= 10
	}
	to = append(to, digits[:]...)
	to = append(to, messageMiddle...)
	to = append(to, m.pad(k)...)
	return append(to, messageSuffix...)
}

// number reads a message's drive and its place in it. It looks at the begin alone.
func number(payload []byte) (drive, k uint64, ok bool) {
	if len(payload) < messageLeast || string(payload[:len(messagePrefix)]) != messagePrefix {
		return 0, 0, false
	}
	n := uint64(0)
	for _, c := range payload[len(messagePrefix):][:messageDigits] {
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n / mostMessages, n % mostMessages, true
}

// is reports whether the payload, whose number was read, is message k byte for byte.
func (m *messages) is(payload []byte, k uint64) bool {
	const from = len(messagePrefix) + messageDigits
	return len(payload) == m.size &&
		string(payload[from:][:len(messageMiddle)]) == messageMiddle &&
		bytes.Equal(payload[from+len(messageMiddle):m.size-len(messageSuffix)], m.pad(k)) &&
		string(payload[m.size-len(messageSuffix):]) == messageSuffix
}
