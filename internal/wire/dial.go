package wire

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// dialTCP connects without keep-alive probes: they would be traffic that belongs to no
// request.
func dialTCP(ctx context.Context, address string) (*net.TCPConn, error) {
	dialer := net.Dialer{KeepAlive: -1}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// dial makes a connection for a request.
func (t *Transport) dial(ctx context.Context, r *Request, deadline time.Time) (*conn, error) {
	if err := t.start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	t.dialed.Add(1)
	tcp, err := dialTCP(ctx, r.address)
	if err != nil {
		return nil, err
	}
	var inner net.Conn = tcp
	if r.scheme == "https" {
		secured := tls.Client(inner, t.tlsConfig(r.server))
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = inner.Close() // err says more
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: inner.RemoteAddr(), Err: err}
		}
		inner = secured
	}
	c := newConn(inner, tcp, r.key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = inner.Close() // nothing was sent
		return nil, ErrClosed
	}
	t.live[c] = struct{}{}
	return c, nil
}

// tlsConfig returns the configuration of a TLS connection to a server.
func (t *Transport) tlsConfig(server string) *tls.Config {
	config := &tls.Config{}
	if t.TLS != nil {
		config = t.TLS.Clone()
	}
	config.NextProtos = []string{"http/1.1"}
	if config.ServerName == "" {
		config.ServerName = server
	}
	return config
}

// start makes the kernel stamp what it receives. Without stamps the transport uses the
// program's clock, and answers say so.
func (t *Transport) start() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return ErrClosed
	case t.started:
		return nil
	}
	t.started = true
	t.idle, t.live = map[string][]*conn{}, map[*conn]struct{}{}
	t.stamps, _ = startStamps()
	return nil
}

// KernelClock reports whether this machine's kernel stamps what it receives.
func KernelClock() bool {
	s, ok := startStamps()
	s.close()
	return ok
}
