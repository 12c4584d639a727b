package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/target"
)

// These tests run the reference servers for real.

// command runs bench in this process and returns its exit code and what it printed.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), append([]string{"-C", "../.."}, args...), &out, &err)
	return code, out.String(), err.String()
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short; the demo takes two minutes")
	}
	dir := filepath.Join(t.TempDir(), "run")
	code, stdout, stderr := command(t, "demo", "--out", dir)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, want := range []string{"Of 25 claims", "io-heavy", "not evidence", "report: " + filepath.Join(dir, "report.html")} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	// A busy test machine puts the instrument at fault; nothing may put the servers there.
	ok, fault := 0, 0
	for line := range strings.Lines(stderr) {
		switch {
		case !strings.HasPrefix(line, "["):
		case strings.Contains(line, ": ok;"):
			ok++
		case strings.Contains(line, "the instrument was at fault"):
			fault++
		}
	}
	if ok == 0 || ok+fault != 45 {
		t.Errorf("of 45 trials %d are valid, and %d are void, wholly or in part, by the instrument's fault:\n%s", ok, fault, stderr)
	}
	// These two don't depend on how busy the machine is.
	for _, gate := range []string{bench.GateLittle, bench.GateClock} {
		if n := strings.Count(stderr, "at fault: "+gate); n > 10 {
			t.Errorf("%d of 45 trials are void by %s:\n%s", n, gate, stderr)
		}
	}
	r, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Certificates) != 1 || r.Certificates[0].Limit.Rate <= 0 {
		t.Errorf("certificates are %+v, want one with a capacity", r.Certificates)
	}
	for _, trial := range r.Results {
		for _, p := range trial.Phases {
			if trial.Valid && (len(p.Gates) == 0) != (p.Measure == "") {
				t.Errorf("trial %d, %s has gates %v", trial.Trial.N, p.ID.String(), p.Gates)
			}
		}
	}
	agree(t, dir, 3)
}

// agree recomputes figures of verdicts.json from the raw Parquet files, by code that shares nothing with the judge.
func agree(t *testing.T, dir string, least int) {
	t.Helper()
	var plan bench.Plan
	var verdicts bench.Verdicts
	load := func(name string, into any) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	load("plan.json", &plan)
	load("verdicts.json", &verdicts)
	compared := 0
	for _, claim := range verdicts.Claims {
		for _, cell := range claim.Tests {
			if cell.Verdict == bench.NotTested || cell.Base != nil || cell.Metric != "throughput" && cell.Metric != "p50" {
				continue
			}
			var logs []float64
			for round := 1; round <= plan.Profile.Rounds; round++ {
				of, ok := raw(t, dir, plan, cell, cell.Of, round)
				to, ok2 := raw(t, dir, plan, cell, cell.To, round)
				if ok && ok2 {
					logs = append(logs, math.Log(of/to))
				}
			}
			sum := 0.0
			for _, d := range logs {
				sum += d
			}
			if want := math.Exp(sum / float64(len(logs))); math.Abs(*cell.Ratio/want-1) > 1e-9 || len(logs) != cell.Rounds {
				t.Errorf("%s %s %s/%s: ratio %g over %d rounds, raw says %g over %d", cell.Scenario, cell.Metric, cell.Of, cell.To, *cell.Ratio, cell.Rounds, want, len(logs))
			}
			compared++
		}
	}
	if compared < least {
		t.Errorf("only %d figures could be compared, want %d", compared, least)
	}
}

// raw is a trial's throughput or median response time; false where the trial is not valid.
func raw(t *testing.T, dir string, plan bench.Plan, cell bench.Comparison, on string, round int) (float64, bool) {
	t.Helper()
	for _, trial := range plan.Trials {
		if trial.Round != round || trial.Scenario != cell.Scenario || trial.Target != on {
			continue
		}
		folder := filepath.Join(dir, "trials", fmt.Sprintf("%03d-%s-%s", trial.N, trial.Scenario, trial.Target))
		name := strings.TrimPrefix(cell.Level+"/throughput", "/")
		if cell.Metric == "p50" {
			name = strings.TrimPrefix(fmt.Sprintf("%s/latency@%g/s", cell.Level, float64(cell.Rate)), "/")
		}
		var result struct {
			Valid  bool
			Phases []struct{ Name, Void string }
		}
		if data, err := os.ReadFile(filepath.Join(folder, "result.json")); err != nil || json.Unmarshal(data, &result) != nil || !result.Valid {
			return 0, false
		}
		void := func(name string) bool {
			for _, p := range result.Phases {
				if p.Name == name {
					return p.Void != ""
				}
			}
			return true
		}
		if void(name) { // it was made once more
			if name += "~2"; void(name) {
				return 0, false
			}
		}
		rows, err := parquet.ReadFile[struct {
			Phase     string `parquet:"phase"`
			LagNS     int64  `parquet:"lag_ns"`
			DueNS     int64  `parquet:"due_ns"`
			LatencyNS int64  `parquet:"latency_ns"`
			Err       string `parquet:"err"`
		}](filepath.Join(folder, "hits.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		var good, last float64
		var responses []float64
		for _, r := range rows {
			switch {
			case r.Phase != name:
			case cell.Metric == "throughput":
				if r.Err == "" {
					good++
				}
				last = max(last, float64(r.DueNS+r.LagNS+r.LatencyNS)/1e9)
			case cell.Metric == "p50":
				responses = append(responses, float64(r.LagNS+r.LatencyNS)/1e9)
			}
		}
		if cell.Metric == "throughput" {
			return good / last, true
		}
		slices.Sort(responses)
		return responses[(len(responses)+1)/2-1], true
	}
	return 0, false
}

// needDocker skips aloud where there is no engine, and fails where one is required.
func needDocker(t *testing.T) {
	t.Helper()
	if _, err := target.DockerAnswers(context.Background()); err != nil {
		if os.Getenv("CLAIMBENCH_REQUIRE_DOCKER") != "" {
			t.Fatalf("CLAIMBENCH_REQUIRE_DOCKER is set, but: %v", err)
		}
		t.Skipf("SKIPPED: no Docker engine answers: %v", err)
	}
}

// The engine goes away in the middle of a run, as seen through a socket of our
// own: the run ends with a hint, keeps what it has, and is resumed to its end on
// containers of the reference images. Nothing is left behind.
func TestDockerRunSurvivesItsEngine(t *testing.T) {
	needDocker(t)
	engine := newTunnel(t)
	t.Setenv("DOCKER_HOST", "unix://"+engine.path)
	dir := filepath.Join(t.TempDir(), "away-"+fmt.Sprint(os.Getpid()))
	watch := &lines{on: func(line string) {
		if strings.HasPrefix(line, "[3/9]") {
			engine.cut()
		}
	}}
	var stdout bytes.Buffer
	code := run(context.Background(), []string{"-C", "../..", "demo", "--runner", "docker", "--scenario", "json",
		"--target", "node-http,python-asgi", "--out", dir}, &stdout, watch)
	if text := watch.text(); code != exitError || !strings.Contains(text, "the engine does not answer") || !strings.Contains(text, "bench run --resume "+dir) {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	engine.mend(t)
	code, out, stderr := command(t, "run", "--resume", dir)
	if code != exitDone || !strings.Contains(out, "in Docker containers") || strings.Contains(out, "were not made") {
		t.Fatalf("resumed with exit code %d:\n%s\n%s", code, out, stderr)
	}
	agree(t, dir, 2)
	for _, what := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}} {
		list, err := exec.Command("docker", append(what, "--filter", "label=dev.claimbench.run="+runLabel(dir))...).Output()
		if err != nil || len(bytes.TrimSpace(list)) > 0 {
			t.Errorf("docker %v: %s %v", what, list, err)
		}
	}
}

// lines calls on for every line that is written to it, and keeps them all.
type lines struct {
	on   func(string)
	mu   sync.Mutex
	all  bytes.Buffer
	part string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.all.Write(b)
	l.part += string(b)
	var whole []string
	for {
		line, rest, ok := strings.Cut(l.part, "\n")
		if !ok {
			break
		}
		whole, l.part = append(whole, line), rest
	}
	l.mu.Unlock()
	for _, line := range whole {
		l.on(line)
	}
	return len(b), nil
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// tunnel is a socket through which the Docker engine is reached until it is cut.
type tunnel struct {
	path string
	mu   sync.Mutex
	l    net.Listener
	open map[net.Conn]bool
}

func newTunnel(t *testing.T) *tunnel {
	t.Helper()
	dir, err := os.MkdirTemp("", "tunnel") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	tn := &tunnel{path: filepath.Join(dir, "s"), open: map[net.Conn]bool{}}
	tn.mend(t)
	t.Cleanup(func() { tn.cut(); os.RemoveAll(dir) })
	return tn
}

func (tn *tunnel) mend(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", tn.path)
	if err != nil {
		t.Fatal(err)
	}
	tn.mu.Lock()
	tn.l = l
	tn.mu.Unlock()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.DialTimeout("unix", "/var/run/docker.sock", time.Second)
			if err != nil {
				near.Close()
				continue
			}
			tn.mu.Lock()
			tn.open[near], tn.open[far] = true, true
			tn.mu.Unlock()
			go func() { io.Copy(near, far); near.(*net.UnixConn).CloseWrite() }()
			go func() { io.Copy(far, near); far.(*net.UnixConn).CloseWrite() }()
		}
	}()
}

func (tn *tunnel) cut() {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	tn.l.Close()
	for conn := range tn.open {
		conn.Close()
	}
	tn.open = map[net.Conn]bool{}
}
