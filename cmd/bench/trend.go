package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/text"
)

func newTrend() *cobra.Command {
	asJSON, all, baseline := false, false, 10
	var failOn []string
	cmd := &cobra.Command{
		Use: "trend HISTORY [DIR...]", Short: "Add runs to a history file, and say what has become better or worse over the nights",
		Example: "  bench trend history.jsonl reports/20260414-020000-ci --fail-on worse",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownWords(failOn); err != nil {
				return err
			}
			if baseline < 2 {
				return badInput("the default is 10", "--baseline must be two nights or more")
			}
			for _, dir := range args[1:] {
				r, err := compared(dir)
				if err == nil {
					err = compare.AddNight(args[0], r)
				}
				if err != nil {
					return err
				}
			}
			nights, err := compare.ReadHistory(args[0])
			if err != nil {
				return badInput("name a file that bench trend made, or runs to begin one with", "%w", err)
			}
			t, err := compare.Follow(nights, baseline)
			switch {
			case err != nil:
				return err
			case asJSON:
				err = text.WriteJSON(cmd.OutOrStdout(), t)
			default:
				err = printTrend(cmd.OutOrStdout(), t, all)
			}
			if err != nil {
				return err
			}
			for _, s := range t.Series {
				if slices.Contains(failOn, s.Word) {
					return &failure{code: exitGate, err: fmt.Errorf("%s is %s, and --fail-on names that", s.Name, s.Word)}
				}
			}
			return nil
		},
	}
	trendFlags(cmd, &asJSON, &all, &failOn)
	cmd.Flags().IntVar(&baseline, "baseline", baseline, "first nights of the machine class, that the later ones are held against")
	return cmd
}

func printTrend(out io.Writer, t *compare.Trend, all bool) error {
	count, breaks := map[string]int{}, 0
	for _, s := range t.Series {
		count[s.Word]++
		breaks += len(s.Breaks)
	}
	fmt.Fprintf(out, "%s\n%d nights, the first %d of them the baseline. Of %d figures: %s; %d change points.\n", t.Class, t.Nights, min(t.Baseline, t.Nights), len(t.Series), counted(count), breaks)
	for _, warning := range t.Warnings {
		fmt.Fprintf(out, "! %s\n", warning)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nFIGURE\tLAST\tSINCE THE BASELINE (95%, AT EVERY NIGHT)\tIT IS\tCHANGE POINTS")
	for _, s := range t.Series {
		if !all && len(s.Breaks) == 0 && (s.Word == compare.Equal || s.Word == compare.Inconclusive) {
			continue
		}
		word, points := s.Word, []string{}
		if s.Why != "" {
			word += ": " + s.Why
		}
		for _, b := range s.Breaks {
			points = append(points, b.Format("2006-01-02"))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, text.Quantity(s.Values[len(s.Values)-1], s.Unit), ratio(s.Ratio, s.Low, s.High), word, strings.Join(points, ", "))
	}
	return w.Flush()
}

// trendFlags are those of compare and trend.
func trendFlags(cmd *cobra.Command, asJSON, all *bool, failOn *[]string) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(all, "all", false, "print what is inconclusive or practically equal, too")
	cmd.Flags().StringSliceVar(failOn, "fail-on", nil, "exit with 3 if a figure is so, such as worse")
	cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(compare.Words, cobra.ShellCompDirectiveNoFileComp))
}

// knownWords refuses words that --fail-on does not know.
func knownWords(failOn []string) error {
	for _, w := range failOn {
		if !slices.Contains(compare.Words, w) {
			return badInput("known are "+strings.Join(compare.Words, ", "), "unknown word %q for --fail-on", w)
		}
	}
	return nil
}

// ratio is "1.2× (1.1 to 1.3)"; a bound that is nil is open.
func ratio(x, low, high *float64) string {
	if x == nil {
		return "–"
	}
	bound := func(b *float64, open string) string {
		if b == nil {
			return open
		}
		return fmt.Sprintf("%.3g", *b)
	}
	return fmt.Sprintf("%.3g× (%s to %s)", *x, bound(low, "0"), bound(high, "∞"))
}

// counted is "2 worse, 40 practically equal".
func counted(count map[string]int) string {
	var parts []string
	for _, w := range compare.Words {
		if count[w] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[w], w))
		}
	}
	if len(parts) == 0 {
		return "none could be compared"
	}
	return strings.Join(parts, ", ")
}
