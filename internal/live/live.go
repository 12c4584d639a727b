package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/process"
	"github.com/claimbench/claimbench/internal/reference"
)

// Live observes a run, and sends the page process what happens. Close it after the run.
type Live struct {
	address net.Addr
	to      io.WriteCloser        // input of the page process
	wait    func() error          // waits for the page process to exit
	count   atomic.Pointer[count] // of the current phase; nil between phases

	// Only the measuring goroutine uses these.
	timeout time.Duration // of the trial's requests
	plan    *bench.Plan

	mu    sync.Mutex
	queue []update // not sent yet

	closing, closed chan struct{}
}

// Address returns the address to listen at. Without a host, that is the loopback interface, so that only this
// machine can read the page. The text may be a port alone.
func Address(text string) string {
	if !strings.Contains(text, ":") {
		text = ":" + text
	}
	if host, port, err := net.SplitHostPort(text); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return text
}

// ErrListen is in the error of an address at which Start cannot listen.
var ErrListen = errors.New("serve the live page")

// Start serves the page of a run of the plan at the address. The program is bench, which Start runs as
// `program serve live` on the CPUs. The page process exits with this process.
func Start(address, program string, cpus cpuset.Set, p *bench.Plan) (*Live, error) {
	listener, err := net.Listen("tcp", Address(address))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	defer func() { _ = listener.Close() }() // the page process has a copy
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	defer func() { _ = file.Close() }() // the page process has a copy
	child, err := reference.Start(program, "live", cpus, file)
	if err != nil {
		return nil, err
	}
	return attach(listener.Addr(), child.Input, p, func() error {
		_, err := child.Stop()
		return err
	}), nil
}

// attach starts to send a run of the plan to a page process.
func attach(address net.Addr, to io.WriteCloser, p *bench.Plan, wait func() error) *Live {
	l := &Live{
		address: address,
		to:      to,
		wait:    wait,
		plan:    p,
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	l.enqueue(update{Run: &runInfo{
		Profile: p.Profile.Name,
		Guide:   p.Guide.Title,
		Trials:  len(p.Trials),
	}})
	go l.sendAll()
	return l
}

// Inherited returns the listener that Start passes to the page process.
func Inherited() (net.Listener, error) {
	file := os.NewFile(reference.Inherited, "listener")
	defer func() { _ = file.Close() }() // the listener has a copy
	return net.FileListener(file)
}

// URL returns the address of the page.
func (l *Live) URL() string { return "http://" + l.address.String() + "/" }

// Loopback reports whether only this machine can read the page.
func (l *Live) Loopback() bool {
	a, ok := l.address.(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// Close sends the rest, and waits for the page process to exit.
func (l *Live) Close() error {
	close(l.closing)
	<-l.closed
	return errors.Join(l.to.Close(), l.wait())
}

// enqueue adds an update to the queue. It costs next to nothing.
func (l *Live) enqueue(u update) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, u)
}

// sendAll sends the queue and the progress of the current phase at each interval, until Close. If the page
// process exits, it sends nothing more, and the run goes on.
func (l *Live) sendAll() {
	defer close(l.closed)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	encoder := json.NewEncoder(l.to)
	for last := false; !last; {
		select {
		case <-tick.C:
		case <-l.closing:
			last = true
		}
		for _, u := range l.take() {
			if u.count != nil {
				u.Counted = u.count.snapshot()
			}
			if encoder.Encode(u) != nil {
				break
			}
		}
	}
}

// take empties the queue. It adds the progress of the current phase and the CPU time.
func (l *Live) take() []update {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.queue
	l.queue = nil
	if c := l.count.Load(); c != nil {
		queue = append(queue, update{count: c})
	}
	return append(queue, update{Spent: process.CPU()})
}

// Doing shows what the run is doing.
func (l *Live) Doing(what string) { l.enqueue(update{Doing: what}) }

// Began shows the trial as the current one.
func (l *Live) Began(t bench.Trial) {
	s, _ := l.plan.Scenario(t.Scenario)
	l.timeout = s.Workload.Timeout.Duration
	u := update{Began: withoutPhases(t)}
	for _, p := range t.Phases {
		if p.Measure == bench.MeasureLatency || p.Measure == bench.MeasureDelivery {
			u.OpenLoops = append(u.OpenLoops, p.ID)
		}
	}
	l.enqueue(u)
}

// Hit counts a request. It leaves out requests that were stopped with their probe. Failed requests count at
// the timeout, as in verdicts: a fast refusal must not improve a percentile.
func (l *Live) Hit(_ bench.Trial, phase bench.PhaseID, h bench.Hit) {
	if h.Err == bench.ErrStopped {
		return
	}
	c := l.count.Load()
	if c == nil || c.phase != phase {
		l.finishPhase()
		c = &count{phase: phase}
		l.count.Store(c)
	}
	c.add(h, l.timeout)
}

// finishPhase enqueues the complete counts of the current phase.
func (l *Live) finishPhase() {
	if c := l.count.Swap(nil); c != nil {
		l.enqueue(update{count: c})
	}
}

// Used shows what the current server uses.
func (l *Live) Used(_ bench.Trial, u bench.Usage) {
	l.enqueue(update{Used: &used{u, time.Now()}})
}

// Ended counts the trial.
func (l *Live) Ended(r bench.TrialResult) {
	l.finishPhase()
	shown := bench.TrialResult{
		Trial: *withoutPhases(r.Trial),
		Valid: r.Valid,
	}
	for _, p := range r.Phases {
		if p.Measure != "" && p.Probe == nil {
			shown.Phases = append(shown.Phases, p)
		}
	}
	l.enqueue(update{Ended: &shown})
}

// Looked shows the result of a look.
func (l *Live) Looked(round int, found string) {
	l.Doing(fmt.Sprintf("after round %d: %s", round, found))
}

// Judged shows the verdicts as they would be after that round.
func (l *Live) Judged(round int, v *bench.Verdicts) {
	shown := &bench.Verdicts{}
	for _, c := range v.Claims {
		if c.Verdict != bench.NotTested {
			shown.Claims = append(shown.Claims, bench.ClaimVerdict{
				ID:      c.ID,
				Quotes:  c.Quotes[:1],
				Verdict: c.Verdict,
				Why:     c.Why,
			})
		}
	}
	l.enqueue(update{
		Round:  round,
		Judged: shown,
	})
}
