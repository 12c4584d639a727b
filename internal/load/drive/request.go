package drive

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// userAgent is the User-Agent of requests whose workload names none.
const userAgent = "claimbench"

// Address returns the URL of a workload's path under a server's base URL. The error
// means that this is not an http or https URL with a host.
func Address(base string, w bench.Workload) (*url.URL, error) {
	address, err := url.Parse(base + w.Path)
	if err != nil {
		return nil, fmt.Errorf("read the address of the server: %w", err)
	}
	if address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return nil, fmt.Errorf("%q is not an http address: write it as http://HOST:PORT", base+w.Path)
	}
	return address, nil
}

// NewRequest returns a request with the workload's headers.
func NewRequest(method string, address *url.URL, body []byte, w bench.Workload) (*http.Request, error) {
	req, err := http.NewRequest(method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request of the workload: %w", err)
	}
	for k, v := range w.Headers {
		req.Header.Set(k, v)
		if strings.EqualFold(k, "Host") {
			req.Host = v
		}
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}
	return req, nil
}

// StatusExpected reports whether a status is the one wanted. If want is 0, every
// status from 200 to 399 is.
func StatusExpected(status, want int) bool {
	return status == want || want == 0 && status >= 200 && status < 400
}
