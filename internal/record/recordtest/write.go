// Package recordtest makes run directories up, hit by hit, for tests of what reads them.
package recordtest

import (
	"path/filepath"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// Trial is what a trial is made up to have yielded, with the hits of each of its phases.
type Trial struct {
	Result bench.TrialResult
	Hits   [][]bench.Hit // by phase, as in Result
}

// Directory is what is in a run directory beside its plan and its trials.
type Directory struct {
	Environment  bench.Environment
	Certificates []bench.Certificate
	Journal      []record.Entry // before the trials
	After        []record.Entry
}

// Write makes a run directory of the plan. make gives what a trial yielded; nil where it was not made.
func (d Directory) Write(t testing.TB, p *bench.Plan, make func(bench.Trial) *Trial) (dir string) {
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
	defer w.Close()
	must(w.Environment(d.Environment))
	for _, c := range d.Certificates {
		must(w.Certificate(c))
	}
	for _, e := range d.Journal {
		must(w.Journal(e))
	}
	for _, trial := range p.Trials {
		made := make(trial)
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
