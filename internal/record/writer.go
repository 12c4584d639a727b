package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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

// Writer writes a run directory.
type Writer struct {
	Dir      string
	journal  *os.File
	lock     *flock.Flock // keeps another bench from resuming the same run
	planHash string
	machine  string // of this session
}

// Create makes a new run directory with its plan. It returns an error if the directory exists.
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

// Append opens an existing run directory to resume its run.
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

// Close closes the journal and releases the directory.
func (w *Writer) Close() error {
	err := errors.Join(w.journal.Close(), w.lock.Unlock())
	if removed := os.Remove(filepath.Join(w.Dir, lockFile)); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// Environment writes environment.json once; a resumed run keeps the first. Later trials are recorded as
// made on this machine.
func (w *Writer) Environment(e bench.Environment) error {
	w.machine = e.Machine
	err := writeJSON(filepath.Join(w.Dir, EnvironmentFile), e)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Certificate appends a certificate of the load generator, measured at the start of a session.
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

// ConformanceLog records the output of a server that did not keep its contract. A resumed run keeps the
// first.
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

// Trial makes the folder of a trial and opens its hits. The remains of an interrupted trial of the same
// number are moved aside, never overwritten.
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

// Result records the result of a trial, with the plan and the machine that it belongs to, and its server's
// log. The journal keeps the hash of each file.
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
	return w.Journal(Entry{
		Event:  EventTrial,
		Trial:  r.Trial.N,
		Arm:    r.Trial.Arm(),
		Valid:  &r.Valid,
		Reason: r.Reason,
		Sums:   sums,
	})
}

// summed lists the files of a trial whose hashes the journal keeps.
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

func writeJSON(path string, v any) error {
	data, err := text.JSON(v)
	if err != nil {
		return err
	}
	return writeNew(path, data)
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}
