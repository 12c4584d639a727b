package load

import (
	"sync"
	"sync/atomic"
)

// order is the order that the members of a drive have to get its messages in: any,
// but the same for all of them, since a server may take up two messages that are
// under way at once as it likes. It is found out as they come. What is sent after
// a message was delivered comes after it, and of two that one member sent the
// earlier one is first. Where two members disagree on messages that were under way
// at once, the fault is with the one whose delivery is seen later.
type order struct {
	labels []atomic.Uint64 // by message: the smaller is the earlier; 0 for what has not come
	// overtaken reports whether a later message of the same member has come before
	// message k; nil where members send over several connections.
	overtaken func(k int) bool

	mu    sync.Mutex
	next  []int32 // by message, after its own in the order
	first []int64 // by message: when its first delivery came, or a little later
	head  int32   // the first in the order
	tail  int32   // the last
}

// none is no message.
const none = -1

const (
	labelNever = 1       // of what must not come any more
	labelStart = 1 << 20 // before the first message
	labelGap   = 1 << 32 // between one message and the next, for those that some member missed
)

func newOrder(messages int) *order {
	return &order{labels: make([]atomic.Uint64, messages), next: make([]int32, messages), first: make([]int64, messages), head: none, tail: none}
}

// place is where a member is in the order. Its zero value is not ready: see start.
type place struct {
	label uint64
	last  int32 // message
}

func start() place { return place{labelStart, none} }

// follows moves the member on to message k, and reports whether k comes after what
// it got before.
// Sent and at are when it was sent and came, in nanoseconds since 1970.
func (o *order) follows(p *place, k int, sent, at int64) bool {
	label := o.labels[k].Load()
	if label == 0 {
		label = o.link(p.last, k, sent, at)
	}
	if label < p.label {
		return false
	}
	p.label, p.last = label, int32(k)
	return true
}

// link gives message k, which came at the time to a member that got the message
// last before, its place in the order.
func (o *order) link(last int32, k int, sent, at int64) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if label := o.labels[k].Load(); label != 0 {
		return label
	}
	o.first[k] = at
	if o.overtaken != nil && o.overtaken(k) {
		o.labels[k].Store(labelNever)
		return labelNever
	}
	before, after := last, o.after(last)
	for after != none && o.first[after] < sent {
		before, after = after, o.next[after]
	}
	label := uint64(labelStart)
	if before != none {
		label = o.labels[before].Load()
	}
	if after == none {
		label += labelGap
		o.tail = int32(k)
	} else {
		label += (o.labels[after].Load() - label) / 2
	}
	o.next[k] = after
	if before == none {
		o.head = int32(k)
	} else {
		o.next[before] = int32(k)
	}
	o.labels[k].Store(label)
	return label
}

// after is the message after another, or the first.
func (o *order) after(k int32) int32 {
	if k == none {
		return o.head
	}
	return o.next[k]
}
