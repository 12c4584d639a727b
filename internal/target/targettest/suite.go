// Package targettest has the suite that every launcher must pass, the small
// server it launches, and a fake launcher for tests of what lies above.
package targettest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/source"
	"github.com/claimbench/claimbench/internal/target"
)

// Root is this package's folder: the root of a project whose one target is Server.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// Server is the small server, in a mode (see server/server.py).
func Server(t testing.TB, mode string) bench.Target {
	t.Helper()
	dir := filepath.Join(Root(), "server")
	files, err := source.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := source.Digest(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	base := os.Getenv("PYTHON_IMAGE")
	if base == "" {
		base = "python:3.14-slim-trixie"
	}
	return bench.Target{
		Name: "small", Runtime: "python", Framework: "http.server", Tier: "bare",
		Context: "server", Digest: digest, Command: []string{"python3", "server.py"},
		BuildArgs: map[string]string{"BASE": base}, Version: []string{"python3", "--version"},
		Env: map[string]string{"MODE": mode}, Ready: bench.Duration{Duration: 20 * time.Second},
		Container: bench.Container{User: "10001:10001", CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges:true"},
			ReadOnly: true, Tmpfs: []string{"/tmp"}, MemoryBytes: 256 << 20},
	}
}

// Kind is a launcher under test.
type Kind struct {
	// New makes a launcher for Root.
	New func(t *testing.T) bench.Launcher
	// Confined says that servers run as another user on a read-only file system with limited memory.
	Confined bool
	// Fake says that servers are not real processes: nothing of theirs can be weighed or pinned.
	Fake bool
}

// Suite is what every launcher must do.
func Suite(t *testing.T, kind Kind) {
	ctx := context.Background()
	launch := func(t *testing.T, l bench.Launcher, mode string, how bench.Launch) (bench.Server, error) {
		t.Helper()
		on := Server(t, mode)
		if mode == "unready" {
			on.Ready.Duration = time.Second
		}
		if err := l.Prepare(ctx, on); err != nil {
			t.Fatal(err)
		}
		return l.Launch(ctx, on, how)
	}
	open := func(t *testing.T) bench.Launcher {
		t.Helper()
		l := kind.New(t)
		t.Cleanup(func() {
			if err := l.Close(ctx); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return l
	}

	t.Run("serves, gives the environment, and stops", func(t *testing.T) {
		l := open(t)
		s, err := launch(t, l, "good", bench.Launch{Env: map[string]string{"EXTRA": "yes"}})
		if err != nil {
			t.Fatal(err)
		}
		seen := environ(t, s)
		if seen.Extra != "yes" {
			t.Errorf("the trial's environment did not arrive: %+v", seen)
		}
		if kind.Confined && (seen.UID != 10001 || seen.Writable) {
			t.Errorf("the server is not confined: %+v", seen)
		}
		if kind.Confined && s.Placement().MemoryLimit != 256<<20 {
			t.Errorf("memory limit is %d", s.Placement().MemoryLimit)
		}
		if err := s.Alive(ctx); err != nil {
			t.Errorf("alive: %v", err)
		}
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := s.Stop(ctx); err != nil {
			t.Errorf("second stop: %v", err)
		}
		if err := s.Alive(ctx); err == nil {
			t.Error("alive after stop")
		}
		if !kind.Fake && !strings.Contains(s.Log(), "listening") {
			t.Errorf("log is %q", s.Log())
		}
		if _, err := http.Get(s.URL() + "/healthz"); err == nil {
			t.Error("it still answers")
		}
	})

	t.Run("a server that exits brings its log", func(t *testing.T) {
		_, err := launch(t, open(t), "exits", bench.Launch{})
		var failed *target.Error
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "the configuration is missing") {
			t.Errorf("error is %v", err)
		}
	})

	t.Run("a server that never gets ready is given up", func(t *testing.T) {
		_, err := launch(t, open(t), "unready", bench.Launch{})
		if err == nil || !strings.Contains(err.Error(), "did not answer /healthz in time") || !strings.Contains(err.Error(), "503") {
			t.Errorf("error is %v", err)
		}
	})

	t.Run("a server that was not prepared is refused", func(t *testing.T) {
		if _, err := open(t).Launch(ctx, Server(t, "good"), bench.Launch{}); err == nil {
			t.Error("no error")
		}
	})

	t.Run("a cancelled launch leaves nothing", func(t *testing.T) {
		l := open(t)
		on := Server(t, "unready")
		if err := l.Prepare(ctx, on); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, 700*time.Millisecond)
		defer cancel()
		if _, err := l.Launch(short, on, bench.Launch{}); err == nil {
			t.Error("no error")
		}
	})

	if kind.Fake {
		return
	}

	t.Run("a server that ignores SIGTERM is killed", func(t *testing.T) {
		s, err := launch(t, open(t), "stubborn", bench.Launch{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Stop(ctx); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("stop: %v", err)
		}
		if s.Alive(ctx) == nil {
			t.Error("it lives on")
		}
	})

	t.Run("usage counts CPU time and memory", func(t *testing.T) {
		s, err := launch(t, open(t), "good", bench.Launch{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Stop(ctx)
		before, err := s.Usage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		const spun = 400 * time.Millisecond
		fetch(t, s.URL()+"/spin?ms=400", nil)
		after, err := s.Usage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if used := after.CPU - before.CPU; used < spun || used > 2*spun {
			t.Errorf("used %v of CPU time to spin for %v", used, spun)
		}
		if after.Memory < 4<<20 || after.Memory > 1<<30 {
			t.Errorf("memory is %d", after.Memory)
		}
	})

	t.Run("servers run on their CPUs", func(t *testing.T) {
		allowed := cpuset.Allowed()
		if runtime.GOOS != "linux" {
			t.Skip("pinning is for Linux")
		}
		last := allowed[len(allowed)-1:]
		s, err := launch(t, open(t), "good", bench.Launch{CPUs: last.String()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Stop(ctx)
		if seen := environ(t, s); !slices.Equal(seen.CPUs, last) || s.Placement().CPUs != last.String() || len(s.Placement().Warnings) > 0 {
			t.Errorf("the server sees CPUs %v, placement is %+v; want %v", seen.CPUs, s.Placement(), last)
		}
	})
}

type seen struct {
	CPUs     []int
	UID      int
	Extra    string
	Writable bool
}

func environ(t *testing.T, s bench.Server) (e seen) {
	t.Helper()
	fetch(t, s.URL()+"/environ", &e)
	return e
}

func fetch(t *testing.T, url string, into any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	}
}
