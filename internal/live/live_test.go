package live

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

const hostile = "<script>alert(1)</script>\x1b[31m\"'&\revent: end\r\r"

func TestPageOfARun(t *testing.T) {
	trial := bench.Trial{
		N:        1,
		Round:    1,
		Scenario: "json",
		Target:   "node-http",
		Phases: []bench.Phase{
			{ID: recordtest.ID("latency@500/s"), Measure: bench.MeasureLatency},
			{ID: recordtest.ID("throughput"), Measure: bench.MeasureThroughput},
		},
	}
	l := shown(t, &bench.Plan{Trials: []bench.Trial{trial, trial}, Guide: bench.Guide{Title: hostile}})
	if !l.Loopback() {
		t.Error("a port alone is not bound to loopback")
	}
	l.Began(trial)
	for i := range 20_000 {
		l.Hit(trial, recordtest.ID("latency@500/s"), bench.Hit{Done: time.Duration(i) * 100 * time.Nanosecond, Code: 200})
	}
	l.Hit(trial, recordtest.ID("throughput"), bench.Hit{Done: time.Millisecond, Code: 200})
	l.Hit(trial, recordtest.ID("throughput"), bench.Hit{Done: time.Millisecond, Err: hostile})
	l.Used(trial, bench.Usage{CPU: time.Second, Memory: 64 << 20})
	l.Doing(hostile)
	during := get(t, l.URL(), "<dd>64 MiB<svg")
	sound(t, during)
	for _, want := range []string{
		"<dd>64 MiB<svg",
		"0 of 2 trials",
		"<dt>Failed</dt><dd>1</dd>",
		`<th scope="row">json/node-http</th>`,
		"<td>latency@500/s</td>",
		"The first verdicts appear after the first round.",
	} {
		if !strings.Contains(during, want) {
			t.Errorf("during the trial there is no %s", want)
		}
	}
	l.Ended(bench.TrialResult{
		Trial: trial,
		Valid: false,
		Phases: []bench.PhaseResult{{
			ID:       recordtest.ID("throughput"),
			Measure:  bench.MeasureThroughput,
			GoodHits: 1,
			Drive:    bench.DriveStats{Elapsed: time.Second},
			Gates:    []bench.Gate{{Name: bench.GateSent, Value: .5, Limit: .99}},
		}},
	})
	l.Judged(1, &bench.Verdicts{Claims: []bench.ClaimVerdict{
		{ID: hostile, Quotes: []bench.Quote{{Quote: hostile}}, Verdict: bench.Supported, Why: hostile},
		{ID: "taste", Quotes: []bench.Quote{{Quote: "pretty"}}, Verdict: bench.NotTested},
	}})
	response, err := http.Get(l.URL() + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	stream := bufio.NewScanner(response.Body)
	stream.Buffer(nil, 1<<20)
	update := ""
	for n := 0; n < 10 && !strings.Contains(update, "after round 1") && stream.Scan(); {
		if update += stream.Text() + "\n"; stream.Text() == "" {
			n++
			if !strings.Contains(update, "after round 1") {
				update = ""
			}
		}
	}
	for stream.Scan() && stream.Text() != "" {
		update += stream.Text() + "\n"
	}
	sound(t, strings.ReplaceAll(update, "data: ", ""))
	for _, want := range []string{
		"event: update",
		"1 of 2 trials",
		"1 not valid",
		"after round 1",
		"supported",
		"1 phase is void",
		">failed<",
		"50% (at least 99%)",
	} {
		if !strings.Contains(update, want) {
			t.Errorf("after the trial there is no %s in\n%s", want, update)
		}
	}
	if strings.Contains(update, "pretty") {
		t.Error("a claim that is not tested is shown")
	}
	ended := make(chan bool)
	go func() {
		found := false
		for stream.Scan() {
			found = found || stream.Text() == "event: end"
		}
		ended <- found
	}()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if !<-ended {
		t.Error("the viewer does not learn that the run is finished")
	}
}

// sound reports markup that came from outside.
func sound(t *testing.T, text string) {
	t.Helper()
	page, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	ours := func(a html.Attribute) bool { return a.Key == "src" && a.Val == "live.js" }
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "script" && !slices.ContainsFunc(n.Attr, ours) {
			t.Error("a script came in")
		}
	}
	if strings.Contains(text, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
}

func TestOnlyLoopbackByItself(t *testing.T) {
	for given, want := range map[string]string{
		"9464":        "127.0.0.1:9464",
		":9464":       "127.0.0.1:9464",
		"127.0.0.1:0": "127.0.0.1:0",
		"0.0.0.0:80":  "0.0.0.0:80",
		"[::1]:80":    "[::1]:80",
		"host:80":     "host:80",
	} {
		if got := Address(given); got != want {
			t.Errorf("%s is %s, want %s", given, got, want)
		}
	}
}

// Another site can neither frame the page nor read it by a name that it makes lead here, and a crowd cannot load it.
func TestOthersAreKeptOut(t *testing.T) {
	l := shown(t, &bench.Plan{})
	defer finish(t, l)
	for host, want := range map[string]int{
		"evil.example":   http.StatusForbidden,
		"localhost":      http.StatusOK,
		"127.0.0.1:9464": http.StatusOK,
		"[::1]:80":       http.StatusOK,
	} {
		request, err := http.NewRequest(http.MethodGet, l.URL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", host, response.StatusCode, want)
		}
		policy := response.Header.Get("Content-Security-Policy")
		if want == http.StatusOK && !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: other sites may frame the page: %q", host, policy)
		}
	}
	var viewers []io.Closer
	for i := range maxViewers + 1 {
		response, err := http.Get(l.URL() + "events")
		if err != nil {
			t.Fatal(err)
		}
		viewers = append(viewers, response.Body)
		if (response.StatusCode == http.StatusOK) != (i < maxViewers) {
			t.Errorf("viewer %d: %d", i+1, response.StatusCode)
		}
	}
	for _, v := range viewers {
		v.Close()
	}
	http.DefaultClient.CloseIdleConnections()
}

// A quantile of a count is exact, or at most a sixteenth too high.
func TestQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := &count{}
	var exact []time.Duration
	for range 50_000 {
		d := time.Duration(random.ExpFloat64() * 3e6)
		exact = append(exact, d)
		c.add(bench.Hit{Done: d, Code: 200}, 0)
	}
	slices.Sort(exact)
	s := c.snapshot()
	for _, q := range []float64{.5, .9, .99, .998} {
		want := inference.Quantile(exact, q)
		got, ok := s.quantile(q)
		if !ok || got < want || float64(got) > float64(want)*17/16+1 {
			t.Errorf("q %g is %v, want %v", q, got, want)
		}
	}
	if _, ok := s.quantile(.999); ok {
		t.Error("a percentile with 50 samples beyond it is given")
	}
	for _, d := range []time.Duration{0, 1, 15, 16, 31, 32, 33, 1 << 40, 1<<63 - 1} {
		b := bucket(d)
		if upper(b) < d || b > 0 && upper(b-1) >= max(d, 1) {
			t.Errorf("%d is in bucket %d, up to %d", d, b, upper(b))
		}
	}
}

// shown returns a run whose page process is this one.
func shown(t testing.TB, p *bench.Plan) *Live {
	t.Helper()
	listener, err := net.Listen("tcp", Address("0"))
	if err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- Serve(context.Background(), listener, reader) }()
	return attach(listener.Addr(), writer, p, func() error { return <-served })
}

// finish closes the page of a run.
func finish(t testing.TB, l *Live) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// get reads a page until it has the text: updates take about a second.
func get(t *testing.T, url, want string) (page string) {
	t.Helper()
	for range 100 {
		if page = scrape(t, url); strings.Contains(page, want) {
			return page
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("no %q in\n%s", want, page)
	return ""
}

// BenchmarkHit measures what a live page adds to each hit in the measuring goroutine.
func BenchmarkHit(b *testing.B) {
	trial := bench.Trial{N: 1, Scenario: "json", Target: "node-http"}
	l := shown(b, &bench.Plan{Trials: []bench.Trial{trial}})
	defer finish(b, l)
	l.Began(trial)
	h := bench.Hit{Done: 3 * time.Millisecond, Code: 200}
	phase := recordtest.ID("throughput")
	for b.Loop() {
		l.Hit(trial, phase, h)
	}
}
