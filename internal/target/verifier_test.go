package target_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/reference"
	"github.com/claimbench/claimbench/internal/target"
	"github.com/claimbench/claimbench/internal/target/targettest"
)

func scenarios() []bench.Scenario {
	scenario := func(name, path string, calls map[string]int, json map[string]any) bench.Scenario {
		return bench.Scenario{
			Name:     name,
			Variants: []bench.Variant{{}},
			Targets:  []string{"a-good", "b-good", "suspect"},
			Workload: bench.Workload{
				Driver:  bench.DriverHTTP,
				Method:  "GET",
				Path:    path,
				Timeout: bench.Duration{Duration: 2 * time.Second},
				Expect:  bench.Expect{Status: 200, JSON: json, Calls: calls},
			},
		}
	}
	return []bench.Scenario{
		scenario("json", "/json", nil, map[string]any{"ok": true}),
		scenario("wait", "/upstream?ms=5", map[string]int{"upstream": 1}, map[string]any{"waited_ms": uint64(5)}),
	}
}

// verify checks two good servers and one in the given mode.
func verify(t *testing.T, l bench.Launcher, mode string) *target.Conformance {
	t.Helper()
	upstream, err := reference.NewUpstream("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = upstream.Close() }()
	var targets []bench.Target
	for name, m := range map[string]string{"a-good": "good", "b-good": "good", "suspect": mode} {
		on := targettest.Server(t, m)
		on.Name = name
		if err := l.Prepare(context.Background(), on); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, on)
	}
	upstreamURL := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(upstream.Port()))
	v := target.Verifier{
		Launcher: l,
		Upstream: upstream,
		Own:      []string{"upstream"},
		Launch:   bench.Launch{Env: map[string]string{"UPSTREAM_URL": upstreamURL}},
		Calls: func(context.Context, []string) (map[string]uint64, error) {
			return map[string]uint64{"upstream": upstream.Calls()}, nil
		},
		Ensure: func(context.Context, []string) error { return nil },
		Lacks:  func(bench.Scenario, bench.Level) string { return "" },
	}
	c, err := v.Verify(context.Background(), targets, scenarios())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// breach is a problem that Verify must find if a server is in the mode: at the arm, "" for none.
type breach struct{ mode, arm, problem string }

var breaches = []breach{
	{"good", "", ""},
	{"exits", "json/suspect", "exited: exit status 1"},
	{"says-500", "json/suspect", "status 500, want 200"},
	{"wrong-body", "json/suspect", `differs from that of the other servers at byte 20: ` +
		`"{\"ok\":true,\"value\":\"b\"}" instead of "{\"ok\":true,\"value\":\"a\"}"`},
	{"hangs", "json/suspect", "no answer within 2s"},
	{"no-length", "json/suspect", "no content-length"},
	{"no-calls", "wait/suspect", "called the upstream 0 times, not 1"},
}

func check(t *testing.T, c *target.Conformance, b breach) {
	t.Helper()
	for cell, found := range c.Problems {
		if !strings.Contains(cell.Arm, "suspect") {
			t.Errorf("a good server is excluded: %s: %s", cell, found)
		}
	}
	for _, scenario := range []string{"json", "wait"} {
		if sum := c.Bodies[target.Question{Scenario: scenario}]; len(sum) != 64 {
			t.Errorf("the agreed body of %s is %q", scenario, sum)
		}
	}
	switch found, ok := c.Problems[bench.Cell{Arm: b.arm}]; {
	case b.arm == "" && len(c.Problems) > 0:
		t.Errorf("problems: %v", c.Problems)
	case b.arm != "" && (!ok || !strings.Contains(found, b.problem)):
		t.Errorf("problems are %v, want at %s: %s", c.Problems, b.arm, b.problem)
	}
}

func TestVerifyFindsEachBreach(t *testing.T) {
	for _, b := range breaches {
		t.Run(b.mode, func(t *testing.T) { check(t, verify(t, &targettest.Fake{}, b.mode), b) })
	}
}

// Real processes can break the contract in ways that a fake cannot.
func TestVerifyProcesses(t *testing.T) {
	for _, b := range append(breaches[:2:2], []breach{
		{"no-drain", "wait/suspect", "SIGTERM does not drain"},
		{"wrong-body", "json/suspect", "differs"},
	}...) {
		t.Run(b.mode, func(t *testing.T) {
			p := &target.Process{Root: targettest.Root(), Cache: t.TempDir()}
			check(t, verify(t, p, b.mode), b)
		})
	}
}
