package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/text"
)

func newJudge() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "judge DIR", Short: "Judge a run again from its directory; print the verdicts and change nothing",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON {
				_, verdicts, _, err := rejudge(args[0])
				if err != nil {
					return err
				}
				encoded, err := text.JSON(verdicts)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(encoded)
				return err
			}
			d, err := document(args[0])
			if err != nil {
				return err
			}
			return d.Terminal(cmd.OutOrStdout(), report.TerminalOptions{})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the bytes of verdicts.json")
	return cmd
}

// rejudge reads a run directory and judges it.
func rejudge(dir string) (*record.Run, *bench.Verdicts, []bench.Summary, error) {
	r, err := record.Open(dir)
	if err != nil {
		return nil, nil, nil, badInput("a run directory is what bench run made, such as reports/TIME-PROFILE", "%w", err)
	}
	verdicts, summaries, err := judge.Judge(r)
	if err != nil {
		return nil, nil, nil, err
	}
	return r, verdicts, summaries, nil
}

// compared is a judged run, for comparisons over time.
func compared(dir string) (compare.Run, error) {
	r, verdicts, summaries, err := rejudge(dir)
	return compare.Run{Run: r, Verdicts: verdicts, Summaries: summaries}, err
}

// document is the report of a run that was judged again. Where that gave other
// verdicts than the run's own verdicts.json, the report says so.
func document(dir string) (*report.Document, error) {
	r, verdicts, summaries, err := rejudge(dir)
	if err != nil {
		return nil, err
	}
	encoded, err := text.JSON(verdicts)
	if err != nil {
		return nil, err
	}
	d, err := report.Build(r, verdicts, summaries)
	if err != nil {
		return nil, err
	}
	stored, err := os.ReadFile(filepath.Join(dir, record.VerdictsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.AddMismatch("the run has no verdicts.json: it was not finished, and these verdicts are of what there is")
	case err != nil:
		return nil, err
	case !bytes.Equal(stored, encoded):
		d.AddMismatch("judged again, the run gives other verdicts than its verdicts.json: files were changed, or this bench judges otherwise")
	}
	return d, nil
}
