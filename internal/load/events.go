package load

import (
	"bytes"
	"fmt"
)

// mostEvent is the longest event, and the longest line, that is taken, in bytes.
const mostEvent = 1 << 20

// events parses an event stream in whatever pieces it comes (HTML Living Standard,
// 9.2.6). Its zero value is at the begin of a stream. Of an event's fields it looks
// at data alone.
type events struct {
	line    []byte // that has not come whole
	data    []byte // of the event that has not
	some    bool   // the event has data, be it empty
	skip    bool   // a line feed that follows is of the line end before
	started bool   // the stream is past its byte order mark
}

// eventHandler is told of events and comments. What it is given is the handler's
// until it returns. An error ends the parsing.
type eventHandler interface {
	event(data []byte) error
	comment(text []byte) error
}

// feed parses what came. An error is the handler's or wraps errProtocol; nothing
// can be parsed after it.
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
			if len(e.line)+len(p) > mostEvent {
				return fmt.Errorf("%w: a line of more than %d bytes in an event stream", errProtocol, mostEvent)
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
		if err := e.take(line, h); err != nil {
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

// take takes a line without its end.
func (e *events) take(line []byte, h eventHandler) error {
	if !e.started {
		e.started = true
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if len(line) == 0 {
		if !e.some {
			return nil
		}
		err := h.event(e.data)
		e.data, e.some = e.data[:0], false
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
	if e.some {
		e.data = append(e.data, '\n')
	}
	if len(e.data)+len(value) > mostEvent {
		return fmt.Errorf("%w: an event of more than %d bytes", errProtocol, mostEvent)
	}
	e.data, e.some = append(e.data, value...), true
	return nil
}
