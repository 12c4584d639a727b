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

var update = flag.Bool("update", false, "write the generated files again")

const root = "../.."

// project loads the files of this repository. They must have no mistake.
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
		if target.Container.User == "" {
			t.Errorf("%s has no user", target.Name)
		}
		if !target.Container.ReadOnly {
			t.Errorf("%s can write to its file system", target.Name)
		}
		if got := target.Container.CapDrop; !slices.Equal(got, []string{"ALL"}) {
			t.Errorf("%s drops the capabilities %q, want ALL", target.Name, got)
		}
		if len(target.Container.SecurityOpt) == 0 {
			t.Errorf("%s has no security options", target.Name)
		}
	}
	for _, tier := range []string{"bare", "mainstream", "modern"} {
		for _, runtime := range []string{"node", "python"} {
			if n := tiers[tier+" "+runtime]; n != 1 {
				t.Errorf("tier %s has %d servers of %s, want 1", tier, n, runtime)
			}
		}
	}
	if services := c.services(); !slices.Equal(services, []string{"postgres", "proxy", "upstream"}) {
		t.Errorf("services are %v", services)
	}
	if len(g.Claims) != 25 {
		t.Errorf("%d claims, want 25", len(g.Claims))
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

// A run has its twin and, for evidence, its positive control, whatever was chosen.
func TestTwinsAndControls(t *testing.T) {
	c, s, g := project(t)
	for name, choice := range map[string]Choice{
		"quick":            {Profile: "quick"},
		"evidence":         {Profile: "evidence"},
		"one scenario":     {Profile: "ci", Scenarios: []string{"json"}},
		"two servers":      {Profile: "ci", Targets: []string{"node-fastify", "python-fastapi"}},
		"one server":       {Profile: "ci", Scenarios: []string{"start", "json"}, Targets: []string{"python-flask"}},
		"the control only": {Profile: "ci", Scenarios: []string{"compute"}},
		"no HTTP":          {Profile: "quick", Scenarios: []string{"room", "workers"}},
	} {
		t.Run(name, func(t *testing.T) {
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
			if len(twins) != 1 {
				t.Errorf("the scenarios with a twin are %v, want one", twins)
			}
			if p.Profile.Evidence && len(controls) != 1 {
				t.Errorf("the scenarios with a control are %v, want one", controls)
			}
		})
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
		if len(order) != 15 {
			t.Errorf("round %d has %d trials, want 15", round, len(order))
		}
		if n := len(slices.Compact(order)); n != 15 {
			t.Errorf("round %d has %d arms, want 15", round, n)
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

// Within a round, both servers of a comparison get the same arrivals. Another round has others.
func TestArrivalsArePaired(t *testing.T) {
	p, _ := newPlan(t, 7)
	seeds := map[string]map[int]uint64{} // by server and round
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

// copyProject makes a folder with the targets of this repository and the files.
func copyProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	targets, err := filepath.Abs(filepath.Join(root, "targets"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(targets, filepath.Join(dir, "targets")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Variables come from .env next to the file, as in Compose. The environment overrides it.
func TestDotEnv(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(root, ComposeFile))
	if err != nil {
		t.Fatal(err)
	}
	dir := copyProject(t, map[string]string{
		ComposeFile: string(good),
		".env":      "NODE_IMAGE=mine:1\nPYTHON_IMAGE=mine:2\n",
	})
	t.Setenv("PYTHON_IMAGE", "theirs:2")
	t.Setenv("NODE_IMAGE", "") // restores it after the test
	if err := os.Unsetenv("NODE_IMAGE"); err != nil {
		t.Fatal(err)
	}
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

// The needs of a scenario decide whether its servers get separate CPUs, shared ones, or none.
func TestCPUs(t *testing.T) {
	c, s, g := project(t)
	for cores, want := range map[int]struct {
		shared bool
		cpus   string
		skip   string
	}{
		1: {skip: "needs 2 CPUs"},
		2: {shared: true, cpus: "0-1"},
		4: {cpus: "2-3"},
	} {
		var list []cpuset.Set
		for cpu := range cores {
			list = append(list, cpuset.Set{cpu})
		}
		choice := Choice{Profile: "quick", Runner: "process", Cores: list, Scenarios: []string{"workers", "json"}}
		p, err := New(choice, c, s, g)
		if err != nil {
			t.Fatal(err)
		}
		if p.Skipped["workers"] != want.skip {
			t.Errorf("%d cores: skipped is %v", cores, p.Skipped)
		}
		for _, trial := range p.Trials {
			if trial.Scenario == "workers" && trial.CPUs != want.cpus {
				t.Errorf("%d cores: workers run on %q, want %q", cores, trial.CPUs, want.cpus)
			}
			if trial.Scenario == "workers" && trial.Shared != want.shared {
				t.Errorf("%d cores: workers share their CPUs: %t, want %t", cores, trial.Shared, want.shared)
			}
			if trial.Scenario == "json" && trial.Shared {
				t.Errorf("%d cores: json shares CPUs", cores)
			}
		}
	}
}
