package timer

import (
	"container/heap"
	"sync"
	"time"
)

// Queue waits for many goroutines with one Timer. NewQueue makes one; it must be closed.
type Queue struct {
	timer   *Timer
	stopped chan struct{} // closed when run has returned

	mu     sync.Mutex
	alarms alarms
	closed bool
}

// NewQueue returns a queue. An error means that the process has no file descriptor left.
func NewQueue() (*Queue, error) {
	t, err := New()
	if err != nil {
		return nil, err
	}
	q := &Queue{timer: t, stopped: make(chan struct{})}
	go q.run()
	return q, nil
}

// At returns a channel that is closed at the time, or when the queue is closed.
func (q *Queue) At(due time.Time) <-chan struct{} {
	a := alarm{due: due, rung: make(chan struct{})}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		close(a.rung)
		return a.rung
	}
	heap.Push(&q.alarms, a)
	if q.alarms[0] == a {
		q.timer.arm(time.Until(due))
	}
	return a.rung
}

// run rings the alarms that are due, until the queue is closed.
func (q *Queue) run() {
	defer close(q.stopped)
	for {
		q.timer.wait()
		q.mu.Lock()
		for len(q.alarms) > 0 && (q.closed || !q.alarms[0].due.After(time.Now())) {
			close(heap.Pop(&q.alarms).(alarm).rung)
		}
		if q.closed {
			q.mu.Unlock()
			return
		}
		if len(q.alarms) > 0 {
			q.timer.arm(time.Until(q.alarms[0].due))
		}
		q.mu.Unlock()
	}
}

// Close rings all alarms, and returns when the queue has stopped.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.timer.Close()
	<-q.stopped
}

// alarm is a channel that is closed when it is due.
type alarm struct {
	due  time.Time
	rung chan struct{} // closed when the alarm rings
}

// alarms is a heap. The next alarm is the first.
type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}
