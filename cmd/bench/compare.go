package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/text"
)

func newCompare() *cobra.Command {
	asJSON, all := false, false
	var failOn []string
	cmd := &cobra.Command{
		Use: "compare BASE NEW", Short: "Say which figures of a new run are better or worse than a base's, on the same class of machine",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownWords(failOn); err != nil {
				return err
			}
			base, err := compared(args[0])
			if err != nil {
				return err
			}
			new, err := compared(args[1])
			if err != nil {
				return err
			}
			c, err := compare.Compare(base, new)
			var class *compare.ClassError
			switch {
			case errors.As(err, &class):
				return badInput("compare runs that were made on the same class of machine, and by the same runner", "%w", err)
			case err != nil:
				return err
			case asJSON:
				err = text.WriteJSON(cmd.OutOrStdout(), c)
			default:
				err = printComparison(cmd.OutOrStdout(), c, all)
			}
			if err == nil {
				err = tellGitHubOf(cmd.ErrOrStderr(), c)
			}
			if err != nil {
				return err
			}
			for _, x := range c.Changes {
				if slices.Contains(failOn, x.Word) {
					return &failure{code: exitGate, err: fmt.Errorf("%s is %s, and --fail-on names that", x.Name, x.Word)}
				}
			}
			return nil
		},
	}
	trendFlags(cmd, &asJSON, &all, &failOn)
	return cmd
}

func printComparison(out io.Writer, c *compare.Comparison, all bool) error {
	count := map[string]int{}
	for _, x := range c.Changes {
		count[x.Word]++
	}
	fmt.Fprintf(out, "%s\nOf %d figures: %s.\n", c.Class, len(c.Changes), counted(count))
	for _, warning := range c.Warnings {
		fmt.Fprintf(out, "! %s\n", warning)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nFIGURE\tBASE\tNEW\tRATIO (95%)\tIT IS")
	for _, x := range c.Changes {
		if !all && (x.Word == compare.Equal || x.Word == compare.Inconclusive) {
			continue
		}
		word := x.Word
		if x.Why != "" {
			word += ": " + x.Why
		}
		newText, ratioText := "–", "–"
		if x.Word != compare.Gone {
			newText, ratioText = text.Quantity(x.New, x.Unit), ratio(&x.Ratio, x.Low, x.High)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Name, text.Quantity(x.Base, x.Unit), newText, ratioText, word)
	}
	return w.Flush()
}
