package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Request is a request in the bytes that are sent. It may be sent any number of times,
// also at once. Prepare makes one.
type Request struct {
	// Timeout limits an exchange from its start to the last byte of the answer. The
	// exchange may fail up to a sixteenth later. 0 means DefaultTimeout.
	Timeout time.Duration
	// Body is the length of the request's body in bytes.
	Body int64

	bytes      []byte
	scheme     string
	address    string        // host:port
	server     string        // host, for TLS
	key        string        // of the idle connections
	head       *http.Request // the part that the parser of answers needs
	close      bool          // the request closes its connection
	repeatable bool          // may be sent again (RFC 9110, 9.2.2)
}

// Prepare writes out a request with its body. An error means that the request is not
// one for HTTP/1.1 over http or https, or that its body could not be read.
func Prepare(req *http.Request) (*Request, error) {
	r := &Request{
		Body:   max(req.ContentLength, 0),
		scheme: req.URL.Scheme,
		server: req.URL.Hostname(),
		head:   &http.Request{Method: req.Method},
		close:  req.Close || httpguts.HeaderValuesContainsToken(req.Header["Connection"], "close"),
	}
	port := req.URL.Port()
	switch {
	case r.scheme != "http" && r.scheme != "https":
		return nil, fmt.Errorf("wire: unknown scheme %q: use http or https", r.scheme)
	case r.server == "":
		return nil, errors.New("wire: the request names no host")
	case req.Method == http.MethodConnect:
		return nil, errors.New("wire: the method CONNECT is not supported")
	case port == "" && r.scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	r.address = net.JoinHostPort(r.server, port)
	r.key = r.scheme + "://" + r.address
	switch req.Method {
	case "", "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		r.repeatable = true
	}
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		return nil, fmt.Errorf("wire: write the request: %w", err)
	}
	r.bytes = b.Bytes()
	return r, nil
}

// timeout returns the limit on an exchange.
func (r *Request) timeout() time.Duration {
	if r.Timeout == 0 {
		return DefaultTimeout
	}
	return r.Timeout
}
