package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/text"
)

func newTrend() *cobra.Command {
	o := &trendOptions{}
	cmd := withExitStatus(&cobra.Command{
		Use:   "trend HISTORY [DIR...]",
		Short: "Add runs to a history file, and report which figures changed over the nights",
		Long: `trend adds each run to a history, which is a file with one line of JSON per run. It then
compares the later nights with the baseline: the first nights on the latest machine class.
It also reports the nights on which a figure made a step. You may look every night: the bounds
allow it.`,
		Example: "  bench trend history.jsonl\n  bench trend history.jsonl reports/20260414-020000-ci --fail-on worse",
		Args:    cobra.MinimumNArgs(1),
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0], args[1:]) },
	}, statusDone, statusError,
		"2  a flag, a run directory or the history is not valid", statusWord)
	o.addFlags(cmd)
	return cmd
}

// trendOptions are the flags of trend.
type trendOptions struct {
	figureOptions
	baseline int
}

func (o *trendOptions) addFlags(cmd *cobra.Command) {
	o.figureOptions.addFlags(cmd)
	cmd.Flags().IntVar(&o.baseline, "baseline", 10, "`nights` of the machine class that form the baseline")
}

func (o *trendOptions) check() error {
	if o.baseline < 2 {
		return advice.BadInput("the default is 10", "--baseline must be at least 2 nights")
	}
	return nil
}

func (o *trendOptions) run(cmd *cobra.Command, history string, dirs []string) error {
	for _, dir := range dirs {
		r, err := rejudge.Open(dir)
		if err != nil {
			return err
		}
		if err := compare.AddNight(history, r); err != nil {
			return err
		}
	}
	nights, err := compare.ReadHistory(history)
	if err != nil {
		return advice.BadInput("pass a history that bench trend wrote, or runs to start one with", "%w", err)
	}
	t, err := compare.Follow(nights, o.baseline)
	if err != nil {
		return err
	}
	if o.asJSON {
		err = text.WriteJSON(cmd.OutOrStdout(), t)
	} else {
		err = o.print(cmd.OutOrStdout(), t)
	}
	if err != nil {
		return err
	}
	for _, s := range t.Series {
		if err := o.gate(s.Title, s.Word); err != nil {
			return err
		}
	}
	return nil
}

func (o *trendOptions) print(out io.Writer, t *compare.Trend) error {
	count, breaks := map[string]int{}, 0
	for _, s := range t.Series {
		count[s.Word]++
		breaks += len(s.Breaks)
	}
	fmt.Fprintf(out, "%s\n%d nights, the first %d of them the baseline. Of %d figures: %s; %d change points.\n",
		t.Class, t.Nights, min(t.Baseline, t.Nights), len(t.Series), counted(count), breaks)
	for _, warning := range t.Warnings {
		fmt.Fprintf(out, "! %s\n", warning)
	}
	shown := slices.DeleteFunc(slices.Clone(t.Series), func(s compare.Series) bool {
		return len(s.Breaks) == 0 && o.hides(s.Word)
	})
	if len(shown) == 0 {
		return o.hint(out, len(t.Series))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nFIGURE\tLAST\tSINCE THE BASELINE (95%, ON EVERY NIGHT)\tRESULT\tCHANGE POINTS")
	for _, s := range shown {
		var points []string
		for _, b := range s.Breaks {
			points = append(points, b.Format("2006-01-02"))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Title, text.Quantity(s.Values[len(s.Values)-1], s.Unit),
			ratioText(s.Ratio, s.Low, s.High), withReason(s.Word, s.Why), strings.Join(points, ", "))
	}
	return w.Flush()
}
