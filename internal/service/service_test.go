package service_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/service"
	"github.com/claimbench/claimbench/internal/target"
)

const root = "../.."

// start starts the named services of this project as processes.
func start(t *testing.T, names ...string) (*service.Services, []bench.Service) {
	t.Helper()
	c, err := plan.LoadCatalogue(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	var list []bench.Service
	for _, s := range c.Services {
		for _, name := range names {
			if s.Name == name {
				list = append(list, s)
			}
		}
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	s, err := service.Start(context.Background(), service.Config{
		Launcher: &target.Process{Root: absolute, Cache: t.TempDir()},
		Services: list,
		Progress: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	for _, name := range names {
		why := s.Missing(name)
		absent := strings.Contains(why, "on this machine")
		switch {
		case absent && os.Getenv("CLAIMBENCH_REQUIRE_DOCKER") == "":
			t.Skipf("SKIPPED: %s is not tested: %s", name, why)
		case why != "":
			t.Fatalf("%s: %s", name, why)
		}
	}
	return s, list
}

// A real PostgreSQL: Env has its address, only the queries of targets are counted, and Ensure
// starts it again after it died.
func TestPostgres(t *testing.T) {
	ctx := context.Background()
	s, _ := start(t, "postgres")
	ask := func() {
		t.Helper()
		conn, err := pgx.Connect(ctx, s.Env()["DATABASE_URL"])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		var name string
		for range 3 {
			err := conn.QueryRow(ctx, "SELECT name FROM items WHERE id = $1", 7).Scan(&name)
			if err != nil || name != "Item 7" {
				t.Fatalf("item 7 is %q, %v", name, err)
			}
		}
		if _, err := conn.Exec(ctx, "UPDATE items SET stock = stock + 1 WHERE id = 7"); err != nil {
			t.Fatal(err)
		}
	}
	calls := func() uint64 {
		t.Helper()
		n, err := s.Calls(ctx, []string{"postgres"})
		if err != nil {
			t.Fatal(err)
		}
		return n["postgres"]
	}
	before := calls()
	ask()
	if n := calls() - before; n != 4 {
		t.Errorf("%d queries were counted, want 4", n)
	}
	if s.CPU(ctx, []string{"postgres"})["postgres"] <= 0 {
		t.Error("it used no CPU time")
	}
	if err := exec.Command("pkill", "-KILL", "-P", strconv.Itoa(child(t))).Run(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for s.Alive(ctx, []string{"postgres"}) == nil {
		if time.Now().After(deadline) {
			t.Fatal("it is alive after it was killed")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := s.Ensure(ctx, []string{"postgres"}); err != nil {
		t.Fatal(err)
	}
	ask()
	if err := s.Alive(ctx, []string{"postgres"}); err != nil {
		t.Error(err)
	}
}

// child returns the id of the process that this test launched.
func child(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(os.Getpid()), "-f", "start.sh").Output()
	if err != nil {
		t.Fatalf("no process of this test runs start.sh: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// A real proxy: each replica behind it gets its share.
func TestProxy(t *testing.T) {
	ctx := context.Background()
	s, _ := start(t, "proxy")
	var backends []string
	served := map[string]int{}
	for _, name := range []string{"a", "b"} {
		answer := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }
		replica := httptest.NewServer(http.HandlerFunc(answer))
		t.Cleanup(replica.Close)
		backends = append(backends, replica.Listener.Addr().String())
	}
	front, ok, err := s.Front(ctx, []string{"proxy"}, backends)
	if err != nil || !ok {
		t.Fatalf("front: %t, %v", ok, err)
	}
	defer func() {
		if err := front.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	for range 20 {
		resp, err := http.Get(front.URL())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		served[string(body)]++
	}
	if served["a"] != 10 || served["b"] != 10 {
		t.Errorf("served %v, want ten each", served)
	}
	if _, ok, _ := s.Front(ctx, []string{"postgres"}, backends); ok {
		t.Error("a database was started as a proxy")
	}
}
