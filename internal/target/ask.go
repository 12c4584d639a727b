package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// largestBody is how many bytes of an answer are read.
const largestBody = 64 << 20

// answer holds the part of a response in which all servers must be alike.
type answer struct {
	headers string // their sorted names, without the free ones
	body    string
}

// free reports whether servers may differ in the header. Such headers are about the connection,
// the clock and the software.
func free(header string) bool {
	switch header {
	case "Connection", "Date", "Keep-Alive", "Server":
		return true
	}
	return false
}

// AskAbout asks a server to describe itself: it requests /about.
func AskAbout(ctx context.Context, client *http.Client, url string) (bench.About, error) {
	body, err := Ask(ctx, client, url, bench.Workload{
		Method:  http.MethodGet,
		Path:    "/about",
		Timeout: bench.Duration{Duration: 5 * time.Second},
		Expect:  bench.Expect{Status: http.StatusOK, JSON: map[string]any{}},
	})
	if err != nil {
		return nil, err
	}
	var about bench.About
	if err := json.Unmarshal([]byte(body), &about); err != nil {
		return nil, fmt.Errorf("/about: %w", err)
	}
	return about, nil
}

// Ask sends one request of the workload and returns the body of the answer. The error says in what
// the answer differs from the workload's Expect.
func Ask(ctx context.Context, client *http.Client, url string, w bench.Workload) (body string, err error) {
	a, err := ask(ctx, client, url, w)
	return a.body, err
}

// ask is Ask, but also returns the names of the headers.
func ask(ctx context.Context, client *http.Client, url string, w bench.Workload) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout.Duration)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, w.Method, url+w.Path, strings.NewReader(w.Body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range w.Headers {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return answer{}, fmt.Errorf("%s: no answer within %v", w.Path, w.Timeout)
		}
		return answer{}, fmt.Errorf("%s: %w", w.Path, errors.Unwrap(err)) // without the URL
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestBody))
	if err != nil {
		return answer{}, fmt.Errorf("%s: read the answer: %w", w.Path, err)
	}
	if err := expect(w.Expect, resp, body); err != nil {
		return answer{}, fmt.Errorf("%s: %w", w.Path, err)
	}
	headers := slices.DeleteFunc(slices.Sorted(maps.Keys(resp.Header)), free)
	return answer{headers: strings.Join(headers, ", "), body: string(body)}, nil
}

// absentError means that the server's runtime lacks what it was asked for (status 501).
type absentError struct{ reason string }

func (e *absentError) Error() string { return "the server says: " + e.reason }

// expect returns an error that says in what the answer differs from what is wanted.
func expect(want bench.Expect, resp *http.Response, body []byte) error {
	if resp.StatusCode == http.StatusNotImplemented && want.Status != http.StatusNotImplemented {
		var absent struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(body, &absent)
		return &absentError{printable(absent.Error)}
	}
	if resp.StatusCode != want.Status {
		return fmt.Errorf("status %d, want %d; body %s", resp.StatusCode, want.Status, excerpt(string(body), 0))
	}
	switch hasLength := resp.ContentLength >= 0; {
	case hasLength && want.Chunked:
		return errors.New("the answer has a content-length, but should be streamed without one")
	case !hasLength && !want.Chunked:
		return errors.New("the answer has no content-length")
	}
	if want.SHA256 != "" && digest(string(body)) != want.SHA256 {
		return fmt.Errorf("body %s is not the expected one (SHA-256 %s)", excerpt(string(body), 0), want.SHA256)
	}
	if want.JSON != nil {
		return expectJSON(want.JSON, resp.Header.Get("Content-Type"), body)
	}
	return nil
}

// expectJSON returns an error unless the body is a JSON object that has all wanted values.
func expectJSON(want map[string]any, contentType string, body []byte) error {
	if kind, _, _ := mime.ParseMediaType(contentType); kind != "application/json" {
		return fmt.Errorf("content-type %q, want application/json", contentType)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		return fmt.Errorf("body %s is not a JSON object: %w", excerpt(string(body), 0), err)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if !reflect.DeepEqual(asJSON(want[key]), got[key]) {
			wanted, _ := json.Marshal(want[key])
			had, _ := json.Marshal(got[key])
			return fmt.Errorf("%s is %s, want %s", key, excerpt(string(had), 0), excerpt(string(wanted), 0))
		}
	}
	return nil
}

// asJSON returns a value as JSON would read it back, so that numbers from YAML can be compared.
func asJSON(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if json.Unmarshal(data, &out) != nil {
		return v
	}
	return out
}
