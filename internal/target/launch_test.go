package target_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/target"
	"github.com/claimbench/claimbench/internal/target/targettest"
)

func TestProcess(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Fatal("these tests launch python3, which is not on PATH")
	}
	cache := t.TempDir()
	targettest.Suite(t, targettest.Kind{New: func(*testing.T) bench.Launcher {
		return &target.Process{Root: targettest.Root(), Cache: cache}
	}})
}

func TestDocker(t *testing.T) {
	if _, err := target.DockerAnswers(context.Background()); err != nil {
		if os.Getenv("CLAIMBENCH_REQUIRE_DOCKER") != "" {
			t.Fatalf("CLAIMBENCH_REQUIRE_DOCKER is set, but: %v", err)
		}
		t.Skipf("SKIPPED: no Docker engine answers, so the Docker launcher is not tested: %v", err)
	}
	targettest.Suite(t, targettest.Kind{Confined: true, New: func(t *testing.T) bench.Launcher {
		run := "test-" + strings.ToLower(strings.NewReplacer("/", "-", ",", "", "_", "-").Replace(t.Name()))
		d, err := target.NewDocker(context.Background(), targettest.Root(), run)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}})
}

func TestFake(t *testing.T) {
	targettest.Suite(t, targettest.Kind{Fake: true, New: func(*testing.T) bench.Launcher {
		return &targettest.Fake{}
	}})
}

// If packages cannot be installed, the error says what failed and shows the end of what the
// installer wrote. Nothing is left that would pass for installed.
func TestPrepareFails(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "app", "package.json"), "{}")
	on := bench.Target{
		Name:    "broken",
		Runtime: "node",
		Context: "app",
		Digest:  "x",
		Locks:   []string{"package.json"},
		Prepare: [][]string{{"sh", "-c", "echo E404 no such package >&2; exit 7"}},
		Command: []string{"true"},
	}
	p := &target.Process{Root: root, Cache: t.TempDir()}
	for range 2 {
		err := p.Prepare(context.Background(), on)
		var failed *target.Error
		if !errors.As(err, &failed) || failed.Hint == "" {
			t.Fatalf("error %v has no hint", err)
		}
		if !strings.Contains(err.Error(), "E404 no such package") {
			t.Fatalf("error is %v", err)
		}
	}
	on.Prepare = [][]string{{"sh", "-c", "echo made > made"}}
	if err := p.Prepare(context.Background(), on); err != nil {
		t.Fatal(err)
	}
}

// Packages are installed once for each state of the lock files. Each state of the source has its
// own app folder.
func TestPrepareIsCached(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	count := filepath.Join(t.TempDir(), "count")
	lock, src := filepath.Join(root, "app", "lock"), filepath.Join(root, "app", "main.sh")
	write(t, lock, "1")
	write(t, src, "a")
	on := bench.Target{
		Name:    "app",
		Runtime: "sh",
		Context: "app",
		Digest:  "a",
		Locks:   []string{"lock"},
		Prepare: [][]string{{"sh", "-c", "mkdir packages; echo x >> " + count}},
	}
	prepare := func() {
		t.Helper()
		p := &target.Process{Root: root, Cache: cache}
		if err := p.Prepare(context.Background(), on); err != nil {
			t.Fatal(err)
		}
	}
	installed := func() int {
		data, err := os.ReadFile(count)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(data), "x")
	}
	prepare()
	prepare()
	write(t, src, "b")
	on.Digest = "b"
	prepare()
	if n := installed(); n != 1 {
		t.Errorf("installed %d times for one lock file", n)
	}
	apps, err := filepath.Glob(filepath.Join(cache, "apps", "*", "packages"))
	if err != nil || len(apps) != 2 {
		t.Errorf("apps with packages: %v, %v; want two", apps, err)
	}
	write(t, lock, "2")
	prepare()
	if n := installed(); n != 2 {
		t.Errorf("installed %d times for two lock files", n)
	}
}

// If another program takes the chosen port, the launch tries another port, three times at most.
func TestPortIsTaken(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	for _, c := range []struct {
		name            string
		failures, tries int
	}{{"once", 1, 2}, {"always", 99, 3}} {
		t.Run(c.name, func(t *testing.T) {
			_ = os.Remove(count)
			on := targettest.Server(t, "good")
			on.Command = []string{"sh", "-c", fmt.Sprintf(`echo x >> %[1]s
				[ $(wc -l < %[1]s) -le %d ] || exec python3 server.py
				echo "OSError: [Errno 98] Address already in use" >&2; exit 1`, count, c.failures)}
			p := &target.Process{Root: targettest.Root(), Cache: t.TempDir()}
			if err := p.Prepare(context.Background(), on); err != nil {
				t.Fatal(err)
			}
			s, err := p.Launch(context.Background(), on, bench.Launch{})
			if c.failures < c.tries {
				if err != nil {
					t.Fatal(err)
				}
				_ = s.Stop(context.Background())
			} else if err == nil || !strings.Contains(err.Error(), "Address already in use") {
				t.Errorf("error is %v", err)
			}
			if data, _ := os.ReadFile(count); strings.Count(string(data), "x") != c.tries {
				t.Errorf("tried %d times, want %d", strings.Count(string(data), "x"), c.tries)
			}
		})
	}
}

func TestRuntimeIsMissing(t *testing.T) {
	on := bench.Target{Name: "x", Context: ".", Version: []string{"no-such-runtime", "--version"}}
	err := (&target.Process{Root: t.TempDir(), Cache: t.TempDir()}).Prepare(context.Background(), on)
	var failed *target.Error
	if !errors.As(err, &failed) || !strings.Contains(failed.Hint, "install") {
		t.Errorf("the hint of error %v does not say what to install", err)
	}
	if err == nil || !strings.Contains(err.Error(), "no-such-runtime") {
		t.Errorf("error is %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
