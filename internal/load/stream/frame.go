package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Opcodes of WebSocket frames (RFC 6455, 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

const (
	maxFrame   = 1 << 20 // bytes of a message
	maxControl = 125     // bytes of a control frame's payload
	frameHead  = 10      // bytes of the longest head without a mask
)

// errProtocol is wrapped by the error of a server that broke its protocol.
var errProtocol = errors.New("the server broke the protocol")

// frames parses what a WebSocket server sends, in pieces of any size (RFC 6455, 5).
// Its zero value is at the start of a frame. It keeps bytes only of messages that have
// not arrived whole.
type frames struct {
	head   [frameHead]byte
	have   int  // bytes of the head that have arrived
	inside bool // the head is whole
	op     byte // of the frame
	final  bool // the frame is the last of its message
	length int  // of the frame's payload
	left   int  // of the payload that has not arrived

	kind    byte   // opcode of the message that further frames continue; 0 for none
	partial []byte // of a message that did not arrive in one piece
	control []byte // of a control frame that did not arrive in one piece
}

// frameHandler takes messages and control frames. It may use the payload until it
// returns. An error ends the parsing.
type frameHandler interface {
	message(op byte, payload []byte) error
	controlFrame(op byte, payload []byte) error
}

// feed parses received bytes. An error comes from the handler or wraps errProtocol.
// After an error nothing more can be parsed.
func (f *frames) feed(p []byte, h frameHandler) error {
	for {
		if !f.inside {
			n, err := f.readHead(p)
			if err != nil || !f.inside {
				return err
			}
			p = p[n:]
		}
		if len(p) == 0 && f.left > 0 {
			return nil
		}
		n := min(f.left, len(p))
		f.left -= n
		if err := f.readPayload(p[:n], h); err != nil {
			return err
		}
		if f.left > 0 {
			return nil
		}
		p = p[n:]
		f.inside, f.have = false, 0
	}
}

// readHead takes what it needs of a frame's head, and returns how many bytes it took.
func (f *frames) readHead(p []byte) (taken int, err error) {
	for f.have < f.headLength() {
		n := copy(f.head[f.have:f.headLength()], p[taken:])
		if n == 0 {
			return taken, nil
		}
		f.have += n
		taken += n
	}
	f.op, f.final = f.head[0]&0xf, f.head[0]&0x80 != 0
	length := uint64(f.head[1] &^ 0x80)
	switch length {
	case 126:
		length = uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		length = binary.BigEndian.Uint64(f.head[2:])
	}
	if err := f.checkHead(length); err != nil {
		return taken, err
	}
	f.length, f.left, f.inside = int(length), int(length), true
	return taken, nil
}

// headLength returns the length of the head, from the bytes of it that have arrived.
func (f *frames) headLength() int {
	switch {
	case f.have < 2 || f.head[1]&0x7f < 126:
		return 2
	case f.head[1]&0x7f == 126:
		return 4
	}
	return 10
}

// checkHead checks a frame's head against RFC 6455, 5.
func (f *frames) checkHead(length uint64) error {
	control := f.op&0x8 != 0
	switch {
	case f.head[0]&0x70 != 0:
		return fmt.Errorf("%w: a frame of an extension that was not agreed on", errProtocol)
	case f.head[1]&0x80 != 0:
		return fmt.Errorf("%w: a masked frame", errProtocol)
	case control && f.op > opPong, !control && f.op > opBinary:
		return fmt.Errorf("%w: a frame of unknown opcode %#x", errProtocol, f.op)
	case control && (!f.final || length > maxControl):
		return fmt.Errorf("%w: a control frame in pieces or of more than %d bytes", errProtocol, maxControl)
	case f.op == opContinuation && f.kind == 0:
		return fmt.Errorf("%w: a continuation without a message", errProtocol)
	case (f.op == opText || f.op == opBinary) && f.kind != 0:
		return fmt.Errorf("%w: a message within another", errProtocol)
	case !control && length > uint64(maxFrame-len(f.partial)):
		return fmt.Errorf("%w: a message of more than %d bytes", errProtocol, maxFrame)
	}
	return nil
}

// readPayload takes bytes of a frame's payload. They complete it if left is 0.
func (f *frames) readPayload(p []byte, h frameHandler) error {
	if f.op&0x8 != 0 {
		if len(p) == f.length {
			return h.controlFrame(f.op, p)
		}
		f.control = append(f.control, p...)
		if f.left > 0 {
			return nil
		}
		err := h.controlFrame(f.op, f.control)
		f.control = f.control[:0]
		return err
	}
	if f.op != opContinuation {
		if f.final && len(p) == f.length {
			return h.message(f.op, p)
		}
		f.kind = f.op
	}
	f.partial = append(f.partial, p...)
	if f.left > 0 || !f.final {
		return nil
	}
	err := h.message(f.kind, f.partial)
	f.kind, f.partial = 0, f.partial[:0]
	return err
}

// appendFrame appends a client's frame with the whole payload, masked by the key.
func appendFrame(to []byte, op byte, key uint32, payload []byte) []byte {
	to = append(to, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		to = append(to, 0x80|byte(n))
	case n <= 0xffff:
		to = append(to, 0x80|126, byte(n>>8), byte(n))
	default:
		to = append(to, 0x80|127)
		to = binary.BigEndian.AppendUint64(to, uint64(n))
	}
	to = binary.LittleEndian.AppendUint32(to, key)
	start := len(to)
	to = append(to, payload...)
	mask(to[start:], key)
	return to
}

// mask masks or unmasks p (RFC 6455, 5.3). The key's first byte is its lowest.
func mask(p []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for ; len(p) >= 8; p = p[8:] {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^wide)
	}
	for i := range p {
		p[i] ^= byte(key >> (8 * (i % 4)))
	}
}
