// Package recordtest writes made-up run directories, hit by hit, for the tests of packages that read them.
package recordtest

import (
	"path/filepath"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// Trial is the made-up outcome of a trial.
type Trial struct {
	Result bench.TrialResult
	Hits   [][]bench.Hit // of each phase, in the order of Result.Phases
}

// Directory holds the contents of a run directory, except its plan and its trials.
type Directory struct {
	Environment  bench.Environment
	Certificates []bench.Certificate
	Journal      []record.Entry // before the trials
	After        []record.Entry // after the trials
}

// Write writes a run directory of the plan, and returns its path. Outcome returns the outcome of a trial, or nil if
// the trial was not made.
func (d Directory) Write(t testing.TB, p *bench.Plan, outcome func(bench.Trial) *Trial) (dir string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := plan.Encode(p)
	must(err)
	dir = filepath.Join(t.TempDir(), "run")
	w, err := record.Create(dir, encoded)
	must(err)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	must(w.Environment(d.Environment))
	for _, c := range d.Certificates {
		must(w.Certificate(c))
	}
	for _, e := range d.Journal {
		must(w.Journal(e))
	}
	for _, trial := range p.Trials {
		made := outcome(trial)
		if made == nil {
			continue
		}
		if made.Result.Trial.N == 0 {
			made.Result.Trial = trial
		}
		file, err := w.Trial(trial)
		must(err)
		for i, phase := range made.Result.Phases {
			file.Begin(phase.ID.String())
			for _, h := range made.Hits[i] {
				must(file.Record(h))
				if h.Good() {
					made.Result.Phases[i].GoodHits++
				}
			}
		}
		must(file.Close())
		must(w.Result(made.Result, "log\n"))
	}
	for _, e := range d.After {
		must(w.Journal(e))
	}
	return dir
}
