package stream

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/claimbench/claimbench/internal/load/drive"
)

// dialsAtOnce is how many members connect at a time.
const dialsAtOnce = 64

// audience is the members of a workload. They stay from one drive to the next. Its
// zero value has none.
type audience struct {
	key     string // of address and workload
	members []*member
	reading sync.WaitGroup
}

// gather connects as many members as the workload wants, in place of those that are
// gone. A member that cannot connect is gone, and its session says why. The error
// wraps ErrDescriptors.
func (a *audience) gather(d *pacedDrive, s setup) error {
	a.resize(s)
	places := make(chan struct{}, dialsAtOnce)
	var joining sync.WaitGroup
	var mu sync.Mutex
	var exhausted error
	for _, m := range a.members {
		if m.protocol != nil {
			continue
		}
		places <- struct{}{}
		joining.Go(func() {
			defer func() { <-places }()
			m.protocol = s.newProtocol(m)
			err := m.join(d, s.host, timeout(s.workload))
			if err == nil {
				a.reading.Go(m.listen)
				return
			}
			m.gone(time.Now().UnixNano(), d.errorKind(err))
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				mu.Lock()
				exhausted = fmt.Errorf("%w: connect %d members: %w", drive.ErrDescriptors, s.workload.Members, err)
				mu.Unlock()
			}
		})
	}
	joining.Wait()
	return exhausted
}

// resize makes the audience as large as the workload wants. New members, and those in
// place of members that are gone, have no protocol yet.
func (a *audience) resize(s setup) {
	if key := fmt.Sprint(s.host, s.workload.Path, s.workload.Headers); a.key != key {
		a.dismiss()
		a.key = key
	}
	n := s.workload.Members
	if len(a.members) > n {
		for _, m := range a.members[n:] {
			m.leave()
		}
		a.members = a.members[:n]
	}
	for i, m := range a.members {
		if !m.alive() {
			a.members[i] = &member{}
		}
	}
	for len(a.members) < n {
		a.members = append(a.members, &member{})
	}
}

// inboxes returns the members' inboxes.
func (a *audience) inboxes() []*inbox {
	list := make([]*inbox, len(a.members))
	for i, m := range a.members {
		list[i] = &m.inbox
	}
	return list
}

// dismiss ends all connections, and returns when their goroutines have returned.
func (a *audience) dismiss() {
	for _, m := range a.members {
		m.leave()
	}
	a.reading.Wait()
	for _, m := range a.members {
		m.flushing.Wait()
	}
	a.members = nil
}
