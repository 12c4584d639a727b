package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/runner"
)

func newPlan(g *globalOptions) *cobra.Command {
	o := &planOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "plan",
		Short: "Print what a run would do, in which order, on which CPUs, and for how long",
		Long: `plan makes the plan of a run and prints it. It starts no server. The same flags and the same
sources give the same plan: its first line is the SHA-256 of plan.json.`,
		Example: "  bench plan --profile evidence\n  bench plan --profile quick --scenario json --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}, statusDone, statusError, statusInput)
	o.addFlags(cmd)
	return cmd
}

// planOptions are the flags of plan.
type planOptions struct {
	global *globalOptions
	choice choiceOptions
	asJSON bool
}

func (o *planOptions) addFlags(cmd *cobra.Command) {
	o.choice.addFlags(cmd, &o.global.project, "quick", runnerAuto)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print the bytes of plan.json")
}

func (o *planOptions) run(cmd *cobra.Command) error {
	planned, err := o.choice.plan(cmd.Context(), &o.global.project)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if o.asJSON {
		_, err := out.Write(planned.encoded)
		return err
	}
	p := planned.plan
	fmt.Fprintf(out, "plan %s\n", plan.Hash(planned.encoded))
	fmt.Fprintf(out, "profile %s, runner %s, seed %d: %d rounds, %d trials, %s; %s\n\n",
		p.Profile.Name, p.Runner, p.Seed, p.Profile.Rounds, len(p.Trials), takes(p), pinning(p))
	for _, name := range slices.Sorted(maps.Keys(p.Skipped)) {
		fmt.Fprintf(out, "not tested: %s: %s\n", name, p.Skipped[name])
	}
	return printTrials(out, p.Trials)
}

// takes says how long the run will take.
func takes(p *bench.Plan) string {
	var total, first time.Duration // of all trials, and of those until the first look
	for _, t := range p.Trials {
		total += runner.Takes(t)
		if len(p.Profile.Looks) > 0 && t.Round <= p.Profile.Looks[0] {
			first += runner.Takes(t)
		}
	}
	if first == 0 {
		return "about " + about(total)
	}
	return fmt.Sprintf("about %s until the first look at round %d, and at most %s",
		about(first), p.Profile.Looks[0], about(total))
}

func pinning(p *bench.Plan) string {
	if p.CPUs.Target == "" {
		return "nothing is pinned: the machine has too few CPUs"
	}
	return placed(p.CPUs.Generator, p.CPUs.Target)
}

// placed says on which CPUs the load generator and the servers run. A set of CPUs is written as in "0-2,4".
func placed(generator, servers string) string {
	name := func(set string) string {
		if strings.ContainsAny(set, "-,") {
			return "CPUs " + set
		}
		return "CPU " + set
	}
	return fmt.Sprintf("load generator on %s, servers on %s", name(generator), name(servers))
}

func printTrials(out io.Writer, trials []bench.Trial) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TRIAL\tROUND\tSCENARIO\tSERVER\tVARIANT\tCPUS\tPHASES")
	for _, t := range trials {
		cpus := t.CPUs
		if t.Shared {
			cpus += " shared"
		}
		var phases []string
		for _, phase := range t.Phases {
			phases = append(phases, fmt.Sprintf("%s %v", phase.ID, phase.Schedule.Duration))
		}
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t%s\t%s\n",
			t.N, t.Round, t.Scenario, t.Target, t.Variant, cpus, strings.Join(phases, ", "))
	}
	return w.Flush()
}
