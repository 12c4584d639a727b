package rejudge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/sign"
	"github.com/claimbench/claimbench/internal/text"
)

// Check is one thing that a verification looked at.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Text  string `json:"text"` // what was checked, or why not
	// Files names the files that were checked, if the check is one of files. They are paths in the directory.
	Files []string `json:"-"`
}

// State is the outcome of a check. A check that fails is an error instead.
type State string

// States of a check.
const (
	Passed  State = "passed"
	Skipped State = "skipped"
)

func (c Check) String() string {
	sign := "✓"
	if c.State == Skipped {
		sign = "–"
	}
	return fmt.Sprintf("%s %s: %s", sign, c.Name, c.Text)
}

// Verifier verifies one run directory.
type Verifier struct {
	Dir string
	// Self is the version of this program.
	Self string
	// Report is called after each check.
	Report func(Check)
}

func (v Verifier) passed(name, format string, args ...any) {
	v.Report(Check{Name: name, State: Passed, Text: fmt.Sprintf(format, args...)})
}

func (v Verifier) skipped(name, format string, args ...any) {
	v.Report(Check{Name: name, State: Skipped, Text: fmt.Sprintf(format, args...)})
}

// tampered returns the error of a file that is not as it was recorded.
func tampered(err error) error {
	return advice.Failed("do not use this run as evidence; get its files again from where it was made", "verify: %w", err)
}

// Run checks everything except the signature: that every file is as recorded, that the raw hits give
// the verdicts, and that the evidence gives the reports. The error names the first difference.
func (v Verifier) Run(ctx context.Context) (compare.Run, error) {
	if _, err := os.Stat(filepath.Join(v.Dir, record.PlanFile)); err != nil {
		return compare.Run{}, advice.BadInput(RunDirectoryHint, "%s is not a run directory: %w", v.Dir, err)
	}
	files, err := record.Verify(v.Dir)
	if err != nil {
		return compare.Run{}, tampered(err)
	}
	r, err := Open(v.Dir)
	if err != nil {
		return compare.Run{}, err
	}
	v.Report(Check{
		Name:  "evidence",
		State: Passed,
		Text:  fmt.Sprintf("all %d files match manifest.json, and there are no others", len(files)),
		Files: files,
	})
	if err := v.verdicts(r); err != nil {
		return compare.Run{}, err
	}
	if err := v.reports(ctx, r); err != nil {
		return compare.Run{}, err
	}
	return r, nil
}

// verdicts checks that verdicts.json follows from the raw hits.
func (v Verifier) verdicts(r compare.Run) error {
	stored, err := os.ReadFile(filepath.Join(v.Dir, record.VerdictsFile))
	if err != nil {
		return err
	}
	judged, err := text.JSON(r.Verdicts)
	if err != nil {
		return err
	}
	if bytes.Equal(stored, judged) {
		v.passed("verdicts", "judged again from %d trials, the same to the byte", len(r.Results))
		return nil
	}
	difference := record.JSONDifference[bench.Verdicts](stored, judged)
	if difference == "" {
		v.passed("verdicts", "judged again from %d trials, the same except for the last digits of numbers, "+
			"which processors round differently", len(r.Results))
		return nil
	}
	hint := ""
	if made := r.Environment.Bench; made != v.Self {
		hint = fmt.Sprintf("bench %q made this run, and this is bench %q, which may judge differently", made, v.Self)
	}
	return advice.Failed(hint, "verify: %s does not follow from the raw hits: %s", record.VerdictsFile, difference)
}

// reports checks the reports against report.sha256, and against what this program renders now.
func (v Verifier) reports(ctx context.Context, r compare.Run) error {
	files, err := record.VerifyRenderings(v.Dir)
	if err != nil {
		return tampered(err)
	}
	if len(files) == 0 {
		v.skipped("reports", "the directory has none")
		return nil
	}
	for _, name := range files {
		known := func(format string) bool { return report.File(format) == name }
		if name != record.AttestationFile && !slices.ContainsFunc(report.Formats, known) {
			return tampered(&record.Difference{File: name, Problem: "is not a report that bench writes"})
		}
	}
	v.Report(Check{
		Name:  "reports",
		State: Passed,
		Text:  strings.Join(files, ", ") + " match report.sha256",
		Files: files,
	})
	same, err := v.render(ctx, r, files)
	if err != nil {
		return err
	}
	v.passed("rendering", "made again from the evidence, the same to the byte: %s", strings.Join(same, ", "))
	if pdf := report.File("pdf"); slices.Contains(files, pdf) {
		v.skipped(pdf, "a browser made it, so only its checksum is checked; its content must match %s", report.File("html"))
	}
	return nil
}

// render renders each format of the files again, except PDF, and returns those that are the same.
func (v Verifier) render(ctx context.Context, r compare.Run, files []string) (same []string, err error) {
	d, err := report.Build(r.Run, r.Verdicts, r.Summaries)
	if err != nil {
		return nil, err
	}
	made, err := report.ReadMade(v.Dir)
	if err != nil {
		return nil, tampered(&record.Difference{
			File:    report.File("json"),
			Problem: "does not say how the reports were made: " + err.Error(),
		})
	}
	self := d.Generator
	d.Generator, d.Brand, d.FailOn = made.Generator, made.Brand, made.FailOn
	for _, format := range report.Formats {
		if format == "pdf" || !slices.Contains(files, report.File(format)) {
			continue
		}
		stored, err := os.ReadFile(filepath.Join(v.Dir, report.File(format)))
		if err != nil {
			return nil, err
		}
		again, err := d.Encode(ctx, format)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(stored, again) {
			where := fmt.Sprintf("%s does not follow from the evidence: line %d differs",
				report.File(format), firstLine(stored, again))
			return nil, advice.Failed(v.renderHint(r, made.Generator, self), "verify: %s", where)
		}
		same = append(same, format)
	}
	return same, nil
}

// renderHint says what to do about a report that the program made, and that this program, self,
// renders differently.
func (v Verifier) renderHint(r compare.Run, made, self string) string {
	hint := "bench report " + v.Dir + " writes it again"
	if made != self || r.Environment.Arch != runtime.GOARCH {
		hint = fmt.Sprintf("bench %q rendered it on %q, and this is bench %q on %s, which may render it differently; %s",
			made, r.Environment.Arch, self, runtime.GOARCH, hint)
	}
	return hint
}

// Signature checks that the run is signed with the key, in PEM. Without a key it reports that the
// signature of a signed run was not checked.
func (v Verifier) Signature(ctx context.Context, key []byte) error {
	_, err := os.Stat(filepath.Join(v.Dir, record.AttestationFile))
	signed := !errors.Is(err, fs.ErrNotExist)
	switch {
	case key == nil && signed:
		v.skipped("signature", "not checked; pass the signer's key with --key")
		return nil
	case key == nil:
		return nil
	case !signed:
		return advice.Failed("to sign it: bench sign "+v.Dir+" --key KEY", "verify: %s is not signed", v.Dir)
	}
	id, err := sign.Verify(ctx, v.Dir, key)
	var d *record.Difference
	switch {
	case errors.As(err, &d):
		return tampered(err)
	case errors.Is(err, sign.ErrKey):
		return advice.BadInput("pass an Ed25519 key as PEM with --key", "verify: %w", err)
	case err != nil:
		return err
	}
	v.passed("signature", "covers manifest, verdicts and reports, by key %s", id)
	return nil
}

// firstLine returns the number of the first line in which two texts differ.
func firstLine(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return 1 + bytes.Count(a[:n], []byte{'\n'})
}
