package live

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestMetricsOfARun(t *testing.T) {
	trial := bench.Trial{N: 1, Scenario: "json", Target: "node-http"}
	l := shown(t, &bench.Plan{Trials: []bench.Trial{trial, trial}})
	defer finish(t, l)
	l.Began(trial)
	for range 3 {
		l.Hit(trial, recordtest.ID("throughput"), bench.Hit{Done: 3 * time.Millisecond, Code: 200})
	}
	l.Hit(trial, recordtest.ID("throughput"), bench.Hit{Done: time.Second, Err: bench.ErrTimeout})
	l.Used(trial, bench.Usage{CPU: 1500 * time.Millisecond, Memory: 1 << 20})
	during := get(t, l.URL()+"metrics", "bench_target_memory_bytes{")
	l.Ended(bench.TrialResult{Trial: trial, Valid: true})
	after := get(t, l.URL()+"metrics", "bench_trials_total{")
	for _, want := range []string{
		`bench_requests_total{code_class="2xx",phase="throughput",scenario="json",target="node-http"} 3`,
		`bench_requests_total{code_class="error",phase="throughput",scenario="json",target="node-http"} 1`,
		`bench_response_time_seconds_bucket{phase="throughput",scenario="json",target="node-http",le="0.005"} 3`,
		`bench_response_time_seconds_count{phase="throughput",scenario="json",target="node-http"} 4`,
		`bench_target_cpu_seconds{scenario="json",target="node-http"} 1.5`,
		`bench_target_memory_bytes{scenario="json",target="node-http"} 1.048576e+06`,
		`bench_trials_planned 2`,
		`bench_trial_running{scenario="json",target="node-http"} 1`,
	} {
		if !strings.Contains(during, want+"\n") {
			t.Errorf("during the trial there is no %s", want)
		}
	}
	if !strings.Contains(after, `bench_trials_total{scenario="json",target="node-http",valid="true"} 1`) {
		t.Error("the metrics do not count the trial")
	}
	if strings.Contains(after, "bench_trial_running{") {
		t.Error("the metrics show a finished trial as running")
	}
}

// A snapshot counts once, however often it arrives. A phase of the same name in another trial adds to it.
func TestCountsAddUp(t *testing.T) {
	trial := bench.Trial{N: 1, Scenario: "json", Target: "node-http"}
	m := newMetrics()
	for range 2 {
		m.apply(update{Began: &trial})
		c := &count{phase: recordtest.ID("throughput")}
		for range 3 {
			c.add(bench.Hit{Done: 3 * time.Millisecond, Code: 200}, 0)
			m.apply(update{Counted: c.snapshot()})
			m.apply(update{Counted: c.snapshot()})
		}
	}
	server := httptest.NewServer(m.handler())
	defer server.Close()
	text := scrape(t, server.URL)
	for _, want := range []string{
		`bench_requests_total{code_class="2xx",phase="throughput",scenario="json",target="node-http"} 6`,
		`bench_response_time_seconds_bucket{phase="throughput",scenario="json",target="node-http",le="0.0025"} 0`,
		`bench_response_time_seconds_bucket{phase="throughput",scenario="json",target="node-http",le="0.005"} 6`,
		`bench_response_time_seconds_sum{phase="throughput",scenario="json",target="node-http"} 0.018`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

func TestTakenAddress(t *testing.T) {
	l := shown(t, &bench.Plan{})
	defer finish(t, l)
	taken := strings.Trim(strings.TrimPrefix(l.URL(), "http:"), "/")
	if _, err := Start(taken, "/nowhere", nil, &bench.Plan{}); !errors.Is(err, ErrListen) {
		t.Errorf("a taken address gives %v", err)
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
