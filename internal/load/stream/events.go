package stream

import (
	"bytes"
	"fmt"
)

// maxEvent is the length of the longest event, and of the longest line, in bytes.
const maxEvent = 1 << 20

// events parses an event stream, in pieces of any size (HTML Living Standard, 9.2.6).
// Its zero value is at the start of a stream. Of an event's fields it reads only data.
type events struct {
	line    []byte // the line that has not arrived whole
	data    []byte // of the event that has not arrived whole
	hasData bool   // the event has a data field, possibly empty
	skip    bool   // a line feed that follows belongs to the line end before
	started bool   // the stream is past its byte order mark
}

// eventHandler takes events and comments. It may use the bytes until it returns. An
// error ends the parsing.
type eventHandler interface {
	event(data []byte) error
	comment(text []byte) error
}

// feed parses received bytes. An error comes from the handler or wraps errProtocol.
// After an error nothing more can be parsed.
func (e *events) feed(p []byte, h eventHandler) error {
	for len(p) > 0 {
		if e.skip {
			e.skip = false
			if p[0] == '\n' {
				p = p[1:]
				continue
			}
		}
		n := bytes.IndexByte(p, '\n')
		whole := p
		if n >= 0 {
			whole = p[:n]
		}
		if r := bytes.IndexByte(whole, '\r'); r >= 0 {
			n, e.skip = r, true
		}
		if n < 0 {
			if len(e.line)+len(p) > maxEvent {
				return fmt.Errorf("%w: a line of more than %d bytes in an event stream", errProtocol, maxEvent)
			}
			e.line = append(e.line, p...)
			return nil
		}
		line := p[:n]
		p = p[n+1:]
		if len(e.line) > 0 {
			e.line = append(e.line, line...)
			line = e.line
		}
		if err := e.readLine(line, h); err != nil {
			return err
		}
		e.line = e.line[:0]
	}
	return nil
}

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	dataField     = []byte("data")
)

// readLine takes a line without its end.
func (e *events) readLine(line []byte, h eventHandler) error {
	if !e.started {
		e.started = true
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if len(line) == 0 {
		if !e.hasData {
			return nil
		}
		err := h.event(e.data)
		e.data, e.hasData = e.data[:0], false
		return err
	}
	if line[0] == ':' {
		return h.comment(line[1:])
	}
	field, value := line, []byte(nil)
	if colon := bytes.IndexByte(line, ':'); colon >= 0 {
		field, value = line[:colon], line[colon+1:]
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
	}
	if !bytes.Equal(field, dataField) {
		return nil
	}
	if e.hasData {
		e.data = append(e.data, '\n')
	}
	if len(e.data)+len(value) > maxEvent {
		return fmt.Errorf("%w: an event of more than %d bytes", errProtocol, maxEvent)
	}
	e.data, e.hasData = append(e.data, value...), true
	return nil
}
