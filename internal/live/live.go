// Package live shows a run while it runs: a page that is sent anew each second to who looks at it, and Prometheus metrics.
//
// Both are made in a process of their own, which gets the CPU only where nothing else wants it: to draw a page in the
// measuring process takes milliseconds, during which no request would be sent. The measuring process counts, and tells
// the other about once a second.
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

// Live observes a run, and tells the process that shows it.
type Live struct {
	address net.Addr
	to      io.WriteCloser        // the showing process's input
	wait    func() error          // for its end
	count   atomic.Pointer[count] // of the phase that is driven; nil between phases

	// The measuring goroutine's own.
	timeout time.Duration // of the trial's requests
	plan    *bench.Plan

	mu    sync.Mutex
	queue []message // yet to be told

	closing, closed chan struct{}
}

// message is one thing that the showing process is told, as a line of JSON.
type message struct {
	Run       *about             `json:"run,omitempty"`
	Doing     string             `json:"doing,omitempty"`
	Began     *bench.Trial       `json:"began,omitempty"` // without its phases
	OpenLoops []bench.PhaseID    `json:"open,omitempty"`  // of those, the ones in which response or delivery times are measured
	Counted   *snapshot          `json:"counted,omitempty"`
	Spent     time.Duration      `json:"spent_ns,omitempty"` // CPU time of the measuring process, so far
	Used      *used              `json:"used,omitempty"`
	Ended     *bench.TrialResult `json:"ended,omitempty"`
	Round     int                `json:"round,omitempty"` // that the verdicts are of
	Judged    *bench.Verdicts    `json:"judged,omitempty"`

	count *count // whose snapshot is to be taken when it is told
}

// about is what is told of a run before it begins.
type about struct {
	Profile string `json:"profile"`
	Guide   string `json:"guide"`
	Trials  int    `json:"trials"`
}

// used is what a server has used, and when that was read.
type used struct {
	bench.Usage
	When time.Time `json:"when"`
}

// telling is how often the showing process is told, and sent anew what it shows.
const telling = time.Second

// Address is where to listen: a port alone, or one without a host, is of loopback.
func Address(text string) string {
	if !strings.Contains(text, ":") {
		text = ":" + text
	}
	if host, port, err := net.SplitHostPort(text); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return text
}

// ErrListen says that the address cannot be listened at.
var ErrListen = errors.New("serve the live page")

// Start shows a run of the plan on the address. The program is bench, which is run as `program serve live` on the CPUs; it
// ends with this process.
func Start(address, program string, cpus cpuset.Set, p *bench.Plan) (*Live, error) {
	listener, err := net.Listen("tcp", Address(address))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	defer listener.Close() // the child has its own
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	defer file.Close()
	child, err := reference.Start(program, "live", cpus, file)
	if err != nil {
		return nil, err
	}
	return attach(listener.Addr(), child.Input, p, func() error {
		_, err := child.Stop()
		return err
	}), nil
}

// attach begins to tell a showing process of a run of the plan.
func attach(address net.Addr, to io.WriteCloser, p *bench.Plan, wait func() error) *Live {
	l := &Live{address: address, to: to, wait: wait, plan: p, closing: make(chan struct{}), closed: make(chan struct{})}
	l.tell(message{Run: &about{p.Profile.Name, p.Guide.Title, len(p.Trials)}})
	go l.send()
	return l
}

// Inherited is the listener that Start hands on.
func Inherited() (net.Listener, error) {
	file := os.NewFile(reference.Inherited, "listener")
	defer file.Close()
	return net.FileListener(file)
}

// URL is where the page is.
func (l *Live) URL() string { return "http://" + l.address.String() + "/" }

// Loopback reports whether only this machine can look.
func (l *Live) Loopback() bool {
	a, ok := l.address.(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// Close tells what there is left to tell, and ends the showing process.
func (l *Live) Close() error {
	close(l.closing)
	<-l.closed
	return errors.Join(l.to.Close(), l.wait())
}

// tell puts a message into the queue, which costs next to nothing.
func (l *Live) tell(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, m)
}

// send tells all that is in the queue, and how far the phase that is driven has come, about once a second. Where the showing
// process has ended, nothing more is told: the run goes on.
func (l *Live) send() {
	defer close(l.closed)
	tick := time.NewTicker(telling)
	defer tick.Stop()
	encoder := json.NewEncoder(l.to)
	for last := false; !last; {
		select {
		case <-tick.C:
		case <-l.closing:
			last = true
		}
		l.mu.Lock()
		queue := l.queue
		l.queue = nil
		if c := l.count.Load(); c != nil {
			queue = append(queue, message{count: c})
		}
		l.mu.Unlock()
		queue = append(queue, message{Spent: process.CPU()})
		for _, m := range queue {
			if m.count != nil {
				m.Counted = m.count.snapshot()
			}
			if encoder.Encode(m) != nil {
				break
			}
		}
	}
}

// Doing says what is under way.
func (l *Live) Doing(what string) { l.tell(message{Doing: what}) }

// Began marks the trial as the one that runs.
func (l *Live) Began(t bench.Trial) {
	s, _ := l.plan.Scenario(t.Scenario)
	l.timeout = s.Workload.Timeout.Duration
	m := message{Began: named(t)}
	for _, p := range t.Phases {
		if p.Measure == bench.MeasureLatency || p.Measure == bench.MeasureDelivery {
			m.OpenLoops = append(m.OpenLoops, p.ID)
		}
	}
	l.tell(m)
}

// named is a trial without its phases.
func named(t bench.Trial) *bench.Trial {
	return &bench.Trial{N: t.N, Round: t.Round, Scenario: t.Scenario, Target: t.Target, Variant: t.Variant}
}

// Hit counts a request. Those that were stopped with their probe say nothing, and those that failed count at the
// timeout, as in verdicts: a fast refusal must not improve a percentile.
func (l *Live) Hit(_ bench.Trial, phase bench.PhaseID, h bench.Hit) {
	if h.Err == bench.ErrStopped {
		return
	}
	c := l.count.Load()
	if c == nil || c.phase != phase {
		l.over()
		c = &count{phase: phase}
		l.count.Store(c)
	}
	c.add(h, l.timeout)
}

// over puts the phase that was driven into the queue, whole.
func (l *Live) over() {
	if c := l.count.Swap(nil); c != nil {
		l.tell(message{count: c})
	}
}

// Used shows the current server's usage.
func (l *Live) Used(_ bench.Trial, u bench.Usage) { l.tell(message{Used: &used{u, time.Now()}}) }

// Ended counts the trial.
func (l *Live) Ended(r bench.TrialResult) {
	l.over()
	shown := bench.TrialResult{Trial: *named(r.Trial), Valid: r.Valid}
	for _, p := range r.Phases {
		if p.Measure != "" && p.Probe == nil {
			shown.Phases = append(shown.Phases, p)
		}
	}
	l.tell(message{Ended: &shown})
}

// Looked says what came of a look.
func (l *Live) Looked(round int, found string) {
	l.Doing(fmt.Sprintf("after round %d: %s", round, found))
}

// Judged shows what the verdicts would be after that round.
func (l *Live) Judged(round int, v *bench.Verdicts) {
	shown := &bench.Verdicts{}
	for _, c := range v.Claims {
		if c.Verdict != bench.NotTested {
			shown.Claims = append(shown.Claims, bench.ClaimVerdict{ID: c.ID, Quotes: c.Quotes[:1], Verdict: c.Verdict, Why: c.Why})
		}
	}
	l.tell(message{Round: round, Judged: shown})
}
