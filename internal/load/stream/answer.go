package stream

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

const (
	maxHead      = 64 << 10 // bytes of an answer's head
	maxChunkLine = 4 << 10  // bytes of a line between chunks
)

// answer parses an HTTP/1.1 answer in pieces of any size, and hands on the bytes of
// its body. Its zero value is at the start of an answer to a GET.
type answer struct {
	resp    *http.Response // the head once it is whole, without a body
	head    []byte
	state   bodyState
	left    uint64 // bytes of the chunk, or of a body of known length, that have not arrived
	line    []byte // the line between chunks that has not arrived whole
	trailer int    // bytes of trailers
}

// bodyState is the part of an answer that the next byte belongs to.
type bodyState byte

const (
	inHead        bodyState = iota
	inBody                  // of known length
	untilClose              // a body that ends with the connection
	inChunkSize             // the line before a chunk
	inChunk                 // the chunk itself
	afterChunk              // the line end after a chunk
	inTrailer               // the lines after the last chunk
	answerIsWhole           // nothing of the answer is left
)

// feed parses received bytes. Body gets the bytes of the answer's body, which it may
// use until it returns; its error ends the parsing. Rest is what arrived after the end
// of the answer, or after a head that switches protocols. Other errors wrap errProtocol.
func (a *answer) feed(p []byte, body func([]byte) error) (rest []byte, err error) {
	for len(p) > 0 && a.state != answerIsWhole {
		switch a.state {
		case inHead:
			p, err = a.readHead(p)
		case untilClose:
			return nil, body(p)
		case inBody, inChunk:
			n := int(min(a.left, uint64(len(p))))
			if err := body(p[:n]); err != nil {
				return nil, err
			}
			p = p[n:]
			a.left -= uint64(n)
			switch {
			case a.left > 0:
			case a.state == inBody:
				a.state = answerIsWhole
			default:
				a.state = afterChunk
			}
		default:
			p, err = a.readLine(p)
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// done reports whether the answer has arrived whole.
func (a *answer) done() bool { return a.state == answerIsWhole }

var headEnd = []byte("\r\n\r\n")

// readHead takes the head, or one of status 1xx before it, and returns what arrived
// after it.
func (a *answer) readHead(p []byte) ([]byte, error) {
	from := max(len(a.head)-len(headEnd)+1, 0)
	had := len(a.head)
	a.head = append(a.head, p[:min(len(p), maxHead+1)]...)
	end := bytes.Index(a.head[from:], headEnd)
	if end < 0 {
		if len(a.head) > maxHead {
			return nil, fmt.Errorf("%w: a head of more than %d bytes", errProtocol, maxHead)
		}
		return nil, nil
	}
	end += from + len(headEnd)
	p = p[end-had:]
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(a.head[:end])), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errProtocol, err)
	}
	resp.Body = http.NoBody
	a.head = a.head[:0]
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		a.state = answerIsWhole
	case resp.StatusCode < 200:
		return p, nil // another head follows
	case len(resp.TransferEncoding) > 0: // ReadResponse accepts only chunked
		a.state = inChunkSize
	case resp.ContentLength == 0, resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusNotModified:
		a.state = answerIsWhole
	case resp.ContentLength > 0:
		a.state, a.left = inBody, uint64(resp.ContentLength)
	default:
		a.state = untilClose
	}
	a.resp = resp
	return p, nil
}

// readLine takes a line of the chunked coding (RFC 9112, 7.1), and returns what
// arrived after it.
func (a *answer) readLine(p []byte) ([]byte, error) {
	n := bytes.IndexByte(p, '\n')
	if n < 0 {
		if len(a.line)+len(p) > maxChunkLine {
			return nil, fmt.Errorf("%w: a line of more than %d bytes between chunks", errProtocol, maxChunkLine)
		}
		a.line = append(a.line, p...)
		return nil, nil
	}
	line := p[:n]
	if len(a.line) > 0 {
		a.line = append(a.line, line...)
		line = a.line
	}
	err := a.endLine(bytes.TrimSuffix(line, []byte("\r")))
	a.line = a.line[:0]
	return p[n+1:], err
}

// endLine takes a whole line without its end.
func (a *answer) endLine(line []byte) error {
	switch a.state {
	case afterChunk:
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk is longer than its size", errProtocol)
		}
		a.state = inChunkSize
	case inTrailer:
		a.trailer += len(line)
		switch {
		case len(line) == 0:
			a.state = answerIsWhole
		case a.trailer > maxHead:
			return fmt.Errorf("%w: trailers of more than %d bytes", errProtocol, maxHead)
		}
	default:
		size, _, _ := bytes.Cut(line, []byte(";"))
		var err error
		a.left, err = chunkSize(bytes.TrimRight(size, " \t"))
		switch {
		case err != nil:
			return fmt.Errorf("%w: %q is not the size of a chunk", errProtocol, size)
		case a.left == 0:
			a.state = inTrailer
		default:
			a.state = inChunk
		}
	}
	return nil
}

// chunkSize reads a size in hexadecimal digits.
func chunkSize(text []byte) (n uint64, err error) {
	if len(text) == 0 || len(text) > 15 {
		return 0, strconv.ErrSyntax
	}
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, strconv.ErrSyntax
		}
		n = n<<4 | uint64(c)
	}
	return n, nil
}
