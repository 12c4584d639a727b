package load

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

const (
	mostHead      = 64 << 10 // bytes of an answer's head
	mostChunkLine = 4 << 10  // bytes of a line between chunks
)

// answer parses an HTTP/1.1 answer in whatever pieces it comes, and hands on the
// bytes of its body. Its zero value is at the begin of an answer to a GET.
type answer struct {
	resp    *http.Response // the head once it is whole, without a body
	head    []byte
	state   bodyState
	left    uint64 // bytes of the chunk, or of a body of known length, that have not come
	line    []byte // between chunks, that has not come whole
	trailer int    // bytes of trailers
}

type bodyState byte

const (
	inHead bodyState = iota
	inBody           // of a known length
	toTheEnd
	inSize
	inChunk
	afterChunk
	inTrailer
	over
)

// feed parses what came; span is given the bytes of the body, its own until it
// returns, and ends the parsing with an error. Rest is what came after the answer's
// end, or after a head that switches protocols. An error that is not span's wraps
// errProtocol.
func (a *answer) feed(p []byte, span func([]byte) error) (rest []byte, err error) {
	for len(p) > 0 && a.state != over {
		switch a.state {
		case inHead:
			p, err = a.begin(p)
		case toTheEnd:
			return nil, span(p)
		case inBody, inChunk:
			n := int(min(a.left, uint64(len(p))))
			if err := span(p[:n]); err != nil {
				return nil, err
			}
			p = p[n:]
			a.left -= uint64(n)
			switch {
			case a.left > 0:
			case a.state == inBody:
				a.state = over
			default:
				a.state = afterChunk
			}
		default:
			p, err = a.between(p)
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// done reports whether the answer has come whole.
func (a *answer) done() bool { return a.state == over }

var headEnd = []byte("\r\n\r\n")

// begin takes the head, past those of 1xx, and returns what came after it.
func (a *answer) begin(p []byte) ([]byte, error) {
	from := max(len(a.head)-len(headEnd)+1, 0)
	had := len(a.head)
	a.head = append(a.head, p[:min(len(p), mostHead+1)]...)
	end := bytes.Index(a.head[from:], headEnd)
	if end < 0 {
		if len(a.head) > mostHead {
			return nil, fmt.Errorf("%w: a head of more than %d bytes", errProtocol, mostHead)
		}
		return nil, nil
	}
	end += from + len(headEnd)
	p = p[end-had:]
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(a.head[:end])), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errProtocol, err)
	}
	resp.Body = http.NoBody
	a.head = a.head[:0]
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		a.state = over
	case resp.StatusCode < 200:
		return p, nil // another follows
	case len(resp.TransferEncoding) > 0: // ReadResponse knows none but chunked
		a.state = inSize
	case resp.ContentLength == 0, resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusNotModified:
		a.state = over
	case resp.ContentLength > 0:
		a.state, a.left = inBody, uint64(resp.ContentLength)
	default:
		a.state = toTheEnd
	}
	a.resp = resp
	return p, nil
}

// between takes a line of the chunked coding (RFC 9112, 7.1).
func (a *answer) between(p []byte) ([]byte, error) {
	n := bytes.IndexByte(p, '\n')
	if n < 0 {
		if len(a.line)+len(p) > mostChunkLine {
			return nil, fmt.Errorf("%w: a line of more than %d bytes between chunks", errProtocol, mostChunkLine)
		}
		a.line = append(a.line, p...)
		return nil, nil
	}
	line := p[:n]
	if len(a.line) > 0 {
		a.line = append(a.line, line...)
		line = a.line
	}
	err := a.take(bytes.TrimSuffix(line, []byte("\r")))
	a.line = a.line[:0]
	return p[n+1:], err
}

func (a *answer) take(line []byte) error {
	switch a.state {
	case afterChunk:
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk longer than it says", errProtocol)
		}
		a.state = inSize
	case inTrailer:
		a.trailer += len(line)
		switch {
		case len(line) == 0:
			a.state = over
		case a.trailer > mostHead:
			return fmt.Errorf("%w: trailers of more than %d bytes", errProtocol, mostHead)
		}
	default:
		size, _, _ := bytes.Cut(line, []byte(";"))
		var err error
		a.left, err = chunkSize(bytes.TrimRight(size, " \t"))
		switch {
		case err != nil:
			return fmt.Errorf("%w: %q is no size of a chunk", errProtocol, size)
		case a.left == 0:
			a.state = inTrailer
		default:
			a.state = inChunk
		}
	}
	return nil
}

// chunkSize reads a size in hex.
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
