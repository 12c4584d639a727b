package live

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

// A real Prometheus scrapes a run with the repository's configuration, and every query of the dashboard has a
// result.
func TestPrometheusAndDashboard(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CLAIMBENCH_REQUIRE_DOCKER") != "" {
			t.Fatalf("CLAIMBENCH_REQUIRE_DOCKER is set, but: %v", err)
		}
		t.Skip("SKIPPED: no prometheus on this machine (apt-get install prometheus)")
	}
	trial := bench.Trial{N: 1, Round: 1, Scenario: "json", Target: "node-http"}
	l := shown(t, &bench.Plan{Trials: []bench.Trial{trial}})
	defer finish(t, l)
	config, err := os.ReadFile("../../monitoring/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.Trim(strings.TrimPrefix(l.URL(), "http://"), "/")
	text := strings.Replace(string(config), "127.0.0.1:9464", ours, 1)
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil || text == string(config) {
		t.Fatal(err, "the configuration does not scrape port 9464")
	}
	const address = "127.0.0.1:19473"
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	prometheus := exec.Command(program, "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	prometheus.Stdout, prometheus.Stderr = log, log
	if err := prometheus.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = prometheus.Process.Kill()
		_ = prometheus.Wait() // which reports that it was killed
	}()
	l.Began(trial)
	l.Ended(bench.TrialResult{Trial: trial, Valid: true})
	l.Began(trial)
	var queries []string
	for _, q := range dashboard(t) {
		q = strings.NewReplacer("$__rate_interval", "15s", "$scenario", ".*", "$target", ".*").Replace(q)
		queries = append(queries, q)
	}
	if len(queries) < 10 {
		t.Errorf("the dashboard has %d queries", len(queries))
	}
	used := time.Duration(0)
	deadline := time.Now().Add(90 * time.Second)
	for len(queries) > 0 && time.Now().Before(deadline) {
		for range 50 {
			l.Hit(trial, recordtest.ID("throughput"), bench.Hit{Done: 3 * time.Millisecond, Code: 200})
		}
		used += 300 * time.Millisecond
		l.Used(trial, bench.Usage{CPU: used, Memory: 1 << 20})
		time.Sleep(500 * time.Millisecond)
		left := queries[:0]
		for _, q := range queries {
			if !answers(t, address, q) {
				left = append(left, q)
			}
		}
		queries = left
	}
	for _, q := range queries {
		data, _ := os.ReadFile(log.Name())
		t.Errorf("no answer to %s; Prometheus says:\n%s", q, data)
	}
}

// dashboard returns the queries of the provisioned dashboard.
func dashboard(t *testing.T) (queries []string) {
	t.Helper()
	data, err := os.ReadFile("../../monitoring/grafana/claimbench.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title      string
			Datasource struct{ UID string }
			Targets    []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../../monitoring/grafana/datasources.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if !strings.Contains(string(source), "uid: "+p.Datasource.UID) {
			t.Errorf("%s is of a source that is not provisioned", p.Title)
		}
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	return queries
}

// answers reports whether a query has a result that is a number.
func answers(t *testing.T, address, query string) bool {
	response, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return false // not up yet
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return false
	}
	var answer struct {
		Status, Error string
		Data          struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return false
	}
	if answer.Status == "error" {
		t.Fatalf("%s: %s", query, answer.Error)
	}
	for _, r := range answer.Data.Result {
		if number, _ := r.Value[1].(string); number != "NaN" && number != "" {
			return true
		}
	}
	return false
}
