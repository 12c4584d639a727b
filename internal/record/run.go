package record

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// Run is a run directory as it was read. Hits stay on disk until EachHit reads them.
type Run struct {
	Dir         string
	Plan        bench.Plan
	PlanHash    string // SHA-256 of plan.json, in hex
	Environment bench.Environment
	Journal     []Entry
	// Certificates are the load generator's, one for each session; old runs have none.
	Certificates []bench.Certificate
	// Results holds the finished trials, in the order of the plan.
	Results []bench.TrialResult
	// Warnings say what in the directory could not be used; Unusable lists the trials that were made but
	// cannot be used.
	Warnings, Unusable []string

	firstOf map[string]int // first trial with each hash of hits
}

// Open reads a run directory. A missing or damaged trial becomes a warning; a directory without a readable
// plan is an error.
func Open(dir string) (*Run, error) {
	r := &Run{Dir: filepath.Clean(dir), firstOf: map[string]int{}}
	data, err := os.ReadFile(filepath.Join(dir, PlanFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a run directory: it has no %s", dir, PlanFile)
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &r.Plan); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, PlanFile), err)
	}
	if r.Plan.Schema > bench.PlanSchema {
		return nil, fmt.Errorf("%s was written by a newer bench (schema %d; this one reads up to %d)",
			dir, r.Plan.Schema, bench.PlanSchema)
	}
	sum := sha256.Sum256(data)
	r.PlanHash = hex.EncodeToString(sum[:])
	if err := readJSON(filepath.Join(dir, EnvironmentFile), &r.Environment); err != nil {
		r.Warnings = append(r.Warnings, r.Relative(err))
	}
	if err := r.readJournal(); err != nil {
		return nil, err
	}
	r.readCertificates()
	for _, t := range r.Plan.Trials {
		r.readTrial(t)
	}
	return r, nil
}

func (r *Run) readJournal() error {
	damaged, err := readLines(filepath.Join(r.Dir, JournalFile), &r.Journal)
	if damaged > 0 {
		r.Warnings = append(r.Warnings, "the journal has a damaged line")
	}
	return err
}

func (r *Run) readCertificates() {
	damaged, err := readLines(filepath.Join(r.Dir, CertificateFile), &r.Certificates)
	if damaged > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Warnings = append(r.Warnings, CertificateFile+" is damaged")
	}
}

// readLines appends the values of a file of JSON lines, and counts the lines that do not parse.
func readLines[T any](path string, into *[]T) (damaged int, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			damaged++
			continue
		}
		*into = append(*into, v)
	}
	return damaged, lines.Err()
}

// readTrial reads a trial. It leaves the trial out, with a warning, if its files are not the recorded ones,
// or belong to another trial, plan or machine.
func (r *Run) readTrial(t bench.Trial) {
	leftOut := func(format string, args ...any) {
		why := fmt.Sprintf("trial %d is left out: ", t.N) + fmt.Sprintf(format, args...)
		r.Warnings, r.Unusable = append(r.Warnings, why), append(r.Unusable, why)
	}
	var result bench.TrialResult
	err := readJSON(filepath.Join(r.Dir, TrialsFolder, t.Folder(), ResultFile), &result)
	ended := r.ended(t.N)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if ended != nil {
			leftOut("the journal has it, but its %s is missing", ResultFile)
		}
		return
	case err != nil:
		leftOut("%s", r.Relative(err))
		return
	case result.Trial.N != t.N || result.Trial.Arm() != t.Arm() || result.Trial.Round != t.Round:
		leftOut("the result in %s is not of that trial", t.Folder())
		return
	case result.PlanHash != "" && result.PlanHash != r.PlanHash:
		leftOut("it was made with another plan")
		return
	case result.Machine != r.Environment.Machine && result.Machine != "":
		leftOut("it was made on another machine")
		return
	}
	if r.Plan.Schema >= sumsSince && (ended == nil || len(ended.Sums) < len(summed)) {
		leftOut("the journal does not record its end with the hashes of its files")
		return
	}
	if ended != nil && len(ended.Sums) > 0 {
		for _, name := range slices.Sorted(maps.Keys(ended.Sums)) {
			if got, err := Sum(filepath.Join(r.Dir, TrialsFolder, t.Folder(), name)); err != nil || got != ended.Sums[name] {
				leftOut("its %s is not the file that was recorded", name)
				return
			}
		}
		if first, copied := r.firstOf[ended.Sums[HitsFile]]; copied && result.Valid && result.Hits() > 0 {
			leftOut("its hits are those of trial %d", first)
			return
		}
		r.firstOf[ended.Sums[HitsFile]] = t.N
	}
	r.Results = append(r.Results, result)
}

// sumsSince is the first plan schema whose journals hold the hashes of trials.
const sumsSince = 4

// Excluded returns the cells that the last session left out because they did not keep the contract, with
// the reason. Those of earlier sessions do not count: the fault may have been repaired since.
func (r *Run) Excluded() map[bench.Cell]string { return r.left(EventExclude) }

// Missing returns the cells that it left out because the machine lacks something that they need.
func (r *Run) Missing() map[bench.Cell]string { return r.left(EventMissing) }

func (r *Run) left(event string) map[bench.Cell]string {
	out := map[bench.Cell]string{}
	for _, e := range r.Journal {
		switch e.Event {
		case EventBegin:
			clear(out)
		case event:
			out[bench.Cell{Arm: e.Arm, Level: e.Level}] = e.Reason
		}
	}
	return out
}

// Dropped reports whether a look before that round dropped the cell, because no claim needed it any
// longer.
func (r *Run) Dropped(cell bench.Cell, round int) bool {
	return slices.ContainsFunc(r.Journal, func(e Entry) bool {
		return e.Event == EventDrop && e.Round < round && e.Arm == cell.Arm && e.Level == cell.Level
	})
}

// Commons returns the smallest capacity of each group that the run has fixed its common rates by, in
// requests per second.
func (r *Run) Commons() map[string]float64 {
	commons := map[string]float64{}
	for _, e := range r.Journal {
		if e.Event == EventCommon {
			commons[e.Arm] = e.Rate
		}
	}
	return commons
}

// Looks returns the rounds after which the run was judged while it went on.
func (r *Run) Looks() (rounds []int) {
	for _, e := range r.Journal {
		if e.Event == EventLook {
			rounds = append(rounds, e.Round)
		}
	}
	return rounds
}

// Launched reports whether the trial of that number was made, even if its files cannot be used.
func (r *Run) Launched(trial int) bool { return r.Done(trial) || r.ended(trial) != nil }

// OutOfTime reports whether the budget stopped the run that it was started with, in one session. Then
// the end was fixed before there was anything to see.
func (r *Run) OutOfTime() bool {
	sessions, budgeted, ended := 0, false, false
	for _, e := range r.Journal {
		switch e.Event {
		case EventBegin:
			sessions++
			budgeted = e.Budget != ""
		case EventBudget:
			ended = true
		}
	}
	return sessions == 1 && budgeted && ended
}

// ended returns the journal's last entry about the end of the trial, or nil.
func (r *Run) ended(trial int) *Entry {
	for i := len(r.Journal) - 1; i >= 0; i-- {
		if e := &r.Journal[i]; e.Event == EventTrial && e.Trial == trial {
			return e
		}
	}
	return nil
}

// Relative returns an error's text without the directory's own path, so that verdicts do not depend on
// where the directory lies.
func (r *Run) Relative(err error) string {
	return strings.ReplaceAll(err.Error(), r.Dir+string(filepath.Separator), "")
}

// Done reports whether the trial of that number is finished and usable.
func (r *Run) Done(trial int) bool {
	return slices.ContainsFunc(r.Results, func(t bench.TrialResult) bool { return t.Trial.N == trial })
}

// EachHit calls f with every hit of a trial, in the order in which the hits were done.
func (r *Run) EachHit(t bench.Trial, f func(phase string, h bench.Hit)) error {
	return EachHit(filepath.Join(r.Dir, TrialsFolder, t.Folder(), HitsFile), f)
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	return nil
}
