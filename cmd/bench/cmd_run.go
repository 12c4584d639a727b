package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/session"
	"github.com/claimbench/claimbench/internal/text"
)

func newRun(g *globalOptions) *cobra.Command {
	o := &runOptions{global: g}
	cmd := withExitStatus(&cobra.Command{
		Use:   "run",
		Short: "Measure the servers and judge the claims",
		Long: `run starts each server afresh, loads it, and repeats that for several rounds in shuffled order.
It then judges the claims and writes a report. Everything that it records is in one new folder,
the run directory.

The profile sets how much is measured. Profiles demo and quick give a preview. Profiles ci and
evidence give evidence. To see the plan and its duration first, use "bench plan".

You can interrupt a run with Ctrl-C, and continue it with --resume.`,
		Example: `  bench run --profile quick
  bench run --profile ci --scenario json --fail-on contradicted
  bench run --profile evidence --out reports/night --listen 9464
  bench run --resume reports/20260414-101500-quick`,
		Args:    cobra.NoArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return o.check(cmd) },
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}, statusDone, statusError, statusInput, statusClaim, statusVoid)
	o.addFlags(cmd, "quick", runnerAuto)
	return cmd
}

// runOptions are the flags of run and demo.
type runOptions struct {
	global    *globalOptions
	choice    choiceOptions
	out       string
	resume    string
	listen    string
	brandFile string
	budget    bench.Duration
	failOn    []bench.Verdict
	asJSON    bool

	brand *report.Brand // read from brandFile by check
}

func (o *runOptions) addFlags(cmd *cobra.Command, profile, runner string) {
	o.choice.addFlags(cmd, &o.global.project, profile, runner)
	f := cmd.Flags()
	f.StringVarP(&o.out, "out", "o", "", "new `folder` for the run (default: reports/TIME-PROFILE)")
	f.StringVar(&o.resume, "resume", "", "continue the interrupted run in this `folder`, by its own plan")
	f.StringVar(&o.listen, "listen", "",
		"serve a live page and Prometheus metrics at this `address`; a port alone binds to loopback")
	f.Var(newDurationFlag(&o.budget), "budget",
		"stop after about this time, preparation included, and judge what is known by then")
	f.Var(newWordsFlag(&o.failOn, "verdicts", bench.VerdictNames), "fail-on",
		"exit with 3 if a claim has one of these verdicts: "+alternatives(bench.VerdictNames))
	f.BoolVar(&o.asJSON, "json", false, "print the result as JSON, and errors as one JSON object")
	addBrandFlag(cmd, &o.brandFile)
	completeDir(cmd, "out")
	completeDir(cmd, "resume")
	completeWords(cmd, "fail-on", bench.VerdictNames...)
}

// check rejects flags that contradict each other, and reads the brand.
func (o *runOptions) check(cmd *cobra.Command) (err error) {
	if o.resume != "" {
		for _, name := range append(slices.Clone(choiceFlags), "out") {
			if cmd.Flags().Changed(name) {
				return advice.BadInput("a resumed run keeps the plan in its folder", "--resume cannot be combined with --%s", name)
			}
		}
	}
	o.brand, err = loadBrand(o.brandFile)
	return err
}

func (o *runOptions) run(cmd *cobra.Command) error {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	budget := session.Budget{Total: o.budget.Duration, Started: time.Now()}
	s, err := o.openRun(cmd)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // all records are on disk by then
	if o.listen != "" {
		if err := o.serveLive(s, stderr); err != nil {
			return err
		}
	}
	progress := newProgress(stderr, o.global.verbosity(), s.Plan, s.Done)
	err = s.Measure(ctx, budget, progress)
	progress.finish()
	if err != nil {
		return err
	}
	result, err := s.Finish(ctx, o.brand)
	if err != nil {
		return err
	}
	if err := o.print(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	annotated := report.ActionsFrom(stderr, os.Getenv).Document(result.Document, o.failOn)
	if err := o.gate(result.Verdicts); err != nil {
		return err
	}
	return annotated
}

// openRun resumes a run, or starts a new one.
func (o *runOptions) openRun(cmd *cobra.Command) (*session.Session, error) {
	if o.resume == "" {
		return o.startRun(cmd)
	}
	p := &o.global.project
	root, err := p.load(cmd.Context())
	if err != nil {
		return nil, err
	}
	return session.Resume(root, o.resume, p.catalogue)
}

// startRun plans a new run, and creates its folder.
func (o *runOptions) startRun(cmd *cobra.Command) (*session.Session, error) {
	planned, err := o.choice.plan(cmd.Context(), &o.global.project)
	if err != nil {
		return nil, err
	}
	dir := o.out
	if dir == "" {
		name := time.Now().Format("20060102-150405-") + planned.plan.Profile.Name
		dir = filepath.Join(planned.root, "reports", name)
	}
	return session.Create(planned.root, dir, planned.plan, planned.encoded)
}

// serveLive starts the live page, and prints its address.
func (o *runOptions) serveLive(s *session.Session, stderr io.Writer) error {
	page, err := s.Serve(o.listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "live: %s (Prometheus metrics at %smetrics)\n", page.URL(), page.URL())
	if !page.Loopback() {
		fmt.Fprintln(stderr, "! everyone who can reach this address can read the page")
	}
	return nil
}

// runResult holds what run and demo print with --json.
type runResult struct {
	RunDir   string          `json:"run_dir"`
	Report   string          `json:"report"` // file
	Verdicts *bench.Verdicts `json:"verdicts"`
}

func (o *runOptions) print(stdout io.Writer, r *session.Result) error {
	page := filepath.Join(r.Dir, report.File("html"))
	if o.asJSON {
		return text.WriteJSON(stdout, runResult{RunDir: r.Dir, Report: page, Verdicts: r.Verdicts})
	}
	if err := o.global.printVerdicts(stdout, r.Document); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "\nreport: %s\n", page)
	return err
}

// gate returns the error that the verdicts ask for.
func (o *runOptions) gate(v *bench.Verdicts) error {
	if len(v.Void) > 0 {
		return &codedError{exitVoid, fmt.Errorf("this run is void as evidence: %s", strings.Join(v.Void, "; "))}
	}
	for _, claim := range v.Claims {
		if slices.Contains(o.failOn, claim.Verdict) {
			return &codedError{
				exitGate,
				fmt.Errorf("claim %s is %s, and --fail-on names that verdict", claim.ID, claim.Verdict),
			}
		}
	}
	return nil
}
