package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/session"
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
	code, stdout, stderr := command(t, "demo", "--verbose", "--out", dir)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	page := filepath.Join(dir, "report.html")
	for _, want := range []string{"Of 25 claims", "io-heavy", "not evidence", "report: " + page} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	// A busy test machine may put the load generator at fault, but never the servers.
	ok, fault := 0, 0
	for line := range strings.Lines(stderr) {
		switch {
		case !strings.HasPrefix(line, "["):
		case strings.Contains(line, ": ok;"):
			ok++
		case strings.Contains(line, "the load generator was at fault"):
			fault++
		}
	}
	if ok == 0 || ok+fault != 45 {
		t.Errorf("of 45 trials %d are valid, and %d are void in whole or in part by the load generator's fault:\n%s",
			ok, fault, stderr)
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
	agreeWithRawHits(t, dir, 3)
}

// needDocker skips the test with a reason if no engine answers, and fails if one is required.
func needDocker(t *testing.T) {
	t.Helper()
	if _, err := target.DockerAnswers(context.Background()); err != nil {
		if os.Getenv("CLAIMBENCH_REQUIRE_DOCKER") != "" {
			t.Fatalf("CLAIMBENCH_REQUIRE_DOCKER is set, but: %v", err)
		}
		t.Skipf("SKIPPED: no Docker engine answers: %v", err)
	}
}

// The engine goes away in the middle of a run, seen through a socket of the test. The run stops with a
// hint and keeps its records. It is resumed to its end on containers of the reference images. Nothing is
// left behind.
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
	code := run(context.Background(), []string{"-C", "../..", "demo", "--verbose", "--runner", "docker",
		"--scenario", "json", "--server", "node-http,python-asgi", "--out", dir}, &stdout, watch)
	if text := watch.text(); code != exitError || !strings.Contains(text, "the engine does not answer") ||
		!strings.Contains(text, "bench run --resume "+dir) {
		t.Fatalf("exit code %d:\n%s", code, text)
	}
	engine.mend(t)
	code, out, stderr := command(t, "run", "--resume", dir)
	if code != exitDone || !strings.Contains(out, "in Docker containers") || strings.Contains(out, "were not made") {
		t.Fatalf("resumed with exit code %d:\n%s\n%s", code, out, stderr)
	}
	agreeWithRawHits(t, dir, 2)
	for _, what := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}} {
		list, err := exec.Command("docker", append(what, "--filter", "label=dev.claimbench.run="+session.Label(dir))...).
			Output()
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
