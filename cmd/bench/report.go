package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/report"
)

func newReport() *cobra.Command {
	formats := []string{"html", "md", "json"}
	cmd := &cobra.Command{
		Use: "report DIR", Short: "Write a run's report again from its directory",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, f := range formats {
				if !slices.Contains(report.Formats, f) {
					return badInput("known are "+strings.Join(report.Formats, ", "), "unknown format %q", f)
				}
			}
			d, err := document(args[0])
			if err != nil {
				return err
			}
			if err := d.WriteFiles(args[0], formats...); err != nil {
				return err
			}
			for _, f := range formats {
				fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(args[0], "report."+f))
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&formats, "format", formats, "formats: "+strings.Join(report.Formats, ", "))
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(report.Formats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
