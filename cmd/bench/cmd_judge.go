package main

import (
	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/text"
)

func newJudge(g *globalOptions) *cobra.Command {
	o := &judgeOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "judge DIR",
		Short: "Judge a run again from its directory, and print the verdicts",
		Long: `judge reads the raw hits of a run directory, judges every claim again, and prints the verdicts.
It changes no file. It also works on an interrupted run: it then judges what the run recorded.`,
		Example: "  bench judge reports/example\n  bench judge reports/example --json",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}, statusDone, statusError, statusFile)
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print the bytes of verdicts.json")
	return cmd
}

// judgeOptions are the flags of judge.
type judgeOptions struct {
	global *globalOptions
	asJSON bool
}

func (o *judgeOptions) run(cmd *cobra.Command, dir string) error {
	if !o.asJSON {
		d, err := rejudge.Document(dir)
		if err != nil {
			return err
		}
		return o.global.printVerdicts(cmd.OutOrStdout(), d)
	}
	r, err := rejudge.Open(dir)
	if err != nil {
		return err
	}
	return text.WriteJSON(cmd.OutOrStdout(), r.Verdicts)
}
