package live

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/text"
)

// page is the showing process: the page at /, its updates at /events, metrics at /metrics.
type page struct {
	metrics *metrics
	board   *board
	ended   chan struct{} // closed when the run has ended
}

//go:embed live.html.tmpl live.js
var files embed.FS

// Serve shows what it is told on the input, a line of JSON each, until that ends.
func Serve(ctx context.Context, listener net.Listener, input io.Reader) error {
	p := &page{metrics: newMetrics(), board: newBoard(), ended: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.handler())
	mux.HandleFunc("GET /{$}", p.open)
	mux.HandleFunc("GET /events", p.events)
	mux.Handle("GET /live.js", http.FileServerFS(files))
	server := &http.Server{Handler: guarded(mux), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	told := p.told(input)
	close(p.ended)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return told
}

// told takes in the messages. One that cannot be read is passed over, and is the error in the end: who tells must never
// wait for who shows.
func (p *page) told(input io.Reader) (failed error) {
	for lines := bufio.NewReader(input); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return failed
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			failed = err
			continue
		}
		p.metrics.told(m)
		p.board.told(m)
	}
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

func (p *page) open(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pageTemplate.ExecuteTemplate(w, "page", p.board.now()); err != nil {
		fmt.Fprintln(w, err)
	}
}

// mostViewers is to how many the page is sent at once: what they cost stays bounded.
const mostViewers = 8

// events sends the page's content each second, as server-sent events.
func (p *page) events(w http.ResponseWriter, r *http.Request) {
	leave, ok := p.board.enter()
	if !ok {
		http.Error(w, "too many look at this page", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	send := func(event string) error {
		fmt.Fprintf(w, "event: %s\n", event)
		content := text.Plain(p.board.drawn(event == "end")) // a carriage return would end a line, too
		for line := range strings.Lines(content) {
			fmt.Fprintf(w, "data: %s\n", strings.TrimRight(line, "\n"))
		}
		fmt.Fprint(w, "\n")
		return http.NewResponseController(w).Flush()
	}
	tick := time.NewTicker(telling)
	defer tick.Stop()
	for send("update") == nil {
		select {
		case <-tick.C:
		case <-p.ended:
			send("end")
			return
		case <-r.Context().Done():
			return
		}
	}
}
