package main

import "github.com/spf13/cobra"

func newDemo(g *globalOptions) *cobra.Command {
	o := &runOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "demo",
		Short: "Measure every reference server in about two and a half minutes, without Docker",
		Long: `demo gives a preview of what bench does. It starts the servers of this repository as plain
processes, and measures three short rounds.

Its verdicts are not evidence: three rounds are too few. It needs Node.js and Python on PATH.`,
		Example: "  bench demo\n  bench demo --listen 9464\n  bench demo --scenario json --server node-http,python-asgi",
		Args:    cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return o.check(cmd) },
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}, statusDone, statusError, statusInput, statusClaim, statusVoid)
	o.addFlags(cmd, "demo", runnerProcess)
	return cmd
}
