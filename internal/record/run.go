package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// Names of the files of a run directory.
const (
	PlanFile        = "plan.json"
	EnvironmentFile = "environment.json"
	JournalFile     = "journal.jsonl"
	CertificateFile = "certificates.jsonl"
	VerdictsFile    = "verdicts.json"
	ManifestFile    = "manifest.json"
	TrialsFolder    = "trials"
	ResultFile      = "result.json"
	HitsFile        = "hits.parquet"
	LogFile         = "server.log"

	ConformanceFolder = "conformance"
	lockFile          = ".lock"
)

func duration(ns int64) time.Duration { return time.Duration(ns) }

// Entry is one line of the journal.
type Entry struct {
	Time   time.Time `json:"time"`
	Event  string    `json:"event"`           // see the constants
	Trial  int       `json:"trial,omitempty"` // its number in the plan
	Round  int       `json:"round,omitempty"` // of a look, the last that was judged
	Arm    string    `json:"arm,omitempty"`
	Level  string    `json:"level,omitempty"` // of an arm that was left out in part
	Valid  *bool     `json:"valid,omitempty"` // of a trial that ended
	Reason string    `json:"reason,omitempty"`
	Rate   float64   `json:"rate,omitempty"`   // 1/s
	Budget string    `json:"budget,omitempty"` // that a session began with
	// Open are the claims that a look left open.
	Undecided []string `json:"open,omitempty"`
	// Sums are the SHA-256, in hex, of the files of a trial that ended, by name.
	Sums map[string]string `json:"sha256,omitempty"`
}

// Events of the journal.
const (
	EventBegin       = "begin"       // of the run or of its resumption
	EventExclude     = "exclude"     // a cell that does not keep the contract is left out
	EventMissing     = "missing"     // a cell is left out, since it needs what is not to be had here
	EventBudget      = "budget"      // the time is up: what is known by now is judged
	EventLaunch      = "launch"      // of a trial
	EventTrial       = "trial"       // a trial ended: kept, valid or not
	EventDrop        = "drop"        // a cell is measured no more: a look found no claim that needs it
	EventCommon      = "common"      // the smallest capacity of those compared, of which common rates are shares
	EventLook        = "look"        // the rounds until then were judged, as planned
	EventSetAside    = "set aside"   // what an interrupted trial had left
	EventInterrupted = "interrupted" // by the user
	EventEnd         = "end"         // all trials were made
)

// Writer writes a run directory.
type Writer struct {
	Dir      string
	journal  *os.File
	lock     *flock.Flock // against another bench that would go on with the same run
	planHash string
	machine  string // of this session
}

// Create makes a new run directory with its plan. It refuses one that exists.
func Create(dir string, planJSON []byte) (*Writer, error) {
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return nil, fmt.Errorf("create the run directory: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the run directory: %w", err)
	}
	if err := os.Mkdir(filepath.Join(dir, TrialsFolder), 0o755); err != nil {
		return nil, err
	}
	if err := writeNew(filepath.Join(dir, PlanFile), planJSON); err != nil {
		return nil, err
	}
	return Append(dir)
}

// Append opens an existing run directory to go on with it.
func Append(dir string) (*Writer, error) {
	lock := flock.New(filepath.Join(dir, lockFile))
	if free, err := lock.TryLock(); err != nil {
		return nil, err
	} else if !free {
		return nil, fmt.Errorf("another bench is writing to %s", dir)
	}
	journal, err := openJournal(filepath.Join(dir, JournalFile))
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	planHash, err := Sum(filepath.Join(dir, PlanFile))
	if err != nil {
		return nil, errors.Join(err, journal.Close(), lock.Unlock())
	}
	return &Writer{Dir: dir, journal: journal, lock: lock, planHash: planHash}, nil
}

// openJournal opens a journal to append to. A line that a crash cut short is ended, so that it takes
// no other with it.
func openJournal(path string) (*os.File, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	journal, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err == nil && len(data) > 0 && data[len(data)-1] != '\n' {
		_, err = journal.Write([]byte{'\n'})
	}
	return journal, err
}

// Close ends the journal.
func (w *Writer) Close() error {
	err := errors.Join(w.journal.Close(), w.lock.Unlock())
	if removed := os.Remove(filepath.Join(w.Dir, lockFile)); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// Journal appends an entry, and has it on disk before it returns.
func (w *Writer) Journal(e Entry) error {
	e.Time = time.Now().UTC()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := w.journal.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return w.journal.Sync()
}

// Environment writes environment.json once; a resumed run keeps the first. The trials that
// follow are of its machine.
func (w *Writer) Environment(e bench.Environment) error {
	w.machine = e.Machine
	err := writeJSON(filepath.Join(w.Dir, EnvironmentFile), e)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Certificate appends what the instrument can do, as measured at the begin of a session.
func (w *Writer) Certificate(c bench.Certificate) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(w.Dir, CertificateFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// ConformanceLog keeps what a target wrote that did not keep its contract; the
// first of a run's sessions.
func (w *Writer) ConformanceLog(target, log string) error {
	dir := filepath.Join(w.Dir, ConformanceFolder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := writeNew(filepath.Join(dir, target+".log"), []byte(log))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Trial makes the folder of a trial and opens its hits. What an interrupted run
// left of the same trial is set aside, never overwritten.
func (w *Writer) Trial(t bench.Trial) (*Hits, error) {
	dir := w.trialDir(t)
	if _, err := os.Stat(dir); err == nil {
		if err := w.setAside(t, dir); err != nil {
			return nil, err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	return CreateHits(filepath.Join(dir, HitsFile))
}

func (w *Writer) setAside(t bench.Trial, dir string) error {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.interrupted-%d", dir, n)
		if _, err := os.Stat(aside); err == nil {
			continue
		}
		if err := os.Rename(dir, aside); err != nil {
			return err
		}
		return w.Journal(Entry{Event: EventSetAside, Trial: t.N, Arm: t.Arm(), Reason: "kept as " + filepath.Base(aside)})
	}
}

// Result writes what a trial yielded, with the plan and the machine that it is of, and its
// server's log. The journal keeps the sums of its files.
func (w *Writer) Result(r bench.TrialResult, log string) error {
	r.PlanHash, r.Machine = w.planHash, w.machine
	dir := w.trialDir(r.Trial)
	if err := writeNew(filepath.Join(dir, LogFile), []byte(log)); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, ResultFile), r); err != nil {
		return err
	}
	sums := map[string]string{}
	for _, name := range summed {
		sum, err := Sum(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		sums[name] = sum
	}
	return w.Journal(Entry{Event: EventTrial, Trial: r.Trial.N, Arm: r.Trial.Arm(), Valid: &r.Valid, Reason: r.Reason, Sums: sums})
}

// summed are the files of a trial whose sums the journal keeps.
var summed = []string{ResultFile, HitsFile, LogFile}

func (w *Writer) trialDir(t bench.Trial) string {
	return filepath.Join(w.Dir, TrialsFolder, t.Folder())
}

// Verdicts writes verdicts.json, and manifest.json over all evidence.
func (w *Writer) Verdicts(encoded []byte) error {
	if err := writeNew(filepath.Join(w.Dir, VerdictsFile), encoded); err != nil {
		return err
	}
	sums, err := Sums(w.Dir)
	if err != nil {
		return err
	}
	return writeJSON(filepath.Join(w.Dir, ManifestFile), sums)
}

// Sums are the SHA-256, in hex, of every file of evidence by its path in the directory.
func Sums(dir string) (map[string]string, error) {
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case name == ManifestFile, name == lockFile, derived(name):
			return nil
		case !entry.Type().IsRegular():
			return &Difference{filepath.ToSlash(name), "is no regular file"}
		}
		sums[filepath.ToSlash(name)], err = Sum(path)
		return err
	})
	return sums, err
}

// Sum is the SHA-256 of a file, in hex.
func Sum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func writeJSON(path string, v any) error {
	data, err := text.JSON(v)
	if err != nil {
		return err
	}
	return writeNew(path, data)
}

// writeNew writes a file that must not exist.
func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}
