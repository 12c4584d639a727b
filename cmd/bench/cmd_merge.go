package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/text"
)

func newMerge() *cobra.Command {
	o := &mergeOptions{}
	cmd := withExitStatus(&cobra.Command{
		Use:   "merge DIR...",
		Short: "Join the verdicts of runs on several machines",
		Long: `merge judges runs of one guide that were made on different machines, and joins their verdicts.
A verdict is general if three machines reach it by the same comparisons. Only the first evidence
run of each machine counts.`,
		Example: "  bench merge reports/laptop reports/server reports/cloud",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}, statusDone, statusError, "2  a flag or a run directory is not valid, or the runs do not belong together")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

// mergeOptions are the flags of merge.
type mergeOptions struct{ asJSON bool }

func (o *mergeOptions) run(cmd *cobra.Command, dirs []string) error {
	var runs []compare.Run
	for _, dir := range dirs {
		r, err := rejudge.Open(dir)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	merged, err := compare.Merge(runs)
	var input *compare.MergeError
	switch {
	case errors.As(err, &input):
		return advice.BadInput("merge runs of one guide that were made with the same sources", "%w", err)
	case err != nil:
		return err
	case o.asJSON:
		return text.WriteJSON(cmd.OutOrStdout(), merged)
	}
	return printMerged(cmd.OutOrStdout(), merged)
}

func printMerged(out io.Writer, m *compare.Merged) error {
	fmt.Fprintf(out, "%s\n\n", m.Guide)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MACHINE\tHARDWARE\tRUNS\tCOUNTS")
	for _, machine := range m.Machines {
		counts := "yes"
		if machine.Out != "" {
			counts = "no: " + machine.Out
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", machine.Name, machine.Class, len(machine.Runs), counts)
	}
	fmt.Fprintln(w, "\nCLAIM\tVERDICT\tGENERAL\tWHY")
	for _, c := range m.Claims {
		general := "no"
		if c.General {
			general = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.ID, c.Verdict, general, c.Why)
	}
	return w.Flush()
}
