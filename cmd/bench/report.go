package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/browser"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/strictyaml"
)

func newReport() *cobra.Command {
	formats, brand, failOn := []string{"html", "md", "json"}, "", []string{string(bench.Contradicted)}
	cmd := &cobra.Command{
		Use: "report DIR", Short: "Write a run's report again from its directory",
		Long: `report judges a run again from its directory and writes report.* into it. The formats are
  html      one file for people, with every figure and its evidence      pdf      the same, printed by Chromium or Chrome
  md        the same in Markdown                                         json     the same for programs
  csv       a row each comparison                                        junit    a test case each claim and check
  benchfmt  the Go benchmark format, for benchstat
  bigger    medians of which more is better, and smaller, of which less is, for github-action-benchmark`,
		Example: "  bench report reports/example --format html,pdf --brand brand.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, f := range formats {
				if !slices.Contains(report.Formats, f) {
					return badInput("known are "+strings.Join(report.Formats, ", "), "unknown format %q", f)
				}
			}
			if err := knownVerdicts(failOn); err != nil {
				return err
			}
			b, err := loadBrand(brand)
			if err != nil {
				return err
			}
			d, err := document(args[0])
			if err != nil {
				return err
			}
			// What was said when the reports were made before stays, unless it is said anew.
			made, err := report.ReadMade(args[0])
			if err == nil && !cmd.Flags().Changed("brand") {
				b = made.Brand
			}
			d.Brand = b
			if len(made.FailOn) > 0 && !cmd.Flags().Changed("fail-on") {
				d.FailOn = made.FailOn
			} else {
				d.FailOn = nil
				for _, v := range failOn {
					d.FailOn = append(d.FailOn, bench.Verdict(v))
				}
			}
			names, err := d.WriteFiles(cmd.Context(), args[0], formats...)
			for _, name := range names {
				fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(args[0], name))
			}
			if errors.Is(err, browser.ErrMissing) {
				return &failure{code: exitError, err: fmt.Errorf("report.pdf was not made: %w", err),
					hint: "install Chromium or Chrome, or name one in " + browser.Variable + "; a browser prints report.html as well"}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&formats, "format", formats, "formats: "+strings.Join(report.Formats, ", "))
	f.StringSliceVar(&failOn, "fail-on", failOn, "verdicts that JUnit counts as failures")
	brandFlag(cmd, &brand)
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(report.Formats, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(bench.VerdictNames, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func brandFlag(cmd *cobra.Command, brand *string) {
	cmd.Flags().StringVar(brand, "brand", "", "YAML file with title, client, author and logo of the report; empty for none")
	cmd.MarkFlagFilename("brand", "yaml", "yml")
}

// loadBrand reads a brand file; nil where none is named.
func loadBrand(file string) (*report.Brand, error) {
	if file == "" {
		return nil, nil
	}
	b, err := report.LoadBrand(file)
	var input *strictyaml.InputError
	if err != nil && !errors.As(err, &input) {
		return nil, badInput("name a YAML file with title, client, author or logo", "--brand: %w", err)
	}
	return b, err
}

// knownVerdicts refuses words that are no verdicts.
func knownVerdicts(words []string) error {
	for _, v := range words {
		if !slices.Contains(bench.VerdictNames, v) {
			return badInput("known are "+strings.Join(bench.VerdictNames, ", "), "unknown verdict %q for --fail-on", v)
		}
	}
	return nil
}
