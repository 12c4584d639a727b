// Package session carries out a run, from its plan to its reports. A run takes one session, or more if
// it was interrupted: Create starts the first, Resume a later one. Measure then launches and drives the
// servers, and Finish judges the directory and writes the reports.
package session

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/rejudge"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/text"
)

// Session writes to one run directory. Close releases the directory.
type Session struct {
	Plan *bench.Plan

	root    string // the project's folder
	writer  *record.Writer
	earlier *record.Run    // what earlier sessions recorded; nil in the first
	page    *live.Standing // nil if no live page is served
}

// Create creates the directory of a new run, with its encoded plan. Root is the project's folder.
func Create(root, dir string, p *bench.Plan, encoded []byte) (*Session, error) {
	writer, err := record.Create(dir, encoded)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, advice.BadInput("choose another folder with --out, or continue an interrupted run with --resume",
			"%s exists already, and bench never overwrites evidence", dir)
	case err != nil:
		return nil, advice.Failed("choose a folder that you may write to, with --out", "%w", err)
	}
	return &Session{Plan: p, root: root, writer: writer}, nil
}

// Resume opens the directory of an interrupted run. The run keeps its own plan. Resume refuses servers
// and services whose sources have changed since.
func Resume(root, dir string, now *plan.Catalogue) (*Session, error) {
	earlier, err := record.Open(dir)
	if err != nil {
		return nil, advice.BadInput("pass the folder that the interrupted run printed", "resume: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, record.VerdictsFile)); err == nil {
		return nil, advice.BadInput("to see its verdicts: bench judge "+dir,
			"%s is complete, so there is nothing to resume", dir)
	}
	if err := sameSources(&earlier.Plan, now); err != nil {
		return nil, err
	}
	writer, err := record.Append(dir)
	if err != nil {
		return nil, err
	}
	return &Session{Plan: &earlier.Plan, root: root, writer: writer, earlier: earlier}, nil
}

// sameSources checks that the catalogue has the sources that the plan was made with.
func sameSources(p *bench.Plan, now *plan.Catalogue) error {
	const hint = "check out the sources that the run started with, or start a new run"
	for _, t := range p.Targets {
		name := cmp.Or(t.TwinOf, t.Name)
		same := func(is bench.Target) bool { return is.Name == name && is.Digest == t.Digest }
		if !slices.ContainsFunc(now.Targets, same) {
			return advice.BadInput(hint, "resume: the sources of %s have changed since the run started", t.Name)
		}
	}
	for _, service := range p.Services {
		same := func(is bench.Service) bool { return is.Name == service.Name && is.Digest == service.Digest }
		if !slices.ContainsFunc(now.Services, same) {
			return advice.BadInput(hint, "resume: the sources of service %s have changed since the run started", service.Name)
		}
	}
	return nil
}

// Dir is the run directory.
func (s *Session) Dir() string { return s.writer.Dir }

// Done reports whether an earlier session made that trial.
func (s *Session) Done(trial int) bool { return s.earlier != nil && s.earlier.Done(trial) }

// Close stops the live page, and releases the run directory.
func (s *Session) Close() error {
	if s.page != nil {
		return errors.Join(s.page.Close(), s.writer.Close())
	}
	return s.writer.Close()
}

// Abort returns the error of a session that could not go on. What the run recorded is kept, and the
// hint says how to resume. A new folder in which nothing was recorded is removed, so that you can give
// the same command again.
func (s *Session) Abort(why error) error {
	dir, hint := s.Dir(), HintOf(why)
	r, err := record.Open(dir)
	if err == nil && len(r.Results) == 0 && len(r.Excluded()) == 0 && s.earlier == nil {
		return errors.Join(&advice.Error{Err: why, Hint: hint, BadInput: advice.IsBadInput(why)}, os.RemoveAll(dir))
	}
	if hint != "" {
		hint += "; then "
	}
	return &advice.Error{
		Err:      why,
		Hint:     hint + "continue with: bench run --resume " + dir,
		BadInput: advice.IsBadInput(why),
	}
}

// Result is a finished run.
type Result struct {
	compare.Run
	Document *report.Document
}

// Finish judges the run from its directory, and writes the verdicts and the reports.
func (s *Session) Finish(ctx context.Context, brand *report.Brand) (*Result, error) {
	r, err := rejudge.Open(s.Dir())
	if err != nil {
		return nil, err
	}
	encoded, err := text.JSON(r.Verdicts)
	if err != nil {
		return nil, err
	}
	if err := s.writer.Verdicts(encoded); err != nil {
		return nil, err
	}
	d, err := report.Build(r.Run, r.Verdicts, r.Summaries)
	if err != nil {
		return nil, err
	}
	if s.page != nil {
		s.page.Doing("done: the report is in " + s.Dir())
		s.page.Judged(lastRound(r.Run), r.Verdicts)
	}
	d.Brand = brand
	if _, err := d.WriteFiles(ctx, s.Dir(), "html", "md", "json"); err != nil {
		return nil, err
	}
	return &Result{Run: r, Document: d}, nil
}

// lastRound returns the last round of which a trial was made.
func lastRound(r *record.Run) (last int) {
	for _, t := range r.Results {
		last = max(last, t.Trial.Round)
	}
	return last
}
