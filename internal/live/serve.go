package live

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/text"
)

// page is the page process: the page at /, its updates at /events, metrics at /metrics.
type page struct {
	metrics  *metrics
	board    *board
	finished chan struct{} // closed when the run is over
}

//go:embed live.html.tmpl live.js
var files embed.FS

// Serve shows the run that the input describes, one update per line of JSON, until the input ends. It returns
// the last line that it could not read as an error.
func Serve(ctx context.Context, listener net.Listener, input io.Reader) error {
	p := &page{
		metrics:  newMetrics(),
		board:    newBoard(),
		finished: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.handler())
	mux.HandleFunc("GET /{$}", p.show)
	mux.HandleFunc("GET /events", p.events)
	mux.Handle("GET /live.js", http.FileServerFS(files))
	server := &http.Server{
		Handler:           refuseOtherSites(mux),
		ReadHeaderTimeout: 10 * time.Second,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	unread := p.read(input)
	close(p.finished)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		_ = server.Close() // viewers that stay are cut off
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return unread
}

// read applies the updates until the input ends. It skips a line that is not an update, and returns the error
// in the end: the measuring process must never wait for this one.
func (p *page) read(input io.Reader) (unread error) {
	for lines := bufio.NewReader(input); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return unread
		}
		var u update
		if err := json.Unmarshal(line, &u); err != nil {
			unread = fmt.Errorf("read an update of the run: %w", err)
			continue
		}
		p.metrics.apply(u)
		p.board.apply(u)
	}
}

// refuseOtherSites keeps other sites from framing the page, and from reading it by a name that they resolve
// to this machine.
func refuseOtherSites(next http.Handler) http.Handler {
	const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; " +
		"style-src 'unsafe-inline'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, "open this page by its IP address, or as localhost", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// show sends the page.
func (p *page) show(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	content := template.HTML(p.board.content()) // which a template has escaped
	if err := pageTemplate.ExecuteTemplate(w, "page", content); err != nil {
		fmt.Fprintln(w, err)
	}
}

// events sends the page's content at each interval, as server-sent events.
func (p *page) events(w http.ResponseWriter, r *http.Request) {
	leave, ok := p.board.enter()
	if !ok {
		http.Error(w, fmt.Sprintf("this page has %d viewers, which is the limit; close one and reload", maxViewers),
			http.StatusServiceUnavailable)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for sendEvent(w, "update", p.board.content()) == nil {
		select {
		case <-tick.C:
		case <-p.finished:
			_ = sendEvent(w, "end", p.board.finalContent()) // the viewer may have left
			return
		case <-r.Context().Done():
			return
		}
	}
}

// sendEvent sends one server-sent event.
func sendEvent(w http.ResponseWriter, event, content string) error {
	fmt.Fprintf(w, "event: %s\n", event)
	for line := range strings.Lines(text.Plain(content)) { // a carriage return would end a line, too
		fmt.Fprintf(w, "data: %s\n", strings.TrimRight(line, "\n"))
	}
	fmt.Fprint(w, "\n")
	return http.NewResponseController(w).Flush()
}
