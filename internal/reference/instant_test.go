package reference

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"
)

// instantAt starts a server in this process, which stops with the test.
func instantAt(t *testing.T, serve func(context.Context, net.Listener) error) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		listener.Close()
	})
	return listener.Addr().String()
}

// Each request is answered, even if requests arrive in pieces or several at once.
func TestNullAnswersEveryRequest(t *testing.T) {
	address := instantAt(t, ServeNull)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, pieces := range [][]string{
		{request}, {request + request + request}, {request[:3], request[3:]}, {request[:len(request)-2], "\r\n"},
		{request[:len(request)-1], "\n" + request[:len(request)-3], request[len(request)-3:]},
	} {
		sent := ""
		for _, piece := range pieces {
			if _, err := io.WriteString(conn, piece); err != nil {
				t.Fatal(err)
			}
			sent += piece
			time.Sleep(5 * time.Millisecond)
		}
		for range len(sent) / len(request) {
			resp, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatalf("%q: %v", pieces, err)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != `{"ok":true}` {
				t.Fatalf("%q: body %q, %v", pieces, body, err)
			}
		}
	}
}

// A truth server counts every request except those for the truth, and forgets what it
// has reported.
func TestTruthIsReportedOnce(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no receive stamps on this system")
	}
	address := instantAt(t, ServeTruth)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	get := func(path string) []byte {
		t.Helper()
		resp, err := client.Get(fmt.Sprintf("http://%s%s", address, path))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	ask := func() (truth Truth) {
		t.Helper()
		if err := json.Unmarshal(get("/truth"), &truth); err != nil {
			t.Fatal(err)
		}
		return truth
	}
	for range 50 { // until the kernel stamps
		get("/")
		time.Sleep(time.Millisecond)
	}
	ask()
	const n = 200
	for range n {
		get("/some/path")
	}
	truth := ask()
	if truth.Requests+truth.Unstamped != n {
		t.Errorf("%d requests and %d without a stamp, want %d in all", truth.Requests, truth.Unstamped, n)
	}
	if truth.Unstamped > n/10 {
		t.Errorf("%d of %d requests have no stamp", truth.Unstamped, n)
	}
	quantiles := []time.Duration{truth.P50, truth.P90, truth.P99, truth.P999, truth.Max}
	if truth.P50 <= 0 || truth.P50 > time.Second {
		t.Errorf("the median is %v, want more than 0 and at most 1 s", truth.P50)
	}
	if !slices.IsSorted(quantiles) {
		t.Errorf("the quantiles %v do not rise", quantiles)
	}
	if again := ask(); again.Requests != 0 || again.Max != 0 {
		t.Errorf("reported twice: %+v", again)
	}
}
