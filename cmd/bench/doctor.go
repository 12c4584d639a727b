package main

import (
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/runner"
	"github.com/claimbench/claimbench/internal/target"
	"github.com/claimbench/claimbench/internal/text"
	"github.com/claimbench/claimbench/internal/wire"
)

// finding is one thing that doctor looked at.
type finding struct {
	Name  string `json:"name"`
	State string `json:"state"` // "ok", "warn" or "bad"
	Found string `json:"found"`
	Means string `json:"means,omitempty"` // for what can be shown here
}

func newDoctor(p *project) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what this machine can and cannot show",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := p.load(cmd.Context()); err != nil {
				return err
			}
			found := examine(cmd, p)
			if asJSON {
				return text.WriteJSON(cmd.OutOrStdout(), found)
			}
			show(cmd.OutOrStdout(), found)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func show(w io.Writer, found []finding) {
	sign := map[string]string{"ok": "✓", "warn": "!", "bad": "✗"}
	for _, f := range found {
		fmt.Fprintf(w, "%s %s: %s\n", sign[f.State], f.Name, f.Found)
		if f.Means != "" {
			fmt.Fprintf(w, "    %s\n", f.Means)
		}
	}
}

func examine(cmd *cobra.Command, p *project) []finding {
	ctx := cmd.Context()
	m := runner.Machine(ctx)
	found := []finding{
		{"system", "ok", strings.TrimSpace(fmt.Sprintf("%s, %s, kernel %s", m.OS, m.Arch, m.Kernel)), ""},
		clock(),
		cpus(m),
	}
	if m.Virtual != "" {
		found = append(found, finding{"virtualization", "warn", m.Virtual, "a neighbour may take time from this machine; compare within a run, not between runs"})
	}
	if m.Governor != "" && m.Governor != "performance" {
		found = append(found, finding{"frequency governor", "warn", m.Governor, "clock speed follows load; set it to performance for evidence"})
	}
	if engine, err := target.DockerAnswers(ctx); err != nil {
		found = append(found, finding{"docker", "warn", "no engine answers", "--runner auto runs servers as plain processes"})
	} else {
		found = append(found, finding{"docker", "ok", engine, ""})
	}
	found = append(found, runtimes(p)...)
	return append(found, untestable(p)...)
}

// untestable are the scenarios and targets that this machine cannot put on trial.
func untestable(p *project) (found []finding) {
	made, err := plan.New(plan.Choice{Profile: "evidence", Runner: "process", Cores: cpuset.Allowed().Cores()}, p.catalogue, p.scenarios, bench.Guide{})
	if err != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(made.Skipped)) {
		found = append(found, finding{"scenario " + name, "warn", made.Skipped[name], "its cells are not tested"})
	}
	shared := map[string]bool{}
	for _, t := range made.Trials {
		if t.Shared {
			shared[t.Scenario] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shared)) {
		found = append(found, finding{"scenario " + name, "warn", "servers share the generator's CPUs", fmt.Sprintf("its phases are void where the generator uses more than %.0f%% of them", 100*bench.SharedGenerator)})
	}
	for _, t := range p.catalogue.Targets {
		if t.Optional == "" || len(t.Version) == 0 {
			continue
		}
		if _, err := exec.LookPath(t.Version[0]); err != nil {
			found = append(found, finding{t.Name, "warn", t.Version[0] + " is not on PATH", "needs " + t.Optional + ": as a process it is not tested"})
		}
	}
	return found
}

func clock() finding {
	if wire.KernelClock() {
		return finding{"clock", "ok", bench.ClockKernel, "bench calibrate shows how true its figures are here"}
	}
	return finding{"clock", "warn", bench.ClockUser, "the end of a request is read when the program wakes, so fast servers look slower than they are"}
}

func cpus(m bench.Environment) finding {
	allowed := cpuset.Allowed()
	generator, servers, shared := cpuset.Split(allowed.Cores())
	f := finding{"CPUs", "ok", fmt.Sprintf("%d of %d may be used (%s)", len(allowed), m.CPUs, m.CPU), ""}
	switch {
	case len(servers) == 0:
		f.State, f.Means = "bad", "servers and load generator would share one CPU: nothing measured here is evidence"
	case shared:
		f.State, f.Means = "bad", fmt.Sprintf("generator on %s, servers on %s: hardware threads of one core, so nothing measured here is evidence", generator, servers)
	case len(servers) < 4:
		f.State, f.Means = "warn", fmt.Sprintf("generator on %s, servers on %s; too few for scaling over 4 workers", generator, servers)
	default:
		f.Means = fmt.Sprintf("generator on %s, servers on %s", generator, servers)
	}
	return f
}

// runtimes looks for what the process launcher needs.
func runtimes(p *project) []finding {
	var found []finding
	seen := map[string]bool{}
	for _, t := range p.catalogue.Targets {
		if len(t.Version) == 0 || seen[t.Runtime] || t.Optional != "" {
			continue
		}
		seen[t.Runtime] = true
		out, err := exec.Command(t.Version[0], t.Version[1:]...).CombinedOutput()
		if err != nil {
			found = append(found, finding{t.Runtime, "warn", t.Version[0] + " is not on PATH", "its servers run in Docker only"})
			continue
		}
		found = append(found, finding{t.Runtime, "ok", strings.TrimSpace(string(out)), ""})
	}
	return found
}
