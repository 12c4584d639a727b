// Package live shows a run while it runs: a page that is rendered here and sent anew each second to who looks at it, and
// Prometheus metrics. Where nobody looks, it counts and renders nothing.
package live

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Live observes a run and serves what it sees: the page at /, its updates at /events, metrics at /metrics.
type Live struct {
	server   *http.Server
	listener net.Listener
	metrics  *metrics
	board    *board
	ended    chan struct{} // closed when the run has ended
}

//go:embed live.html.tmpl live.js
var files embed.FS

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

// Listen serves a run of the plan on the address.
func Listen(address string, p *bench.Plan) (*Live, error) {
	listener, err := net.Listen("tcp", Address(address))
	if err != nil {
		return nil, fmt.Errorf("serve the live page: %w", err)
	}
	l := &Live{listener: listener, metrics: newMetrics(p), board: newBoard(p), ended: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", l.metrics.handler())
	mux.HandleFunc("GET /{$}", l.page)
	mux.HandleFunc("GET /events", l.events)
	mux.Handle("GET /live.js", http.FileServerFS(files))
	l.server = &http.Server{Handler: guarded(mux), ReadHeaderTimeout: 10 * time.Second}
	go l.server.Serve(listener)
	return l, nil
}

// guarded keeps other sites from what is served: they may neither frame it nor, by a name of theirs that leads to this
// machine, read it.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, "ask by address, or as localhost", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// URL is where the page is.
func (l *Live) URL() string { return "http://" + l.listener.Addr().String() + "/" }

// Loopback reports whether only this machine can look.
func (l *Live) Loopback() bool {
	a, ok := l.listener.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// Close tells who looks that the run has ended, and stops serving.
func (l *Live) Close() error {
	close(l.ended)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := l.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return l.server.Close()
}

func (l *Live) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pageTemplate.ExecuteTemplate(w, "page", l.board.now()); err != nil {
		fmt.Fprintln(w, err)
	}
}

// redraw is how often the page is sent anew, and mostViewers to how many at once: what they cost stays bounded.
const (
	redraw      = time.Second
	mostViewers = 8
)

// events sends the page's content each second, as server-sent events.
func (l *Live) events(w http.ResponseWriter, r *http.Request) {
	leave, ok := l.board.enter()
	if !ok {
		http.Error(w, "too many look at this page", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	send := func(event string) error {
		fmt.Fprintf(w, "event: %s\n", event)
		content := bench.Plain(l.board.drawn(event == "end")) // a carriage return would end a line, too
		for line := range strings.Lines(content) {
			fmt.Fprintf(w, "data: %s\n", strings.TrimRight(line, "\n"))
		}
		fmt.Fprint(w, "\n")
		return http.NewResponseController(w).Flush()
	}
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	for send("update") == nil {
		select {
		case <-tick.C:
		case <-l.ended:
			send("end")
			return
		case <-r.Context().Done():
			return
		}
	}
}

// Doing says what is under way.
func (l *Live) Doing(what string) { l.board.doing(what) }

// Began marks the trial as the one that runs.
func (l *Live) Began(t bench.Trial) {
	l.metrics.began(t)
	l.board.began(t)
}

// Hit counts a request.
func (l *Live) Hit(t bench.Trial, phase string, h bench.Hit) {
	l.metrics.hit(t, phase, h)
	l.board.hit(phase, h)
}

// Used shows the current server's usage.
func (l *Live) Used(t bench.Trial, u bench.Usage) {
	l.metrics.used(t, u)
	l.board.usedUp(u)
}

// Ended counts the trial.
func (l *Live) Ended(r bench.TrialResult) {
	l.metrics.ended(r)
	l.board.ended(r)
}

// Looked says what came of a look.
func (l *Live) Looked(round int, found string) {
	l.board.doing(fmt.Sprintf("after round %d: %s", round, found))
}

// Judged shows what the verdicts would be after that round.
func (l *Live) Judged(round int, v *bench.Verdicts) { l.board.judged(round, v) }
