package main

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/runner"
)

func newPlan(p *project) *cobra.Command {
	c := &choice{}
	asJSON := false
	cmd := &cobra.Command{
		Use: "plan", Short: "Print what a run would do, in what order, on which CPUs, for how long",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, made, encoded, err := c.plan(cmd.Context(), p)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				_, err := out.Write(encoded)
				return err
			}
			var total, first time.Duration // of all, and until the first look
			for _, t := range made.Trials {
				total += runner.Takes(t)
				if len(made.Profile.Looks) > 0 && t.Round <= made.Profile.Looks[0] {
					first += runner.Takes(t)
				}
			}
			takes := "about " + about(total)
			if first > 0 {
				takes = fmt.Sprintf("about %s until the first look at round %d, and %s at most", about(first), made.Profile.Looks[0], about(total))
			}
			pinned := fmt.Sprintf("generator on CPUs %s, servers on CPUs %s", made.CPUs.Generator, made.CPUs.Target)
			if made.CPUs.Target == "" {
				pinned = "nothing pinned: too few CPUs"
			}
			fmt.Fprintf(out, "plan %s\nprofile %s, runner %s, seed %d: %d rounds, %d trials, %s; %s\n\n",
				plan.Hash(encoded), made.Profile.Name, made.Runner, made.Seed, made.Profile.Rounds, len(made.Trials), takes, pinned)
			for _, name := range slices.Sorted(maps.Keys(made.Skipped)) {
				fmt.Fprintf(out, "not tested: %s: %s\n", name, made.Skipped[name])
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TRIAL\tROUND\tSCENARIO\tTARGET\tVARIANT\tCPUS\tPHASES")
			for _, t := range made.Trials {
				on := t.CPUs
				if t.Shared {
					on += " shared"
				}
				fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t%s\t", t.N, t.Round, t.Scenario, t.Target, t.Variant, on)
				for i, phase := range t.Phases {
					if i > 0 {
						fmt.Fprint(w, ", ")
					}
					fmt.Fprintf(w, "%s %v", phase.ID, phase.Schedule.Duration)
				}
				fmt.Fprintln(w)
			}
			return w.Flush()
		},
	}
	c.flags(cmd, p, "quick", "auto")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the bytes of plan.json")
	return cmd
}
