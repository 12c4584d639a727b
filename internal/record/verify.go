package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/text"
)

// Names of files that are derived from the evidence.
const (
	// RenderingsFile holds the SHA-256 of the reports and of the attestation, in the format of sha256sum.
	RenderingsFile  = "report.sha256"
	AttestationFile = "attestation.json"
)

// Difference is an error: a file of a run directory is not the file that was recorded.
type Difference struct {
	File    string // path in the directory
	Problem string
}

func (d *Difference) Error() string { return d.File + " " + d.Problem }

// Verify recomputes the SHA-256 of every file of evidence and compares it with manifest.json. It returns the
// names of the files, sorted. The error is the first Difference by file name, or says why the directory cannot be read.
func Verify(dir string) (files []string, err error) {
	if _, err := os.Lstat(filepath.Join(dir, lockFile)); err == nil {
		return nil, &Difference{lockFile, "exists: a bench is writing the run, or was stopped while it did"}
	}
	stored, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Difference{ManifestFile, "is missing: the run was not finished"}
	} else if err != nil {
		return nil, err
	}
	now, err := Sums(dir)
	if err != nil {
		return nil, err
	}
	then := map[string]string{}
	if err := json.Unmarshal(stored, &then); err != nil {
		return nil, &Difference{ManifestFile, "is damaged: " + err.Error()}
	}
	if err := compare(then, now, ManifestFile); err != nil {
		return nil, err
	}
	if encoded, err := text.JSON(now); err != nil || !bytes.Equal(encoded, stored) {
		return nil, &Difference{ManifestFile, "has the right hashes, but not the bytes that bench writes"}
	}
	return slices.Sorted(maps.Keys(now)), nil
}

// VerifyRenderings does the same for the files that are derived from the evidence, with report.sha256. A run
// without reports has no such files.
func VerifyRenderings(dir string) (files []string, err error) {
	now, err := renderings(dir)
	if err != nil {
		return nil, err
	}
	files = slices.Sorted(maps.Keys(now))
	stored, err := os.ReadFile(filepath.Join(dir, RenderingsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(now) == 0:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Difference{RenderingsFile, "is missing, so " + files[0] + " cannot be checked"}
	case err != nil:
		return nil, err
	}
	then := parseChecksums(stored)
	if err := compare(then, now, RenderingsFile); err != nil {
		return nil, err
	}
	if !bytes.Equal(checksums(now), stored) {
		return nil, &Difference{RenderingsFile, "has the right hashes, but not the bytes that bench writes"}
	}
	return files, nil
}

// compare returns a Difference for the first file whose hash has changed.
func compare(then, now map[string]string, list string) error {
	all := maps.Clone(then)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch want, got := then[name], now[name]; {
		case got == "":
			return &Difference{name, "is missing, but " + list + " lists it"}
		case want == "":
			return &Difference{name, "is not in " + list}
		case want != got:
			return &Difference{name, fmt.Sprintf("has changed: its SHA-256 is %s, but %s lists %s", got, list, want)}
		}
	}
	return nil
}

// WriteChecksums writes the hashes of those files into report.sha256. Hashes of other files stay, so that later
// changes to them are found; hashes of files that are gone are removed.
func WriteChecksums(dir string, names ...string) error {
	now, err := renderings(dir)
	if err != nil {
		return err
	}
	stored, err := os.ReadFile(filepath.Join(dir, RenderingsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sums := parseChecksums(stored)
	maps.DeleteFunc(sums, func(name, _ string) bool { return now[name] == "" })
	for _, name := range names {
		sums[name] = now[name]
	}
	return os.WriteFile(filepath.Join(dir, RenderingsFile), checksums(sums), 0o644)
}

// Renderings returns the names of the reports in the directory, sorted.
func Renderings(dir string) ([]string, error) {
	sums, err := renderings(dir)
	delete(sums, AttestationFile)
	return slices.Sorted(maps.Keys(sums)), err
}

// renderings returns the hashes of the derived files, except for the list of them.
func renderings(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, e := range entries {
		if name := e.Name(); derived(name) && name != RenderingsFile {
			if !e.Type().IsRegular() {
				return nil, &Difference{name, "is not a regular file"}
			}
			if sums[name], err = Sum(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		}
	}
	return sums, nil
}

// derived reports whether a path in a run directory is made from the evidence.
func derived(name string) bool {
	return strings.HasPrefix(name, "report.") || name == AttestationFile
}

// parseChecksums reads the output of checksums. A line in another format names no file.
func parseChecksums(text []byte) map[string]string {
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		sums[name] = sum
	}
	return sums
}

// checksums formats hashes as sha256sum does.
func checksums(sums map[string]string) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&b, "%s  %s\n", sums[name], name)
	}
	return b.Bytes()
}
