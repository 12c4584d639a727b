package targettest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// fakeHandler answers the requests to one server of Fake.
type fakeHandler struct {
	mode  string
	env   map[string]string
	asked atomic.Int64 // for /json
}

func handler(mode string, env map[string]string) http.Handler {
	h := &fakeHandler{mode: mode, env: env}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", h.healthz)
	mux.HandleFunc("/about", h.about)
	mux.HandleFunc("/json", h.json)
	mux.HandleFunc("/upstream", h.upstream)
	mux.HandleFunc("/environ", h.environ)
	return mux
}

func (h *fakeHandler) answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	if h.mode != "no-length" {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	}
	w.WriteHeader(status)
	if h.mode == "no-length" {
		w.(http.Flusher).Flush()
	}
	_, _ = io.WriteString(w, body)
}

func (h *fakeHandler) healthz(w http.ResponseWriter, _ *http.Request) {
	h.answer(w, 200, `{"ok":true}`)
}

func (h *fakeHandler) about(w http.ResponseWriter, _ *http.Request) {
	gil := "null"
	if h.mode == "gil-turns-on" {
		gil = strconv.FormatBool(h.asked.Load() > 10)
	}
	h.answer(w, 200, `{"runtime":"fake","runtime_version":"1","framework":"handler","framework_version":"1",`+
		`"gil":`+gil+`}`)
}

func (h *fakeHandler) json(w http.ResponseWriter, r *http.Request) {
	h.asked.Add(1)
	switch h.mode {
	case "has-not":
		h.answer(w, 501, `{"error":"no interpreters"}`)
	case "says-500":
		h.answer(w, 500, `{"ok":true,"value":"a"}`)
	case "wrong-body":
		h.answer(w, 200, `{"ok":true,"value":"b"}`)
	case "hangs":
		<-r.Context().Done()
	default:
		h.answer(w, 200, `{"ok":true,"value":"a"}`)
	}
}

func (h *fakeHandler) upstream(w http.ResponseWriter, r *http.Request) {
	ms := r.URL.Query().Get("ms")
	if h.mode != "no-calls" {
		resp, err := http.Get(h.env["UPSTREAM_URL"] + "/wait?ms=" + ms)
		if err != nil {
			h.answer(w, 502, `{"error":"upstream failed"}`)
			return
		}
		_ = resp.Body.Close()
	}
	h.answer(w, 200, `{"ok":true,"calls":1,"waited_ms":`+ms+`}`)
}

func (h *fakeHandler) environ(w http.ResponseWriter, _ *http.Request) {
	h.answer(w, 200, fmt.Sprintf(`{"extra":%q}`, strings.TrimSpace(h.env["EXTRA"])))
}
