package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/text"
)

func newVersion() *cobra.Command {
	asJSON := false
	cmd := withExitStatus(&cobra.Command{
		Use:     "version",
		Short:   "Print the version of bench and how it was built",
		Long:    "version prints the version of bench, of the Go toolchain and of vegeta, and the platform.",
		Example: "  bench version\n  bench version --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := buildinfo.Read()
			if asJSON {
				return text.WriteJSON(cmd.OutOrStdout(), v)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "bench %s, built with %s for %s/%s, vegeta %s\n",
				v.Version, v.Go, v.OS, v.Arch, v.Vegeta)
			return err
		},
	}, statusDone, statusError, statusInput)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
