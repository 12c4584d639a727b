package main

import (
	"cmp"
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
	"github.com/claimbench/claimbench/internal/calibrate"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/runner"
	"github.com/claimbench/claimbench/internal/target"
	"github.com/claimbench/claimbench/internal/text"
)

// session is one invocation of run or demo.
type session struct {
	choice
	out, resume, listen string
	brandFile           string
	brand               *report.Brand
	live                *live.Live // nil without --listen
	failOn              []string
	budget              time.Duration
	began               time.Time
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
	f.StringVar(&s.listen, "listen", "", "serve a live page of the run, and Prometheus metrics, on this address or port of loopback, such as 9464")
	f.DurationVar(&s.budget, "budget", 0, "end after about this time, preparation included, with what is known by then, such as 20m")
	f.StringSliceVar(&s.failOn, "fail-on", nil, "exit with 3 if a claim has this verdict, such as contradicted")
	brandFlag(cmd, &s.brandFile)
	cmd.MarkFlagDirname("resume")
	cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(bench.VerdictNames, cobra.ShellCompDirectiveNoFileComp))
}

func (s *session) run(cmd *cobra.Command, p *project) error {
	s.began = time.Now()
	s.stdout, s.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if s.budget < 0 {
		return badInput("write a duration such as 20m", "--budget must be positive")
	}
	err := knownVerdicts(s.failOn)
	if err == nil {
		s.brand, err = loadBrand(s.brandFile)
	}
	if err != nil {
		return err
	}
	begin := s.begin
	if s.resume != "" {
		begin = s.reopen
	}
	w, err := begin(cmd, p)
	if err != nil {
		return err
	}
	defer w.writer.Close()
	if s.listen != "" {
		if s.live, err = s.serve(w.plan); err != nil {
			return s.broken(err, w.writer.Dir)
		}
		defer s.live.Close()
	}
	begun := record.Entry{Event: record.EventBegin}
	if s.budget > 0 {
		begun.Budget = s.budget.String()
	}
	if err := w.writer.Journal(begun); err != nil {
		return err
	}
	if err := s.measure(cmd.Context(), w); err != nil {
		if cmd.Context().Err() != nil {
			w.writer.Journal(record.Entry{Event: record.EventInterrupted})
			err = errors.New("interrupted; all servers were stopped")
		}
		return s.broken(err, w.writer.Dir)
	}
	return s.finish(cmd.Context(), w.writer)
}

// work is a run to be made, or to go on with.
type work struct {
	root   string // the project's folder
	plan   *bench.Plan
	writer *record.Writer
	old    *record.Run // what earlier sessions recorded; nil for a new run
}

// begin makes the directory of a new run, with its plan.
func (s *session) begin(cmd *cobra.Command, p *project) (*work, error) {
	root, made, encoded, err := s.plan(cmd.Context(), p)
	if err != nil {
		return nil, err
	}
	dir := s.out
	if dir == "" {
		dir = filepath.Join(root, "reports", time.Now().Format("20060102-150405-")+made.Profile.Name)
	}
	writer, err := record.Create(dir, encoded)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, badInput("evidence is never overwritten: choose another --out, or --resume an interrupted run", "%s exists", dir)
	case err != nil:
		return nil, &failure{code: exitError, err: err, hint: "choose a folder that can be written with --out"}
	}
	return &work{root: root, plan: made, writer: writer}, nil
}

// reopen opens the directory of an interrupted run. It goes on with the run's own
// plan, and refuses servers whose sources are others now.
func (s *session) reopen(cmd *cobra.Command, p *project) (*work, error) {
	for _, name := range []string{"profile", "claims", "runner", "scenario", "target", "seed", "ungated", "out"} {
		if cmd.Flags().Changed(name) {
			return nil, badInput("the run keeps to the plan in its folder", "--resume takes no --%s", name)
		}
	}
	old, err := record.Open(s.resume)
	if err != nil {
		return nil, badInput("name the folder that the interrupted run told", "resume: %w", err)
	}
	if _, err := os.Stat(filepath.Join(s.resume, record.VerdictsFile)); err == nil {
		return nil, badInput("bench judge "+s.resume+" shows it", "%s is complete: there is nothing to resume", s.resume)
	}
	root, err := p.load(cmd.Context())
	if err != nil {
		return nil, err
	}
	for _, t := range old.Plan.Targets {
		name := cmp.Or(t.TwinOf, t.Name)
		same := func(now bench.Target) bool { return now.Name == name && now.Digest == t.Digest }
		if !slices.ContainsFunc(p.catalogue.Targets, same) {
			return nil, badInput("check out the sources that the run began with, or begin a new run", "resume: %s has changed since the run began", t.Name)
		}
	}
	for _, service := range old.Plan.Services {
		same := func(now bench.Service) bool { return now.Name == service.Name && now.Digest == service.Digest }
		if !slices.ContainsFunc(p.catalogue.Services, same) {
			return nil, badInput("check out the sources that the run began with, or begin a new run", "resume: service %s has changed since the run began", service.Name)
		}
	}
	writer, err := record.Append(s.resume)
	if err != nil {
		return nil, err
	}
	return &work{root: root, plan: &old.Plan, writer: writer, old: old}, nil
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

// measure makes the trials that are not done.
func (s *session) measure(ctx context.Context, w *work) (err error) {
	c := &runner.Conductor{Plan: w.plan, Writer: w.writer, Earlier: w.old}
	if s.budget > 0 {
		c.Deadline = s.began.Add(s.budget - judging)
	}
	c.Look = func(int) (map[bench.Cell]bool, []string, error) {
		r, err := record.Open(w.writer.Dir)
		if err != nil {
			return nil, nil, err
		}
		return judge.NeedsRounds(r)
	}
	if c.Launcher, err = newLauncher(ctx, w); err != nil {
		return err
	}
	if c.Certify, err = certifier(w.plan); err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if closed := c.Launcher.Close(closing); closed != nil && err == nil {
			err = closed
		}
	}()
	progress := newProgress(s.stderr, w.plan, func(n int) bool { return w.old != nil && w.old.Done(n) })
	defer progress.finish()
	c.Observer = progress
	if s.live != nil {
		c.Observer = observers{progress, &watched{Live: s.live, dir: w.writer.Dir}}
	}
	return c.Run(ctx)
}

// judging is what is left of a budget for stopping, judging and writing the reports.
const judging = 4 * time.Second

// shareRate is the highest rate at which the instrument is measured where a plan has shares of
// capacities that are yet to be found.
const shareRate = 10_000

// certifier measures the instrument in short: its capacity, and its accuracy at
// the lowest and the highest of the plan's rates.
func certifier(p *bench.Plan) (func(ctx context.Context, generator, servers cpuset.Set) (bench.Certificate, error), error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var rates []bench.Rate
	for _, t := range p.Trials {
		for _, phase := range t.Phases {
			if phase.Measure == bench.MeasureLatency && phase.Schedule.Rate > 0 {
				rates = append(rates, phase.Schedule.Rate)
			}
		}
	}
	if len(p.Profile.Shares) > 0 { // of capacities that are not known yet
		rates = append(rates, shareRate)
	}
	if len(rates) > 0 {
		rates = slices.Compact([]bench.Rate{slices.Min(rates), slices.Max(rates)})
	}
	return func(ctx context.Context, generator, servers cpuset.Set) (bench.Certificate, error) {
		return calibrate.Calibration{
			Program: program, Generator: generator, Servers: servers, Rates: rates,
			Duration: p.Profile.Measure.Duration, Connections: calibrate.DefaultConnections, Progress: func(string) {},
		}.Certify(ctx)
	}, nil
}

// runLabel names the run of a folder among all that a Docker engine may run at once.
func runLabel(dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:6])
}

func newLauncher(ctx context.Context, w *work) (bench.Launcher, error) {
	if w.plan.Runner == "docker" {
		return target.NewDocker(ctx, w.root, runLabel(w.writer.Dir))
	}
	return &target.Process{Root: w.root}, nil
}

// finish judges the run from its directory, writes the reports, and prints the verdicts.
func (s *session) finish(ctx context.Context, w *record.Writer) error {
	r, verdicts, summaries, err := rejudge(w.Dir)
	if err != nil {
		return err
	}
	encoded, err := text.JSON(verdicts)
	if err != nil {
		return err
	}
	if err := w.Verdicts(encoded); err != nil {
		return err
	}
	d, err := report.Build(r, verdicts, summaries)
	if err != nil {
		return err
	}
	if s.live != nil {
		s.live.Doing("done: the report is in " + w.Dir)
		s.live.Judged(rounds(r), verdicts)
	}
	d.Brand = s.brand
	if _, err := d.WriteFiles(ctx, w.Dir, "html", "md", "json"); err != nil {
		return err
	}
	if err := d.Terminal(s.stdout, report.TerminalOptions{}); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "\nreport: %s\n", filepath.Join(w.Dir, "report.html"))
	told := tellGitHub(s.stderr, d, s.failOn)
	if err := s.gate(verdicts); err != nil {
		return err
	}
	return told
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
