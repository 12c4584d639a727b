package report

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// WriteFiles writes the file of each format and report.sha256 into the run directory, and returns the names
// of the reports. It replaces older reports, since they are derived from the evidence. It always writes
// report.json, which ReadMade reads. If one format fails, it still writes the others.
func (d *Document) WriteFiles(ctx context.Context, dir string, formats ...string) (names []string, failed error) {
	if !slices.Contains(formats, "json") {
		formats = append(formats, "json")
	}
	for _, format := range formats {
		data, err := d.Encode(ctx, format)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, File(format)), data, 0o644)
		}
		if err == nil {
			names = append(names, File(format))
		}
		failed = errors.Join(failed, err)
	}
	return names, errors.Join(failed, record.WriteChecksums(dir, names...))
}

// Made holds how the reports in a run directory were made. Build does not know it.
type Made struct {
	Generator string          `json:"generator"`
	Brand     *Brand          `json:"brand"`
	FailOn    []bench.Verdict `json:"fail_on"`
}

// ReadMade reads how the reports were made from report.json.
func ReadMade(dir string) (m Made, err error) {
	data, err := os.ReadFile(filepath.Join(dir, File("json")))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	return m, err
}
