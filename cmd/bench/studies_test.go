package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/record"
)

// studyProject is a project with one of the reference servers and two short scenarios: a small answer, with
// an A/A twin, and known work.
func studyProject(tb testing.TB) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	must(os.CopyFS(filepath.Join(dir, "targets"), os.DirFS("../../targets")))
	must(os.CopyFS(dir, os.DirFS("testdata/studies")))
	compose, err := os.ReadFile("../../docker-compose.yml")
	must(err)
	must(os.WriteFile(filepath.Join(dir, "docker-compose.yml"), compose, 0o644))
	return dir
}

// study runs scenarios of that project and judges them.
func study(tb testing.TB, project string, seed int, scenarios string) *bench.Verdicts {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), fmt.Sprint("run", seed))
	var stdout, stderr bytes.Buffer
	args := []string{"-C", project, "run", "--profile", "quick", "--runner", "process", "--server", "node-http",
		"--scenario", scenarios, "--seed", fmt.Sprint(seed), "--out", dir}
	if code := run(context.Background(), args, &stdout, &stderr); code != exitDone {
		tb.Fatalf("exit code %d: %s", code, stderr.String())
	}
	r, err := record.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	v, _, err := judge.Judge(r)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// findings counts what studies found.
type findings struct {
	studies, comparisons        int
	equal, undecided, different int // A/A comparisons
	controls, found             int // of studies that call themselves valid
	void                        int // A/A studies with a comparison that is decided different
	ratios                      []float64
	differences                 []string
}

func (t *findings) add(v *bench.Verdicts) {
	t.studies++
	valid := true
	for _, x := range v.Twins {
		t.comparisons++
		switch x.Verdict {
		case bench.PracticallyEqual:
			t.equal++
		case bench.Inconclusive:
			t.undecided++
		default:
			t.different++
			valid = false
			t.differences = append(t.differences, fmt.Sprintf("%s %.3f", x.Metric, *x.Ratio))
		}
	}
	if !valid {
		t.void++
		return
	}
	for _, x := range v.Controls {
		t.controls++
		t.ratios = append(t.ratios, x.Ratio)
		if x.Found {
			t.found++
		}
	}
}

// BenchmarkStudies makes 60 studies of a real server against itself, 20 of them with known work of 1.247
// times another's, and prints what they found. It takes half an hour, and wants the machine for itself.
//
//	go test -run '^$' -bench Studies -benchtime 1x -timeout 2h ./cmd/bench
func BenchmarkStudies(b *testing.B) {
	const all, controlled = 60, 20
	for b.Loop() {
		project, t := studyProject(b), &findings{}
		for seed := 1; seed <= all; seed++ {
			scenarios := "study"
			if seed <= controlled {
				scenarios = "study,known"
			}
			t.add(study(b, project, seed, scenarios))
			fmt.Printf("%d of %d: %d of %d comparisons practically equal, %d undecided, %d different %s; "+
				"%d of %d controls found\n",
				seed, all, t.equal, t.comparisons, t.undecided, t.different, strings.Join(t.differences, ", "), t.found, t.controls)
		}
		if t.different > 0 || t.found < t.controls {
			b.Errorf("%d comparisons of a server with itself are decided different; %d of %d controls were found",
				t.different, t.found, t.controls)
		}
		least, most := t.ratios[0], t.ratios[0]
		for _, r := range t.ratios {
			least, most = min(least, r), max(most, r)
		}
		fmt.Printf(`
| A/A studies | comparisons | practically equal | undecided | decided different | `+
			`controls in valid studies | found | their ratios |
|---|---|---|---|---|---|---|---|
| %d | %d | %d | %d | %d | %d | %d | %.3f to %.3f |
`, t.studies, t.comparisons, t.equal, t.undecided, t.different, t.controls, t.found, least, most)
	}
}

// One such study: a server is not decided different from itself.
func TestAServerIsNotDifferentFromItself(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short; a study takes half a minute")
	}
	project, found := studyProject(t), &findings{}
	found.add(study(t, project, 1, "study,known"))
	if found.different > 0 || found.comparisons == 0 || found.controls == 0 {
		t.Errorf("%+v", found)
	}
}
