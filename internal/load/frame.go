package load

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
	mostFrame   = 1 << 20 // bytes of a message that is taken
	mostControl = 125     // bytes of a control frame's payload
	frameHead   = 10      // bytes of the longest head that is not masked
)

// errProtocol is what a server's breach of its protocol wraps.
var errProtocol = errors.New("the server broke the protocol")

// frames parses what a WebSocket server sends, in whatever pieces it comes (RFC
// 6455, 5). Its zero value is at the begin of a frame. It keeps bytes only of what
// has not come whole.
type frames struct {
	head   [frameHead]byte
	have   int  // bytes of the head that have come
	inside bool // the head is whole
	op     byte // of the frame
	final  bool // the frame ends its message
	length int  // of the frame's payload
	left   int  // of it that has not come

	kind    byte   // opcode of the message that goes on in further frames; 0 where none does
	partial []byte // of a message that did not come in one piece
	control []byte // of a control frame that did not
}

// frameHandler is told of messages and control frames. The payload is the
// handler's until it returns. An error ends the parsing.
type frameHandler interface {
	message(op byte, payload []byte) error
	controlFrame(op byte, payload []byte) error
}

// feed parses what came. An error is the handler's or wraps errProtocol; nothing
// can be parsed after it.
func (f *frames) feed(p []byte, h frameHandler) error {
	for {
		if !f.inside {
			n, err := f.begin(p)
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
		if err := f.body(p[:n], h); err != nil {
			return err
		}
		if f.left > 0 {
			return nil
		}
		p = p[n:]
		f.inside, f.have = false, 0
	}
}

// begin takes what it needs of a frame's head, and returns how many bytes it took.
func (f *frames) begin(p []byte) (taken int, err error) {
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
	if err := f.check(length); err != nil {
		return taken, err
	}
	f.length, f.left, f.inside = int(length), int(length), true
	return taken, nil
}

// headLength is how long the head is, as far as that is known.
func (f *frames) headLength() int {
	switch {
	case f.have < 2 || f.head[1]&0x7f < 126:
		return 2
	case f.head[1]&0x7f == 126:
		return 4
	}
	return 10
}

// check holds a frame's head against RFC 6455, 5.
func (f *frames) check(length uint64) error {
	control := f.op&0x8 != 0
	switch {
	case f.head[0]&0x70 != 0:
		return fmt.Errorf("%w: a frame of an extension that was not agreed on", errProtocol)
	case f.head[1]&0x80 != 0:
		return fmt.Errorf("%w: a masked frame", errProtocol)
	case control && f.op > opPong, !control && f.op > opBinary:
		return fmt.Errorf("%w: a frame of unknown opcode %#x", errProtocol, f.op)
	case control && (!f.final || length > mostControl):
		return fmt.Errorf("%w: a control frame in pieces or of more than %d bytes", errProtocol, mostControl)
	case f.op == opContinuation && f.kind == 0:
		return fmt.Errorf("%w: a continuation of nothing", errProtocol)
	case (f.op == opText || f.op == opBinary) && f.kind != 0:
		return fmt.Errorf("%w: a message within another", errProtocol)
	case !control && length > uint64(mostFrame-len(f.partial)):
		return fmt.Errorf("%w: a message of more than %d bytes", errProtocol, mostFrame)
	}
	return nil
}

// body takes what came of a frame's payload; it is the rest of it where left is 0.
func (f *frames) body(p []byte, h frameHandler) error {
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
	at := len(to)
	to = append(to, payload...)
	mask(to[at:], key)
	return to
}

// mask masks or unmasks p (RFC 6455, 5.3); the key's first byte is its lowest.
func mask(p []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for ; len(p) >= 8; p = p[8:] {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^wide)
	}
	for i := range p {
		p[i] ^= byte(key >> (8 * (i % 4)))
	}
}
