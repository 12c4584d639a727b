package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/report"
	conduct "github.com/claimbench/claimbench/internal/run"
	"github.com/claimbench/claimbench/internal/target"
)

// session is one invocation of run or demo.
type session struct {
	choice
	out, resume, listen string
	failOn              []string
	stdout, stderr      io.Writer
}

func newDemo(p *project) *cobra.Command {
	s := &session{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Measure every reference server for about two minutes: a first look, no Docker needed",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd, p) },
	}
	s.flags(cmd, p, "demo", "process")
	return cmd
}

func newRun(p *project) *cobra.Command {
	s := &session{}
	cmd := &cobra.Command{
		Use: "run", Short: "Measure the servers and judge the claims",
		Example: "  bench run --profile quick\n  bench run --profile ci --scenario json --fail-on contradicted\n  bench run --resume reports/20260414-101500-quick",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.run(cmd, p) },
	}
	s.flags(cmd, p, "quick", "auto")
	return cmd
}

func (s *session) flags(cmd *cobra.Command, p *project, profile, runner string) {
	s.choice.flags(cmd, p, profile, runner)
	f := cmd.Flags()
	f.StringVar(&s.out, "out", "", "folder for the run, which must not exist (default: reports/TIME-PROFILE)")
	f.StringVar(&s.resume, "resume", "", "go on with an interrupted run in this folder")
	f.StringVar(&s.listen, "listen", "", "serve Prometheus metrics of the run on this address, such as 127.0.0.1:9464")
	f.StringSliceVar(&s.failOn, "fail-on", nil, "exit with 3 if a claim has this verdict, such as contradicted")
	cmd.MarkFlagDirname("resume")
	cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(bench.VerdictNames, cobra.ShellCompDirectiveNoFileComp))
}

func (s *session) run(cmd *cobra.Command, p *project) error {
	s.stdout, s.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	for _, v := range s.failOn {
		if !slices.Contains(bench.VerdictNames, v) {
			return badInput("known are "+strings.Join(bench.VerdictNames, ", "), "unknown verdict %q for --fail-on", v)
		}
	}
	root, dir, made, writer, old, err := s.open(cmd, p)
	if err != nil {
		return err
	}
	defer writer.Close()
	measured := s.measure(cmd.Context(), root, made, writer, old)
	interrupted := cmd.Context().Err() != nil
	if interrupted {
		writer.Journal(record.Entry{Event: record.EventInterrupted})
	}
	if measured != nil {
		if interrupted {
			measured = errors.New("interrupted; all servers were stopped")
		}
		return s.broken(measured, dir)
	}
	return s.finish(dir, writer)
}

// broken is the failure of a run that could not go on. What was found is kept;
// a new folder in which nothing was found is removed, so that the same command can be given again.
func (s *session) broken(why error, dir string) error {
	f := &failure{code: codeOf(why), err: why, hint: hintOf(why)}
	r, err := record.Open(dir)
	if err == nil && len(r.Results) == 0 && len(r.Excluded()) == 0 && s.resume == "" {
		os.RemoveAll(dir)
		return f
	}
	if f.hint != "" {
		f.hint += "; then "
	}
	f.hint += "go on with: bench run --resume " + dir
	return f
}

// open makes the run's directory with its plan, or opens the one to resume; old
// is then what its earlier sessions recorded, and else nil.
func (s *session) open(cmd *cobra.Command, p *project) (root, dir string, made *bench.Plan, w *record.Writer, old *record.Run, err error) {
	ctx := cmd.Context()
	if s.resume != "" {
		for _, name := range []string{"profile", "claims", "runner", "scenario", "target", "seed", "out"} {
			if cmd.Flags().Changed(name) {
				err = badInput("the run keeps to the plan in its folder", "--resume takes no --%s", name)
				return
			}
		}
		if root, err = p.root(); err != nil {
			return
		}
		if old, err = record.Open(s.resume); err != nil {
			err = badInput("", "resume: %w", err)
			return
		}
		if _, sealed := os.Stat(filepath.Join(s.resume, record.VerdictsFile)); sealed == nil {
			err = badInput("bench report "+s.resume+" shows it", "%s is complete: there is nothing to resume", s.resume)
			return
		}
		if err = unchanged(ctx, p, old); err != nil {
			return
		}
		dir, made = s.resume, &old.Plan
		w, err = record.Append(dir)
	} else {
		var encoded []byte
		if root, made, encoded, err = s.plan(ctx, p); err != nil {
			return
		}
		if dir = s.out; dir == "" {
			dir = filepath.Join(root, "reports", time.Now().Format("20060102-150405-")+made.Profile.Name)
		}
		w, err = record.Create(dir, encoded)
		if errors.Is(err, fs.ErrExist) {
			err = badInput("evidence is never overwritten: choose another --out, or --resume an interrupted run", "%s exists", dir)
		} else if err != nil {
			err = &failure{code: exitError, err: err, hint: "choose a folder that can be written with --out"}
		}
	}
	if err == nil {
		err = w.Journal(record.Entry{Event: record.EventBegin})
	}
	return
}

// unchanged refuses to resume a run whose servers have other sources now.
func unchanged(ctx context.Context, p *project, old *record.Run) error {
	if _, err := p.load(ctx); err != nil {
		return err
	}
	for _, t := range old.Plan.Targets {
		same := func(now bench.Target) bool { return now.Name == t.Name && now.Digest == t.Digest }
		if !slices.ContainsFunc(p.catalogue.Targets, same) {
			return badInput("check out the sources that the run began with, or begin a new run", "resume: %s has changed since the run began", t.Name)
		}
	}
	return nil
}

// measure makes the trials that are not done.
func (s *session) measure(ctx context.Context, root string, made *bench.Plan, w *record.Writer, old *record.Run) (err error) {
	done, before := func(int) bool { return false }, (*bench.Environment)(nil)
	if old != nil {
		done = old.Done
		if !old.Environment.Time.IsZero() {
			before = &old.Environment
		}
	}
	launcher, err := newLauncher(ctx, root, made, runLabel(w.Dir))
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if closed := launcher.Close(closing); closed != nil && err == nil {
			err = closed
		}
	}()
	progress := newProgress(s.stderr, made, done)
	defer progress.finish()
	var observer conduct.Observer = progress
	if s.listen != "" {
		metrics, err := live.Listen(s.listen, made)
		if err != nil {
			return badInput("choose another address for --listen", "%w", err)
		}
		defer metrics.Close()
		fmt.Fprintf(s.stderr, "metrics: %s\n", metrics.URL())
		observer = observers{progress, metrics}
	}
	c := &conduct.Conductor{Plan: made, Writer: w, Launcher: launcher, Observer: observer, Done: done, Before: before}
	return c.Run(ctx)
}

// runLabel names the run of a folder among all that a Docker engine may run at once.
func runLabel(dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:6])
}

func newLauncher(ctx context.Context, root string, made *bench.Plan, run string) (bench.Launcher, error) {
	cpus, err := cpuset.Parse(made.CPUs.Target)
	if err != nil {
		return nil, err
	}
	if made.Runner == "docker" {
		return target.NewDocker(ctx, root, run, cpus)
	}
	return &target.Process{Root: root, CPUs: cpus}, nil
}

// finish judges the run from its directory, writes the reports, and prints the verdicts.
func (s *session) finish(dir string, w *record.Writer) error {
	r, err := record.Open(dir)
	if err != nil {
		return err
	}
	verdicts, summaries, err := judge.Judge(r)
	if err != nil {
		return err
	}
	encoded, err := judge.Encode(verdicts)
	if err != nil {
		return err
	}
	if err := w.Verdicts(encoded); err != nil {
		return err
	}
	document, err := report.Build(r, verdicts, summaries)
	if err != nil {
		return err
	}
	if err := document.WriteFiles(dir, "html", "md", "json"); err != nil {
		return err
	}
	if err := document.Terminal(s.stdout); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "\nreport: %s\n", filepath.Join(dir, "report.html"))
	return s.gate(verdicts)
}

// gate is the exit code that the verdicts ask for.
func (s *session) gate(v *bench.Verdicts) error {
	if len(v.Void) > 0 {
		return &failure{code: exitVoid, err: fmt.Errorf("this run is void as evidence: %s", strings.Join(v.Void, "; "))}
	}
	for _, claim := range v.Claims {
		if slices.Contains(s.failOn, string(claim.Verdict)) {
			return &failure{code: exitGate, err: fmt.Errorf("claim %s is %s, and --fail-on names that", claim.ID, claim.Verdict)}
		}
	}
	return nil
}
