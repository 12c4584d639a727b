package main

import (
	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/report"
)

func newJudge() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "judge DIR", Short: "Judge a run again from its directory; print the verdicts and change nothing",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, verdicts, summaries, err := rejudge(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				encoded, err := judge.Encode(verdicts)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(encoded)
				return err
			}
			d, err := report.Build(r, verdicts, summaries)
			if err != nil {
				return err
			}
			return d.Terminal(cmd.OutOrStdout())
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
	return r, verdicts, summaries, err
}
