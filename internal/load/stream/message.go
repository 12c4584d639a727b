package stream

import (
	"bytes"
	"math/rand/v2"
)

// A message is a JSON object {"seq":N,"pad":"…"}. N has fifteen digits, so that it is
// exact in every JSON parser: six are the number of the drive, nine the message's
// number in the drive. The pad is a part of the repeated alphabet that starts with
// another letter for each message.
const (
	messagePrefix = `{"seq":`
	messageMiddle = `,"pad":"`
	messageSuffix = `"}`
	messageDigits = 15
	minMessage    = len(messagePrefix) + messageDigits + len(messageMiddle) + len(messageSuffix) // bytes
	usualMessage  = 256                                                                          // bytes

	maxMessages = 1_000_000_000 // messages of a drive
	minDrive    = 100_000       // smallest number of a drive
	maxDrive    = 999_999       // largest number of a drive
)

// messages writes and reads the messages of one drive.
type messages struct {
	number uint64 // of the drive
	size   int    // bytes of each message
	letter []byte // the pads: that of message k starts at k modulo 26
}

// newMessages returns messages of a size in bytes: of 256 bytes for 0, and of the
// smallest possible size if that is larger.
func newMessages(number uint64, size int) *messages {
	if size == 0 {
		size = usualMessage
	}
	size = max(size, minMessage)
	letters := make([]byte, 26+size-minMessage)
	for i := range letters {
		letters[i] = 'a' + byte(i%26)
	}
	return &messages{number: number, size: size, letter: letters}
}

// nextNumber returns the number of the next drive. After 0 it is random, because the
// server may still send messages of another process, which hardly has that number.
func nextNumber(last uint64) uint64 {
	switch last {
	case 0:
		return minDrive + rand.Uint64N(maxDrive-minDrive+1)
	case maxDrive:
		return minDrive
	}
	return last + 1
}

// pad returns the pad of message k.
func (m *messages) pad(k uint64) []byte {
	return m.letter[k%26:][:m.size-minMessage]
}

// append appends message k to a slice.
func (m *messages) append(to []byte, k uint64) []byte {
	to = append(to, messagePrefix...)
	var digits [messageDigits]byte
	n := m.number*maxMessages + k
	for i := range digits {
		digits[messageDigits-1-i] = '0' + byte(n%10)
		n /= 10
	}
	to = append(to, digits[:]...)
	to = append(to, messageMiddle...)
	to = append(to, m.pad(k)...)
	return append(to, messageSuffix...)
}

// readNumber reads the number of a message's drive and its number k in the drive. It
// checks only the start of the message; see matches.
func readNumber(payload []byte) (number, k uint64, ok bool) {
	if len(payload) < minMessage || string(payload[:len(messagePrefix)]) != messagePrefix {
		return 0, 0, false
	}
	n := uint64(0)
	for _, c := range payload[len(messagePrefix):][:messageDigits] {
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n / maxMessages, n % maxMessages, true
}

// matches reports whether the payload, whose number was read, is message k byte for byte.
func (m *messages) matches(payload []byte, k uint64) bool {
	const from = len(messagePrefix) + messageDigits
	return len(payload) == m.size &&
		string(payload[from:][:len(messageMiddle)]) == messageMiddle &&
		bytes.Equal(payload[from+len(messageMiddle):m.size-len(messageSuffix)], m.pad(k)) &&
		string(payload[m.size-len(messageSuffix):]) == messageSuffix
}
