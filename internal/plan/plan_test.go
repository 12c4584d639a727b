package plan

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
)

var update = flag.Bool("update", false, "write the generated files anew")

const root = "../.."

// project loads the files of this repository, which must be right.
func project(t *testing.T) (*Catalogue, []bench.Scenario, bench.Guide) {
	t.Helper()
	c, err := LoadCatalogue(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	s, err := LoadScenarios(filepath.Join(root, "scenarios"), c)
	if err != nil {
		t.Fatal(err)
	}
	g, err := LoadGuide(filepath.Join(root, "claims", "codieshub-node-vs-python-2026.yaml"), c, s)
	if err != nil {
		t.Fatal(err)
	}
	return c, s, g
}

func TestProject(t *testing.T) {
	c, _, g := project(t)
	tiers := map[string]int{}
	for _, target := range c.Targets {
		if target.Production() {
			tiers[target.Tier+" "+target.Runtime]++
		}
		if target.Container.User == "" || !target.Container.ReadOnly ||
			!slices.Equal(target.Container.CapDrop, []string{"ALL"}) ||
			len(target.Container.SecurityOpt) == 0 {
			t.Errorf("%s is not confined: %+v", target.Name, target.Container)
		}
	}
	for _, tier := range []string{"bare", "mainstream", "modern"} {
		if tiers[tier+" node"] != 1 || tiers[tier+" python"] != 1 {
			t.Errorf("tier %s: %v", tier, tiers)
		}
	}
	if services := c.services(); !slices.Equal(services, []string{"postgres", "proxy", "upstream"}) {
		t.Errorf("services are %v", services)
	}
	if len(g.Claims) != 25 {
		t.Errorf("%d claims", len(g.Claims))
	}
}

func newPlan(t *testing.T, seed uint64) (*bench.Plan, string) {
	t.Helper()
	c, s, g := project(t)
	p, err := New(Choice{Profile: "demo", Runner: "process", Seed: seed, Cores: []cpuset.Set{{0}, {1}}}, c, s, g)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, Hash(encoded)
}

func TestSameSeedSamePlan(t *testing.T) {
	_, a := newPlan(t, 7)
	_, b := newPlan(t, 7)
	_, c := newPlan(t, 8)
	if a != b {
		t.Error("the same seed gives two plans")
	}
	if a == c {
		t.Error("two seeds give the same plan")
	}
}

// A run has its A/A arm and, for evidence, its positive control, whatever was chosen.
func TestGuards(t *testing.T) {
	c, s, g := project(t)
	for _, choice := range []Choice{
		{Profile: "quick"}, {Profile: "evidence"}, {Profile: "ci", Scenarios: []string{"json"}},
		{Profile: "ci", Targets: []string{"node-fastify", "python-fastapi"}}, {Profile: "ci", Scenarios: []string{"start", "json"}, Targets: []string{"python-flask"}},
		{Profile: "ci", Scenarios: []string{"compute"}}, {Profile: "quick", Scenarios: []string{"room", "workers"}},
	} {
		choice.Runner, choice.Seed, choice.Cores = "process", 1, []cpuset.Set{{0}, {1}}
		p, err := New(choice, c, s, g)
		if err != nil {
			t.Fatal(err)
		}
		twins, controls := map[string]bool{}, map[string]bool{}
		for _, trial := range p.Trials {
			if on, _ := p.Target(trial.Target); on.TwinOf != "" {
				twins[trial.Scenario] = true
			}
			scenario, _ := p.Scenario(trial.Scenario)
			if slices.ContainsFunc(scenario.Levels, func(l bench.Level) bool { return l.ControlOf != "" }) {
				controls[trial.Scenario] = true
			}
		}
		if len(twins) != 1 || p.Profile.Evidence && len(controls) != 1 {
			t.Errorf("%+v: twins in %v, controls in %v", choice, twins, controls)
		}
	}
}

func TestRoundsAreWholeAndShuffled(t *testing.T) {
	p, _ := newPlan(t, 7)
	orders := map[string]bool{}
	for round := 1; round <= p.Profile.Rounds; round++ {
		var order []string
		for _, trial := range p.Trials {
			if trial.Round == round {
				order = append(order, trial.Arm())
			}
		}
		orders[strings.Join(order, " ")] = true
		slices.Sort(order)
		if len(order) != 15 || len(slices.Compact(order)) != 15 {
			t.Errorf("round %d has %d arms, want each of 15 once", round, len(order))
		}
	}
	if len(orders) != p.Profile.Rounds {
		t.Errorf("%d rounds have %d orders", p.Profile.Rounds, len(orders))
	}
	for i, trial := range p.Trials {
		if trial.N != i+1 {
			t.Fatalf("trial %d has number %d", i+1, trial.N)
		}
	}
	if p.CPUs != (bench.CPUs{Generator: "0", Target: "1"}) {
		t.Errorf("CPUs are %+v", p.CPUs)
	}
}

// Within a round both sides of a comparison meet the same arrivals; another
// round has others.
func TestArrivalsArePaired(t *testing.T) {
	p, _ := newPlan(t, 7)
	seeds := map[string]map[int]uint64{} // target, round
	for _, trial := range p.Trials {
		if trial.Scenario != "json" {
			continue
		}
		if seeds[trial.Target] == nil {
			seeds[trial.Target] = map[int]uint64{}
		}
		seeds[trial.Target][trial.Round] = trial.Phases[1].Schedule.Seed
	}
	node, python := seeds["node-http"], seeds["python-asgi"]
	for round := range node {
		if node[round] != python[round] {
			t.Errorf("round %d: seeds %d and %d", round, node[round], python[round])
		}
	}
	if node[1] == node[2] {
		t.Error("two rounds have the same arrivals")
	}
}

func TestUnknownChoices(t *testing.T) {
	c, s, g := project(t)
	for want, choice := range map[string]Choice{
		`unknown profile "quik"; did you mean "quick"?`:              {Profile: "quik"},
		`unknown scenario "jsn"; did you mean "json"?`:               {Profile: "demo", Scenarios: []string{"jsn"}},
		`unknown server "node-exprss"; did you mean "node-express"?`: {Profile: "demo", Targets: []string{"node-exprss"}},
	} {
		if _, err := New(choice, c, s, g); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

const goodScenario = `name: s
why: because
workload:
  driver: http
  path: /json
  expect: {status: 200}
measure: [latency, throughput]
rates: [100/s]
`

func TestScenarioMistakes(t *testing.T) {
	if _, err := parseScenario("s.yaml", []byte(goodScenario), &Catalogue{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"why: because", "wyh: because", `s.yaml:2:1: wyh: unknown field; did you mean "why"?`},
		{"path: /json", "pth: /json", `s.yaml:5:3: workload.pth: unknown field; did you mean "path"?`},
		{"name: s", "name: t", `s.yaml:1:7: name: is "t", but the file is named "s"`},
		{"driver: http", "driver: htp", `s.yaml:4:11: workload.driver: unknown "htp"; did you mean "http"?`},
		{"latency, throughput", "latencies", `s.yaml:7:11: measure[0]: unknown "latencies"; did you mean "latency"?`},
		{"[100/s]", "[-5/s]", `s.yaml:8:9: rates[0]: rate "-5/s" must be positive`},
		{"[100/s]", "[fast]", `s.yaml:8:9: rates[0]: "fast" is not a rate; write requests per second, such as 200/s`},
		{"rates: [100/s]", "connections: 5", `s.yaml: rates: latency and delivery are measured at common rates; give at least one`},
		{"path: /json", "timeout: \"10\"\n  path: /json", `s.yaml:5:12: workload.timeout: "10" is not a duration; write a number with a unit, such as 10s or 250ms`},
		{"path: /json", "path: json", `s.yaml:5:9: workload.path: "json" must start with /`},
		{"status: 200", "status: ok", `s.yaml:6:20: workload.expect.status: want a whole number, have text`},
		{"status: 200", "status: 99", `s.yaml:6:20: workload.expect.status: give the HTTP status of a good answer`},
		{"rates: [100/s]", "rates: [100/s]\nneeds: [postgres]", `s.yaml:9:9: needs[0]: unknown "postgres"; did you mean`},
		{"rates: [100/s]", "rates: [100/s]\nrates: [1/s]", `s.yaml:9:1: mapping key "rates" already defined at [8:1]`},
		{"[100/s]", "[100/s, 5/s, 100/s]", `s.yaml:8:21: rates[2]: 100/s is listed twice`},
		{"rates: [100/s]", "rates: [100/s]\nvariants: [{WORKERS: 1}, {WORKERS: 1}]", `s.yaml:9:26: variants[1]: WORKERS=1 is listed twice`},
		{"rates: [100/s]", "rates: [100/s]\nslo: {errors: 1%}", `s.yaml:9:1: slo: give both p99 and errors`},
		{"rates: [100/s]", "rates: [100/s", `s.yaml:8:8: sequence end token ']' not found`},
		{"rates: [100/s]", "rates: [100/s]\n---\nname: x", `s.yaml: want one YAML document, have 2`},
	} {
		text := strings.Replace(goodScenario, c.old, c.new, 1)
		_, err := parseScenario(
			"s.yaml",
			[]byte(text),
			&Catalogue{Services: []bench.Service{{Target: bench.Target{Name: "upstream"}}}},
		)
		if err == nil || !strings.HasPrefix(err.Error(), strings.TrimSuffix(c.want, "; did you mean")) {
			t.Errorf("%q for %q:\n got %v\nwant %s", c.new, c.old, err, c.want)
		}
	}
}

const goodGuide = `name: g
title: T
author: A
published: 2026-04-14
claims:
  - id: one
    quotes: [{quote: "Q", section: S}]
    tests:
      - {scenario: json, metric: p50, of: node, to: python, expect: lower, margin: 10%}
`

func TestGuideMistakes(t *testing.T) {
	c, s, _ := project(t)
	if _, err := parseGuide("g.yaml", []byte(goodGuide), c, s); err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct{ old, new, want string }{
		{"metric: p50", "metric: p59", `g.yaml:9:34: claims[0].tests[0].metric: unknown "p59"; did you mean "p50"?`},
		{"scenario: json", "scenario: jsno", `g.yaml:9:20: claims[0].tests[0].scenario: unknown "jsno"; did you mean "json"?`},
		{"scenario: json", "scenario: compute", `g.yaml:9:37: claims[0].tests[0].metric: p50 comes from latency, which scenario compute does not measure`},
		{"to: python", "to: node", `g.yaml:9:53: claims[0].tests[0].to: compares "node" with itself`},
		{"of: node, to: python", "of: node-http, to: node", `g.yaml:9:58: claims[0].tests[0].to: compares "node-http" with itself`},
		{"of: node", "of: nod", `g.yaml:9:43: claims[0].tests[0].of: unknown "nod"; did you mean "node"?`},
		{"expect: lower", "expect: less", `g.yaml:9:69: claims[0].tests[0].expect: unknown "less"; valid names are higher, lower`},
		{"margin: 10%", "margin: 10", `g.yaml:9:84: claims[0].tests[0].margin: "10" is not a percentage; write a number with a percent sign, such as 10%`},
		{"margin: 10%", "tiers: [modrn]", `g.yaml:9:84: claims[0].tests[0].tiers[0]: unknown "modrn"; did you mean "modern"?`},
		{"margin: 10%", "variant: {WORKERS: 2}", `g.yaml:9:76: claims[0].tests[0].variant: scenario json has no variant WORKERS=2`},
		{"margin: 10%", "at_most: 2", `g.yaml:9:9: claims[0].tests[0]: a test with at_most or at_least is a bound`},
		{", to: python, expect: lower, margin: 10%", ", at_most: -1", `g.yaml:9:9: claims[0].tests[0]: a bound must be positive`},
		{", to: python", "", `g.yaml:9:9: claims[0].tests[0]: give to and expect, or a bound`},
		{"published: 2026-04-14", "published: April", `g.yaml:4:12: published: "April" is not a date; write YYYY-MM-DD`},
		{"quotes: [{quote: \"Q\", section: S}]", "quotes: []", `g.yaml:6:7: claims[0]: claim "one" has no quote`},
		{"    tests:\n      - {scenario: json, metric: p50, of: node, to: python, expect: lower, margin: 10%}\n", "", `claim "one" has no test; give the reason under untested`},
	} {
		text := strings.Replace(goodGuide, m.old, m.new, 1)
		_, err := parseGuide("g.yaml", []byte(text), c, s)
		if err == nil || !strings.Contains(err.Error(), m.want) {
			t.Errorf("%q for %q:\n got %v\nwant %s", m.new, m.old, err, m.want)
		}
	}
}

func TestCatalogueMistakes(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(root, ComposeFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct{ old, new, want string }{
		{"framework: express", "framwork: express", `unknown field; did you mean "framework"?`},
		{"tier: mainstream", "tier: [mainstream]", "services.node-express.x-bench"},
		{"command: [\"node\", \"express/server.js\"]", "comand: [\"node\"]", "services.node-express"},
		{"framework: express", "framework: \"\"", "give runtime, framework and tier"},
		{"command: [\"node\", \"express/server.js\"]", "command: [\"node\", \"express/server.js\"]\n    entrypoint: [\"sh\"]", "services.node-express.entrypoint: bench does not apply this field"},
		{"version: [\"node\"", "verison: [\"node\"", `services.node-express.x-bench: json: unknown field "verison"`}, // in an anchor
		{"locks: [\"package.json\"", "locks: [\"pakage.json\"", "targets/node has no file pakage.json"},
	} {
		dir := t.TempDir()
		if err := os.Symlink(must(filepath.Abs(filepath.Join(root, "targets"))), filepath.Join(dir, "targets")); err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(good), m.old, m.new, 1)
		if text == string(good) {
			t.Fatalf("%q is not in the file", m.old)
		}
		if err := os.WriteFile(filepath.Join(dir, ComposeFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := LoadCatalogue(context.Background(), dir)
		if err == nil || !strings.Contains(err.Error(), m.want) || !strings.Contains(err.Error(), ComposeFile+":") {
			t.Errorf("%q for %q:\n got %v\nwant %s", m.new, m.old, err, m.want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodScenario))
	f.Add([]byte("a: &x {b: *x}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parseScenario("s.yaml", data, &Catalogue{}) // must not panic
	})
}

// What .env beside the file says holds, as in Compose; what the environment says, more.
func TestDotEnv(t *testing.T) {
	good := must(os.ReadFile(filepath.Join(root, ComposeFile)))
	dir := t.TempDir()
	for name, data := range map[string][]byte{ComposeFile: good, ".env": []byte("NODE_IMAGE=mine:1\nPYTHON_IMAGE=mine:2\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(must(filepath.Abs(filepath.Join(root, "targets"))), filepath.Join(dir, "targets")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHON_IMAGE", "theirs:2")
	os.Unsetenv("NODE_IMAGE")
	c, err := LoadCatalogue(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range c.Targets {
		want := map[string]string{"node": "mine:1", "python": "theirs:2"}[target.Runtime]
		if got := target.BuildArgs["BASE"]; got != want && target.Optional == "" {
			t.Errorf("%s is built from %q, want %q", target.Name, got, want)
		}
	}
}

func TestExpand(t *testing.T) {
	for cpus, want := range map[int]string{1: "1", 2: "1 2", 4: "1 2 3 4", 6: "1 2 3 4 5 6", 16: "1 4 7 10 13 16"} {
		var got []string
		for _, v := range expand(bench.Variant{"WORKERS": "1..cpus", "OTHER": "x"}, cpus) {
			got = append(got, v["WORKERS"])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d CPUs make workers %v, want %s", cpus, got, want)
		}
	}
}

// What a scenario needs decides its place: CPUs of its own, shared ones, or none.
func TestCPUs(t *testing.T) {
	c, s, g := project(t)
	for cores, want := range map[int]struct {
		shared bool
		cpus   string
		skip   string
	}{1: {skip: "needs 2 CPUs"}, 2: {shared: true, cpus: "0-1"}, 4: {cpus: "2-3"}} {
		var list []cpuset.Set
		for cpu := range cores {
			list = append(list, cpuset.Set{cpu})
		}
		p, err := New(
			Choice{Profile: "quick", Runner: "process", Cores: list, Scenarios: []string{"workers", "json"}},
			c,
			s,
			g,
		)
		if err != nil {
			t.Fatal(err)
		}
		if p.Skipped["workers"] != want.skip {
			t.Errorf("%d cores: skipped is %v", cores, p.Skipped)
		}
		for _, trial := range p.Trials {
			if trial.Scenario == "workers" && (trial.Shared != want.shared || trial.CPUs != want.cpus) {
				t.Errorf("%d cores: workers run on %q, shared %t", cores, trial.CPUs, trial.Shared)
			}
			if trial.Scenario == "json" && trial.Shared {
				t.Errorf("%d cores: json shares CPUs", cores)
			}
		}
	}
}
