package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/text"
)

func newCompare() *cobra.Command {
	o := &compareOptions{}
	cmd := withExitStatus(&cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Compare two runs: which figures of a server became better or worse",
		Long: `compare judges two runs again, and compares each figure of the new run with that of the base.
Both runs must come from the same class of machine and the same runner. A figure is "better" or
"worse" only if that still holds after a correction for the number of figures compared.`,
		Example: "  bench compare reports/before reports/after\n" +
			"  bench compare reports/before reports/after --fail-on worse,gone",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0], args[1]) },
	}, statusDone, statusError,
		"2  a flag or a run directory is not valid, or the machine classes differ", statusWord)
	o.addFlags(cmd)
	return cmd
}

// compareOptions are the flags of compare.
type compareOptions struct{ figureOptions }

func (o *compareOptions) run(cmd *cobra.Command, baseDir, headDir string) error {
	base, err := rejudge.Open(baseDir)
	if err != nil {
		return err
	}
	head, err := rejudge.Open(headDir)
	if err != nil {
		return err
	}
	c, err := compare.Compare(base, head)
	var class *compare.ClassError
	if errors.As(err, &class) {
		return advice.BadInput("compare runs of the same class of machine, made with the same runner", "%w", err)
	} else if err != nil {
		return err
	}
	if o.asJSON {
		err = text.WriteJSON(cmd.OutOrStdout(), c)
	} else {
		err = o.print(cmd.OutOrStdout(), c)
	}
	if err == nil {
		err = annotate(report.ActionsFrom(cmd.ErrOrStderr(), os.Getenv), c)
	}
	if err != nil {
		return err
	}
	for _, change := range c.Changes {
		if err := o.gate(change.Title, change.Word); err != nil {
			return err
		}
	}
	return nil
}

// annotate annotates each figure that is worse. The comparison becomes the summary of the step.
func annotate(a *report.Actions, c *compare.Comparison) error {
	for _, change := range c.Changes {
		if change.Word == compare.Worse {
			a.Annotate(report.AnnotationWarning, change.Title+" is worse", fmt.Sprintf("%s, from %s to %s",
				ratioText(&change.Ratio, change.Low, change.High),
				text.Quantity(change.Base, change.Unit), text.Quantity(change.New, change.Unit)))
		}
	}
	var summary strings.Builder
	if err := (&compareOptions{}).print(&summary, c); err != nil {
		return err
	}
	return a.Summarize("```\n" + summary.String() + "```\n")
}

func (o *compareOptions) print(out io.Writer, c *compare.Comparison) error {
	count := map[string]int{}
	for _, change := range c.Changes {
		count[change.Word]++
	}
	fmt.Fprintf(out, "%s\nOf %d figures: %s.\n", c.Class, len(c.Changes), counted(count))
	for _, warning := range c.Warnings {
		fmt.Fprintf(out, "! %s\n", warning)
	}
	shown := slices.DeleteFunc(slices.Clone(c.Changes), func(change compare.Change) bool { return o.hides(change.Word) })
	if len(shown) == 0 {
		return o.hint(out, len(c.Changes))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nFIGURE\tBASE\tNEW\tRATIO (95%)\tRESULT")
	for _, change := range shown {
		head, ratio := "–", "–"
		if change.Word != compare.Gone {
			head = text.Quantity(change.New, change.Unit)
			ratio = ratioText(&change.Ratio, change.Low, change.High)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", change.Title, text.Quantity(change.Base, change.Unit), head, ratio,
			withReason(change.Word, change.Why))
	}
	return w.Flush()
}
