package record

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

func randomHits(n int) []bench.Hit {
	random := rand.New(rand.NewPCG(1, 1))
	hits := make([]bench.Hit, n)
	for i := range hits {
		due := time.Duration(i) * 100 * time.Microsecond
		sent := due + time.Duration(random.IntN(100_000))
		hits[i] = bench.Hit{
			Seq:      uint64(i),
			Due:      due,
			Sent:     sent,
			Done:     sent + time.Duration(random.ExpFloat64()*1e6),
			Code:     200,
			BytesIn:  900,
			BytesOut: 3,
		}
		if random.IntN(50) == 0 {
			hits[i].Code, hits[i].Err = 0, bench.ErrTimeout
		}
	}
	return hits
}

func writeHits(t testing.TB, path string, phases map[string][]bench.Hit) {
	t.Helper()
	f, err := CreateHits(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, phase := range []string{"warmup", "throughput"} {
		f.Begin(phase)
		for _, h := range phases[phase] {
			if err := f.Record(h); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestHitsComeBackAsTheyWere(t *testing.T) {
	path := filepath.Join(t.TempDir(), HitsFile)
	want := map[string][]bench.Hit{"warmup": randomHits(3 * rowsAtOnce / 2), "throughput": randomHits(5000)}
	writeHits(t, path, want)
	got := map[string][]bench.Hit{}
	if err := EachHit(path, func(phase string, h bench.Hit) { got[phase] = append(got[phase], h) }); err != nil {
		t.Fatal(err)
	}
	for phase := range want {
		if !slices.Equal(got[phase], want[phase]) {
			t.Errorf("%s: %d hits came back, %d were written, or they differ", phase, len(got[phase]), len(want[phase]))
		}
	}
	if _, err := CreateHits(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the file was written over: %v", err)
	}
}

// A Parquet file that is cut anywhere is an error. One with a turned bit is an error or has other hits, but never
// makes the reader panic.
func TestDamagedHits(t *testing.T) {
	path := filepath.Join(t.TempDir(), HitsFile)
	writeHits(t, path, map[string][]bench.Hit{"throughput": randomHits(2000)})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(whole); cut += len(whole)/40 + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := EachHit(path, func(string, bench.Hit) {}); err == nil {
			t.Errorf("cut at %d of %d: no error", cut, len(whole))
		}
	}
	random := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		turned := slices.Clone(whole)
		turned[random.IntN(len(turned))] ^= 1 << random.IntN(8)
		if err := os.WriteFile(path, turned, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = EachHit(path, func(string, bench.Hit) {}) // must not panic
	}
}

func newRun(t *testing.T) *Writer {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "reports", "run")
	w, err := Create(dir, []byte(`{"schema":1}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // a test may have closed it
	return w
}

func TestEvidenceIsNeverOverwritten(t *testing.T) {
	w := newRun(t)
	if _, err := Create(w.Dir, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second run in the same folder: %v", err)
	}
	if err := w.Verdicts([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := w.Verdicts([]byte("{}")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("verdicts were written twice: %v", err)
	}
}

func TestOneWriterAtATime(t *testing.T) {
	w := newRun(t)
	if _, err := Append(w.Dir); err == nil || !strings.Contains(err.Error(), "another bench is writing") {
		t.Errorf("a second writer: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Append(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestInterruptedTrialsAreSetAside(t *testing.T) {
	w := newRun(t)
	trial := bench.Trial{N: 3, Scenario: "json", Target: "node"}
	for range 3 {
		hits, err := w.Trial(trial)
		if err != nil {
			t.Fatal(err)
		}
		if err := hits.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"", ".interrupted-1", ".interrupted-2"} {
		if _, err := os.Stat(filepath.Join(w.Dir, TrialsFolder, trial.Folder()+name)); err != nil {
			t.Error(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(w.Dir, JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), EventSetAside); n != 2 {
		t.Errorf("the journal sets %d trials aside, want 2:\n%s", n, data)
	}
}

func TestSumsSeeEveryFileOfEvidence(t *testing.T) {
	w := newRun(t)
	before, err := Sums(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := w.Trial(bench.Trial{N: 1, Scenario: "s", Target: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if err := hits.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "report.html"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	after, err := Sums(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before)+1 {
		t.Errorf("the sums went from %d to %d, want one more", len(before), len(after))
	}
	if after["trials/001-s-t/hits.parquet"] == "" {
		t.Errorf("the sums do not have the hits: %v", after)
	}
}

// A crash may cut a line of the journal short. The next line must survive that. A trial that was made again counts
// with its last result.
func TestAfterACrash(t *testing.T) {
	encoded := []byte(`{"schema": 4, "trials": [{"n": 1, "round": 1, "scenario": "s", "target": "a"}]}`)
	var p bench.Plan
	if err := json.Unmarshal(encoded, &p); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, encoded)
	if err != nil {
		t.Fatal(err)
	}
	trial := func(w *Writer, ready time.Duration) {
		t.Helper()
		hits, err := w.Trial(p.Trials[0])
		if err == nil {
			result := bench.TrialResult{Trial: p.Trials[0], Valid: true, Ready: ready}
			err = errors.Join(hits.Close(), w.Result(result, "log"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	trial(w, 1)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	// What the disk lost: the end of a result, and of a line of the journal.
	if err := os.Truncate(filepath.Join(dir, TrialsFolder, p.Trials[0].Folder(), ResultFile), 20); err != nil {
		t.Fatal(err)
	}
	journal, err := os.OpenFile(filepath.Join(dir, JournalFile), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = journal.WriteString(`{"time":"2026-`)
		err = errors.Join(err, journal.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Done(1) {
		t.Error("after the crash, the trial counts as done")
	}
	if !r.Launched(1) {
		t.Error("after the crash, the trial does not count as launched")
	}
	if len(r.Unusable) != 1 {
		t.Errorf("after the crash, %d trials are unusable, want 1", len(r.Unusable))
	}
	if w, err = Append(dir); err != nil {
		t.Fatal(err)
	}
	if err := w.Journal(Entry{Event: EventBegin}); err != nil {
		t.Fatal(err)
	}
	trial(w, 2)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 1 || r.Results[0].Ready != 2 {
		t.Errorf("the results are %+v, want the second one only", r.Results)
	}
	if len(r.Unusable) != 0 {
		t.Errorf("unusable are %v", r.Unusable)
	}
	if !slices.ContainsFunc(r.Journal, func(e Entry) bool { return e.Event == EventBegin }) {
		t.Error("the line that was cut short took the next one with it")
	}
}

// BenchmarkRecord measures the cost of a hit in time, in memory and on disk.
func BenchmarkRecord(b *testing.B) {
	hits := randomHits(100_000)
	path := filepath.Join(b.TempDir(), HitsFile)
	f, err := CreateHits(path)
	if err != nil {
		b.Fatal(err)
	}
	f.Begin("throughput")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := f.Record(hits[i%len(hits)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(b.N), "disk-B/op")
}
