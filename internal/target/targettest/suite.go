package targettest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/target"
)

// Kind is a launcher under test.
type Kind struct {
	// New makes a launcher for Root.
	New func(t *testing.T) bench.Launcher
	// Confined says that servers run as another user, on a read-only file system, with limited
	// memory.
	Confined bool
	// Fake says that servers are not real processes: they have no usage and cannot be pinned.
	Fake bool
}

// Suite tests what every launcher must do.
func Suite(t *testing.T, kind Kind) {
	t.Run("serves, gives the environment, and stops", kind.testServes)
	t.Run("the error of a server that exits has its log", kind.testExits)
	t.Run("a server that never gets ready is given up", kind.testUnready)
	t.Run("a server that was not prepared is refused", kind.testUnprepared)
	t.Run("a canceled launch leaves nothing", kind.testCanceled)
	if kind.Fake {
		return
	}
	t.Run("a server that ignores SIGTERM is killed", kind.testStubborn)
	t.Run("usage counts CPU time and memory", kind.testUsage)
	t.Run("servers run on their CPUs", kind.testPinned)
}

func (k Kind) testServes(t *testing.T) {
	ctx := context.Background()
	s, err := k.launch(t, "good", bench.Launch{Env: map[string]string{"EXTRA": "yes"}})
	if err != nil {
		t.Fatal(err)
	}
	seen := environ(t, s)
	if seen.Extra != "yes" {
		t.Errorf("the trial's environment did not arrive: %+v", seen)
	}
	if k.Confined {
		if seen.UID != serverUID {
			t.Errorf("the server runs as user %d, want %d", seen.UID, serverUID)
		}
		if seen.Writable {
			t.Error("the server can write to its file system")
		}
		if limit := s.Placement().MemoryLimit; limit != serverMemory {
			t.Errorf("the memory limit is %d bytes, want %d", limit, serverMemory)
		}
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
	if !k.Fake && !strings.Contains(s.Log(), "listening") {
		t.Errorf("log is %q", s.Log())
	}
	if _, err := http.Get(s.URL() + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

func (k Kind) testExits(t *testing.T) {
	_, err := k.launch(t, "exits", bench.Launch{})
	var failed *target.Error
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "the configuration is missing") {
		t.Errorf("error is %v", err)
	}
}

func (k Kind) testUnready(t *testing.T) {
	_, err := k.launch(t, "unready", bench.Launch{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"did not answer /healthz", "503"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

func (k Kind) testUnprepared(t *testing.T) {
	if _, err := k.launcher(t).Launch(context.Background(), Server(t, "good"), bench.Launch{}); err == nil {
		t.Error("no error")
	}
}

func (k Kind) testCanceled(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	l := k.launcher(t)
	on := Server(t, "unready")
	if err := l.Prepare(context.Background(), on); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Launch(ctx, on, bench.Launch{}); err == nil {
		t.Error("no error")
	}
}

func (k Kind) testStubborn(t *testing.T) {
	ctx := context.Background()
	s, err := k.launch(t, "stubborn", bench.Launch{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(ctx); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("stop: %v", err)
	}
	if s.Alive(ctx) == nil {
		t.Error("it lives on")
	}
}

func (k Kind) testUsage(t *testing.T) {
	ctx := context.Background()
	s, err := k.launch(t, "good", bench.Launch{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop(ctx) }()
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
}

func (k Kind) testPinned(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("servers are pinned on Linux only")
	}
	allowed := cpuset.Allowed()
	last := allowed[len(allowed)-1:]
	s, err := k.launch(t, "good", bench.Launch{CPUs: last.String()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop(context.Background()) }()
	if seen := environ(t, s); !slices.Equal(seen.CPUs, last) {
		t.Errorf("the server sees CPUs %v, want %v", seen.CPUs, last)
	}
	if got := s.Placement().CPUs; got != last.String() {
		t.Errorf("the placement has CPUs %s, want %s", got, last)
	}
	if got := s.Placement().Warnings; len(got) > 0 {
		t.Errorf("the placement has warnings: %q", got)
	}
}

// launcher makes a launcher that is closed after the test.
func (k Kind) launcher(t *testing.T) bench.Launcher {
	t.Helper()
	l := k.New(t)
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

// launch prepares and launches the server in a mode, with a new launcher.
func (k Kind) launch(t *testing.T, mode string, how bench.Launch) (bench.Server, error) {
	t.Helper()
	l := k.launcher(t)
	on := Server(t, mode)
	if mode == "unready" {
		on.Ready.Duration = time.Second
	}
	if err := l.Prepare(context.Background(), on); err != nil {
		t.Fatal(err)
	}
	return l.Launch(context.Background(), on, how)
}

// environment is the answer of the server's /environ.
type environment struct {
	CPUs     []int
	UID      int
	Extra    string
	Writable bool
}

func environ(t *testing.T, s bench.Server) (e environment) {
	t.Helper()
	fetch(t, s.URL()+"/environ", &e)
	return e
}

// fetch decodes the JSON answer of a URL into the value, unless that is nil.
func fetch(t *testing.T, url string, into any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
}
