package live

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestMetricsOfARun(t *testing.T) {
	trial := bench.Trial{N: 1, Scenario: "json", Target: "node-http"}
	l, err := Listen("127.0.0.1:0", &bench.Plan{Trials: []bench.Trial{trial, trial}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Began(trial)
	for range 3 {
		l.Hit(trial, "throughput", bench.Hit{Done: 3 * time.Millisecond, Code: 200})
	}
	l.Hit(trial, "throughput", bench.Hit{Done: time.Second, Err: bench.ErrTimeout})
	l.Used(trial, bench.Usage{CPU: 1500 * time.Millisecond, Memory: 1 << 20})
	during := scrape(t, l.URL()+"metrics", "")
	l.Ended(bench.TrialResult{Trial: trial, Valid: true})
	after := scrape(t, l.URL()+"metrics", "")
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
	if !strings.Contains(after, `bench_trials_total{scenario="json",target="node-http",valid="true"} 1`) || strings.Contains(after, "bench_trial_running{") {
		t.Error("the trial did not end in the metrics")
	}
	// The native histogram goes over the wire in the protobuf format only.
	native := scrape(t, l.URL()+"metrics", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	if !strings.Contains(native, "bench_response_time_seconds") {
		t.Error("no protobuf answer")
	}
	if _, err := Listen(strings.TrimSuffix(strings.TrimPrefix(l.URL()+"metrics", "http://"), "/metrics"), &bench.Plan{}); err == nil {
		t.Error("a taken address was accepted")
	}
}

func scrape(t *testing.T, url, accept string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
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
