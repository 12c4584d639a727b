package main

import (
	"context"
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

func newDoctor(g *globalOptions) *cobra.Command {
	o := &doctorOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "doctor",
		Short: "Report what this machine can and cannot measure",
		Long: `doctor examines the machine: its CPUs, clock, virtualization, Docker, and the runtimes of the
servers. For each limit it says what the limit means for a run. It changes nothing, and a limit does
not change the exit status.`,
		Example: "  bench doctor\n  bench doctor --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}, statusDone, statusError, statusInput)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	global *globalOptions
	asJSON bool
}

func (o *doctorOptions) run(cmd *cobra.Command) error {
	p := &o.global.project
	if _, err := p.load(cmd.Context()); err != nil {
		return err
	}
	found := examine(cmd.Context(), p)
	if o.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(), found)
	}
	return printFindings(cmd.OutOrStdout(), found)
}

// finding is one thing that doctor examined.
type finding struct {
	Name  string `json:"name"`
	State string `json:"state"` // ok, warn or bad
	Found string `json:"found"`
	Means string `json:"means,omitempty"` // for what a run can show here
}

// States of a finding.
const (
	stateOK   = "ok"
	stateWarn = "warn"
	stateBad  = "bad"
)

func printFindings(w io.Writer, found []finding) error {
	sign := map[string]string{stateOK: "✓", stateWarn: "!", stateBad: "✗"}
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s %s: %s\n", sign[f.State], f.Name, f.Found)
		if f.Means != "" {
			fmt.Fprintf(&b, "    %s\n", f.Means)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func examine(ctx context.Context, p *project) []finding {
	m := runner.Machine(ctx)
	system := strings.TrimSpace(fmt.Sprintf("%s, %s, kernel %s", m.OS, m.Arch, m.Kernel))
	found := []finding{{Name: "system", State: stateOK, Found: system}, clock(), cpus(m)}
	if m.Virtual != "" {
		found = append(found, finding{
			Name:  "virtualization",
			State: stateWarn,
			Found: m.Virtual,
			Means: "a neighbor may take CPU time from this machine; compare within a run, not between runs",
		})
	}
	if m.Governor != "" && m.Governor != "performance" {
		found = append(found, finding{
			Name:  "frequency governor",
			State: stateWarn,
			Found: m.Governor,
			Means: "the clock speed follows the load; set the governor to performance for evidence",
		})
	}
	found = append(found, docker(ctx))
	found = append(found, runtimes(p)...)
	found = append(found, untestable(p)...)
	return append(found, missingServers(p)...)
}

func docker(ctx context.Context) finding {
	engine, err := target.DockerAnswers(ctx)
	if err != nil {
		return finding{
			Name:  "docker",
			State: stateWarn,
			Found: "no engine answers",
			Means: "--runner auto starts servers as plain processes",
		}
	}
	return finding{Name: "docker", State: stateOK, Found: engine}
}

// untestable returns the scenarios that this machine cannot measure, or not well.
func untestable(p *project) (found []finding) {
	choice := plan.Choice{Profile: "evidence", Runner: runnerProcess, Cores: cpuset.Allowed().Cores()}
	made, err := plan.New(choice, p.catalogue, p.scenarios, bench.Guide{})
	if err != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(made.Skipped)) {
		found = append(found, finding{
			Name:  "scenario " + name,
			State: stateWarn,
			Found: made.Skipped[name],
			Means: "a run does not test it",
		})
	}
	shared := map[string]bool{}
	for _, t := range made.Trials {
		if t.Shared {
			shared[t.Scenario] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shared)) {
		found = append(found, finding{
			Name:  "scenario " + name,
			State: stateWarn,
			Found: "servers share the load generator's CPUs",
			Means: fmt.Sprintf("a phase is void if the load generator uses more than %.0f%% of these CPUs",
				100*bench.SharedGenerator),
		})
	}
	return found
}

// missingServers returns the optional servers that this machine cannot start as processes.
func missingServers(p *project) (found []finding) {
	for _, t := range p.catalogue.Targets {
		if t.Optional == "" || len(t.Version) == 0 {
			continue
		}
		if _, err := exec.LookPath(t.Version[0]); err != nil {
			found = append(found, finding{
				Name:  t.Name,
				State: stateWarn,
				Found: t.Version[0] + " is not on PATH",
				Means: "needs " + t.Optional + "; as a process, this server is not tested",
			})
		}
	}
	return found
}

func clock() finding {
	if wire.KernelClock() {
		return finding{
			Name:  "clock",
			State: stateOK,
			Found: bench.ClockKernel,
			Means: "bench calibrate shows how accurate its times are on this machine",
		}
	}
	return finding{
		Name:  "clock",
		State: stateWarn,
		Found: bench.ClockUser,
		Means: "the end of a request is read when the program wakes, so fast servers look slower than they are",
	}
}

// workersOfScaling is the largest number of workers in the scaling scenarios.
const workersOfScaling = 4

func cpus(m bench.Environment) finding {
	allowed := cpuset.Allowed()
	generator, servers, shared := cpuset.Split(allowed.Cores())
	placement := fmt.Sprintf("load generator on %s, servers on %s", generator, servers)
	f := finding{
		Name:  "CPUs",
		State: stateOK,
		Found: fmt.Sprintf("%d of %d may be used (%s)", len(allowed), m.CPUs, m.CPU),
		Means: placement,
	}
	switch {
	case len(servers) == 0:
		f.State = stateBad
		f.Means = "servers and load generator would share one CPU, so nothing measured here is evidence"
	case shared:
		f.State = stateBad
		f.Means = placement + ": these are hardware threads of one core, so nothing measured here is evidence"
	case len(servers) < workersOfScaling:
		f.State = stateWarn
		f.Means = placement + fmt.Sprintf("; too few for scaling over %d workers", workersOfScaling)
	}
	return f
}

// runtimes looks for the programs that the process launcher needs.
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
			found = append(found, finding{
				Name:  t.Runtime,
				State: stateWarn,
				Found: t.Version[0] + " is not on PATH",
				Means: "its servers run in Docker only",
			})
			continue
		}
		found = append(found, finding{Name: t.Runtime, State: stateOK, Found: strings.TrimSpace(string(out))})
	}
	return found
}
