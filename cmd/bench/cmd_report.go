package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/browser"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/text"
)

func newReport(g *globalOptions) *cobra.Command {
	o := &reportOptions{
		global:   g,
		formats:  []string{"html", "md", "json"},
		failures: []bench.Verdict{bench.Contradicted},
	}
	cmd := withExitStatus(&cobra.Command{
		Use:   "report DIR",
		Short: "Write a run's report again, in any format",
		Long: `report judges a run again from its directory, and writes report.* there. It always writes
report.json, which records how the other files were made. The formats are:

  html      one file for people, with every figure and its evidence
  pdf       the same, printed by Chromium or Chrome
  md        the same in Markdown
  json      the same for programs
  csv       one row per comparison
  junit     one test case per claim and per check
  benchfmt  the Go benchmark format, for benchstat
  bigger    medians of metrics for which higher is better, for github-action-benchmark
  smaller   medians of metrics for which lower is better, for the same

The brand and the JUnit failures stay as they were, unless you give the flags again.`,
		Example: "  bench report reports/example\n  bench report reports/example --format html,pdf --brand brand.yaml",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}, statusDone, "1  an error occurred, such as no browser for format pdf", statusFile)
	o.addFlags(cmd)
	return cmd
}

// reportOptions are the flags of report.
type reportOptions struct {
	global    *globalOptions
	formats   []string
	failures  []bench.Verdict
	brandFile string
	asJSON    bool
}

func (o *reportOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(newWordsFlag(&o.formats, "formats", report.Formats), "format", "formats to write")
	f.Var(newWordsFlag(&o.failures, "verdicts", bench.VerdictNames), "junit-failures",
		"count these verdicts as failures in JUnit: "+alternatives(bench.VerdictNames))
	renameFlag(cmd, "fail-on", "junit-failures")
	addBrandFlag(cmd, &o.brandFile)
	f.BoolVar(&o.asJSON, "json", false, "print the names of the files as JSON, and errors as one JSON object")
	completeWords(cmd, "format", report.Formats...)
	completeWords(cmd, "junit-failures", bench.VerdictNames...)
}

func (o *reportOptions) run(cmd *cobra.Command, dir string) error {
	brand, err := loadBrand(o.brandFile)
	if err != nil {
		return err
	}
	d, err := rejudge.Document(dir)
	if err != nil {
		return err
	}
	d.Brand, d.FailOn = brand, o.failures
	if made, err := report.ReadMade(dir); err == nil {
		if !cmd.Flags().Changed("brand") {
			d.Brand = made.Brand
		}
		if len(made.FailOn) > 0 && !cmd.Flags().Changed("junit-failures") {
			d.FailOn = made.FailOn
		}
	}
	names, failed := d.WriteFiles(cmd.Context(), dir, o.formats...)
	if err := o.print(cmd.OutOrStdout(), dir, names); err != nil {
		return err
	}
	if errors.Is(failed, browser.ErrMissing) {
		return advice.Failed("install Chromium or Chrome, or name one in "+browser.Variable+
			"; you can also print report.html from a browser", "report.pdf was not written: %w", failed)
	}
	return failed
}

// reportResult holds what report prints with --json.
type reportResult struct {
	RunDir string   `json:"run_dir"`
	Files  []string `json:"files"`
}

func (o *reportOptions) print(out io.Writer, dir string, names []string) error {
	result := reportResult{RunDir: dir, Files: []string{}}
	for _, name := range names {
		result.Files = append(result.Files, filepath.Join(dir, name))
	}
	if o.asJSON {
		return text.WriteJSON(out, result)
	}
	level := o.global.verbosity()
	if level == quiet {
		return nil
	}
	if level == verbose { // it is written with every report, but is not a report
		result.Files = append(result.Files, filepath.Join(dir, record.RenderingsFile))
	}
	for _, file := range result.Files {
		if level == verbose {
			info, err := os.Stat(file)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s: %d bytes\n", file, info.Size())
			continue
		}
		fmt.Fprintln(out, file)
	}
	return nil
}
