package rejudge

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/text"
)

// RunDirectoryHint says what a run directory is.
const RunDirectoryHint = "pass a directory that bench run created, such as reports/TIME-PROFILE"

// Open reads a run directory and judges it.
func Open(dir string) (compare.Run, error) {
	r, err := record.Open(dir)
	if err != nil {
		return compare.Run{}, advice.BadInput(RunDirectoryHint, "%w", err)
	}
	verdicts, summaries, err := judge.Judge(r)
	if err != nil {
		return compare.Run{}, err
	}
	return compare.Run{Run: r, Verdicts: verdicts, Summaries: summaries}, nil
}

// Document returns the report of a run directory. If the verdicts are not those of the directory's own
// verdicts.json, the report says so.
func Document(dir string) (*report.Document, error) {
	r, err := Open(dir)
	if err != nil {
		return nil, err
	}
	encoded, err := text.JSON(r.Verdicts)
	if err != nil {
		return nil, err
	}
	d, err := report.Build(r.Run, r.Verdicts, r.Summaries)
	if err != nil {
		return nil, err
	}
	stored, err := os.ReadFile(filepath.Join(dir, record.VerdictsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.AddMismatch("the run has no verdicts.json because it did not finish; these verdicts use what it recorded so far")
	case err != nil:
		return nil, err
	case !bytes.Equal(stored, encoded):
		d.AddMismatch("judged again, the run gives other verdicts than its verdicts.json: " +
			"either files were changed, or this version of bench judges differently")
	}
	return d, nil
}
