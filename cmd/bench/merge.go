package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/text"
)

func newMerge() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "merge DIR...", Short: "Join the verdicts of runs on several machines: general where three agree",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var runs []compare.Run
			for _, dir := range args {
				r, verdicts, _, err := rejudge(dir)
				if err != nil {
					return err
				}
				runs = append(runs, compare.Run{Run: r, Verdicts: verdicts})
			}
			merged, err := compare.Merge(runs)
			var input *compare.MergeError
			switch {
			case errors.As(err, &input):
				return badInput("merge runs of one guide, with the same sources", "%w", err)
			case err != nil:
				return err
			case asJSON:
				return text.WriteJSON(cmd.OutOrStdout(), merged)
			}
			return printMerged(cmd.OutOrStdout(), merged)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printMerged(out io.Writer, m *compare.Merged) error {
	fmt.Fprintf(out, "%s\n\n", m.Guide)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MACHINE\tWHAT IT IS\tRUNS\tCOUNTS")
	for _, x := range m.Machines {
		counts := "yes"
		if x.Out != "" {
			counts = "no: " + x.Out
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", x.Name, x.Class, len(x.Runs), counts)
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
