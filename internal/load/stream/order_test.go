package stream

import "testing"

func TestOrder(t *testing.T) {
	// Each list holds deliveries, member and message, in the order of their arrival. Those
	// that break the order of messages are marked.
	for name, list := range map[string][]struct {
		member, k int
		bad       bool
	}{
		"agreed":          {{0, 0, false}, {0, 1, false}, {1, 0, false}, {1, 1, false}, {2, 0, false}, {2, 1, false}},
		"another, agreed": {{0, 1, false}, {0, 0, false}, {1, 1, false}, {1, 0, false}},
		"disagreed":       {{0, 0, false}, {0, 1, false}, {1, 1, false}, {1, 0, true}, {1, 2, false}, {0, 2, false}},
		"the first misses some": {
			{0, 0, false}, {0, 3, false}, {1, 0, false}, {1, 1, false}, {1, 2, false}, {1, 3, false},
			{2, 1, false}, {2, 3, false}, {0, 4, false},
		},
		"the first is late": {{0, 1, false}, {1, 0, false}, {1, 1, false}, {0, 0, true}},
	} {
		o := newOrder(5)
		positions := []position{newPosition(), newPosition(), newPosition()}
		for i, d := range list {
			// All were sent at once, before any arrived.
			if ok := o.follows(&positions[d.member], d.k, 1, 2); ok == d.bad {
				t.Errorf("%s: delivery %d: %v", name, i, ok)
			}
		}
	}
	// Message 1 was sent when member 0 had message 0, so member 1 is wrong, although its
	// delivery arrived first.
	o := newOrder(2)
	positions := []position{newPosition(), newPosition()}
	for i, d := range []struct {
		member, k int
		sent, at  int64
		ok        bool
	}{{0, 0, 1, 2, true}, {1, 1, 3, 4, true}, {1, 0, 1, 5, false}, {0, 1, 3, 4, true}} {
		if ok := o.follows(&positions[d.member], d.k, d.sent, d.at); ok != d.ok {
			t.Errorf("delivery %d of a late message: in order %v, want %v", i, ok, d.ok)
		}
	}
}
