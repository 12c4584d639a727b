package stream

import (
	"sync"
	"sync/atomic"
)

// order finds out the order of a drive's messages as they arrive. Every member must
// get them in the same order, but a server may choose it for messages under way at
// once. Two rules limit its choice. A message sent after another was delivered comes
// after it. Of two messages from one member, the earlier one is first. If two members
// disagree on messages under way at once, the later delivery is at fault.
type order struct {
	labels []atomic.Uint64 // by message: the smaller is the earlier; 0 before the first delivery
	// overtaken reports whether a later message of the same member has arrived before
	// message k; nil if members send over several connections.
	overtaken func(k int) bool

	mu    sync.Mutex
	next  []int32 // by message: the one after it
	first []int64 // by message: when its first delivery arrived, or a little later
	head  int32   // the first message of the order
}

// none stands for the lack of a message.
const none = -1

const (
	labelNever = 1       // label of a message that must not arrive any later
	labelStart = 1 << 20 // before the first message
	labelGap   = 1 << 32 // between two messages, for messages that some member missed
)

// newOrder returns the order of a number of messages, none of which has arrived.
func newOrder(messages int) *order {
	return &order{
		labels: make([]atomic.Uint64, messages),
		next:   make([]int32, messages),
		first:  make([]int64, messages),
		head:   none,
	}
}

// position is how far a member is in the order. See newPosition.
type position struct {
	label uint64
	last  int32 // message that the member got last
}

// newPosition returns the position of a member that has got no message.
func newPosition() position { return position{label: labelStart, last: none} }

// follows moves a member on to message k, and reports whether k comes after the
// messages that it got before. Sent and at are when k was sent and when it arrived,
// in nanoseconds since 1970.
func (o *order) follows(p *position, k int, sent, at int64) bool {
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

// link inserts message k, which arrived at a member that got message last before, and
// returns its label.
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

// after returns the message after message k. For none it returns the first.
func (o *order) after(k int32) int32 {
	if k == none {
		return o.head
	}
	return o.next[k]
}
