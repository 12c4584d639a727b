package wire

import (
	"context"
	"slices"
	"time"
)

// Order is the order in which exchanges take idle connections.
type Order int

const (
	// LatestFirst takes the connection that was used last, so that few are in use.
	LatestFirst Order = iota
	// OldestFirst takes the connection that was used longest ago, so that all are used
	// in turn.
	OldestFirst
)

// SetOrder sets the order in which exchanges take idle connections. A Transport starts
// with LatestFirst.
func (t *Transport) SetOrder(o Order) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.order = o
}

// DialIdle sees to it that at least n idle connections are ready for the request. It
// closes idle connections that the server has closed, and dials the missing ones. An
// error means that a connection could not be dialed; those dialed before it stay.
func (t *Transport) DialIdle(ctx context.Context, r *Request, n int) error {
	var alive []*conn
	now := time.Now()
	for c := t.take(r.key, now); c != nil; c = t.take(r.key, now) {
		alive = append(alive, c)
	}
	for _, c := range alive {
		t.keep(c)
	}
	for range n - len(alive) {
		c, err := t.dial(ctx, r, time.Now().Add(r.timeout()))
		if err != nil {
			return err
		}
		t.keep(c)
	}
	return nil
}

// Trim closes idle connections for the request until at most n are left.
func (t *Transport) Trim(r *Request, n int) {
	t.mu.Lock()
	list := t.idle[r.key]
	var surplus []*conn
	if len(list) > n {
		surplus = slices.Clone(list[n:])
		t.idle[r.key] = list[:n]
	}
	t.mu.Unlock()
	for _, c := range surplus {
		t.drop(c)
	}
}

// take returns an idle connection that the server has not closed, or nil.
func (t *Transport) take(key string, now time.Time) *conn {
	for {
		t.mu.Lock()
		list := t.idle[key]
		if len(list) == 0 {
			t.mu.Unlock()
			return nil
		}
		c := list[len(list)-1]
		if t.order == OldestFirst {
			c, list = list[0], list[1:]
		} else {
			list = list[:len(list)-1]
		}
		t.idle[key] = list
		t.mu.Unlock()
		if c.alive(now) {
			return c
		}
		t.drop(c)
	}
}

// keep keeps a connection for its next exchange. If the transport is closed, it closes
// the connection instead.
func (t *Transport) keep(c *conn) {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		t.drop(c)
		return
	}
	t.idle[c.key] = append(t.idle[c.key], c)
	t.mu.Unlock()
}

// drop closes a connection that is not idle.
func (t *Transport) drop(c *conn) {
	t.mu.Lock()
	delete(t.live, c)
	t.mu.Unlock()
	c.close()
}
