package judge

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
	"github.com/claimbench/claimbench/internal/text"
)

func judged(t *testing.T, dir string) *bench.Verdicts {
	t.Helper()
	r, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := Judge(r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var (
	fasterNode = bench.Test{Scenario: "json", Metric: "p50", Of: "node", To: "python", Expect: bench.Lower}
	moreNode   = bench.Test{Scenario: "json", Metric: "throughput", Of: "node", To: "python", Expect: bench.Higher}
)

func TestVerdictsOfKnownSpeeds(t *testing.T) {
	const ms = time.Millisecond
	bound := 350.0
	for _, c := range []struct {
		name  string
		study recordtest.Study
		want  bench.Verdict
		ratio float64
	}{
		{"twice as fast", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(4*ms, 8*ms), Noise: .02}, bench.Supported, 2},
		{"half as fast", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(8*ms, 4*ms), Noise: .02}, bench.Contradicted, .5},
		{"the same", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(8*ms, 8*ms), Noise: .02}, bench.PracticallyEqual, 1},
		{"too noisy", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(8*ms, 8*ms), Noise: .5}, bench.Inconclusive, 0},
		{"lower is better", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{fasterNode}}, Speed: recordtest.Speeds(4*ms, 8*ms), Noise: .02}, bench.Supported, .5},
		{"closer than the clock", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{fasterNode}}, Speed: recordtest.Speeds(100*time.Microsecond, 140*time.Microsecond), Noise: .02}, bench.PracticallyEqual, 0},
		{"one round", recordtest.Study{Rounds: 1, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(4*ms, 8*ms), Noise: .02}, bench.Inconclusive, 0},
		{"no variation", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(4*ms, 8*ms)}, bench.Inconclusive, 2},
		{"above a bound", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{{Scenario: "json", Metric: "throughput", Of: "node", AtLeast: &bound}}}, Speed: recordtest.Speeds(4*ms, 8*ms), Noise: .02}, bench.Supported, 0},
		{"not below it", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{{Scenario: "json", Metric: "throughput", Of: "node", AtMost: &bound}}}, Speed: recordtest.Speeds(4*ms, 8*ms), Noise: .02}, bench.Contradicted, 0},
		{"too few for p99", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{{Scenario: "json", Metric: "p99", Of: "node", To: "python", Expect: bench.Lower}}}, Speed: recordtest.Speeds(4*ms, 8*ms), Noise: .02}, bench.NotTested, 0},
		{"excluded", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(4*ms, 8*ms), Noise: .02, Exclude: "json/python-a"}, bench.NotTested, 0},
		{"left out", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Speed: map[string]time.Duration{"node-a": ms}, Noise: .02}, bench.NotTested, 0},
		{"tiers disagree", recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{moreNode}}, Noise: .02,
			Speed: map[string]time.Duration{"node-a": 4 * ms, "python-a": 8 * ms, "node-b": 8 * ms, "python-b": 4 * ms}}, bench.Depends, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			claim := judged(t, c.study.Write(t)).Claims[0]
			if claim.Verdict != c.want {
				t.Fatalf("verdict is %s (%s), want %s", claim.Verdict, claim.Why, c.want)
			}
			if c.ratio != 0 && math.Abs(*claim.Tests[0].Ratio/c.ratio-1) > .1 {
				t.Errorf("ratio is %g, want about %g", *claim.Tests[0].Ratio, c.ratio)
			}
			if c.want == bench.Depends && !strings.Contains(claim.Why, "tier: supported for bare; contradicted for modern") {
				t.Errorf("why is %q", claim.Why)
			}
		})
	}
}

// A server that refuses most requests at once must not look fast for it.
func TestFailedRequestsEnterAtTheTimeout(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(8*time.Millisecond, 8*time.Millisecond),
		Noise:  .02,
		Change: func(r *bench.TrialResult, hits *[]bench.Hit) {
			if r.Trial.Target != "node-a" {
				return
			}
			for i := range *hits {
				if i%3 > 0 {
					(*hits)[i].Err, (*hits)[i].Done = bench.ErrDial, (*hits)[i].Sent+1000
				}
			}
		},
	}
	cell := judged(t, s.Write(t)).Claims[0].Tests[0]
	if *cell.OfMedian < .999 || len(cell.Warnings) == 0 {
		t.Errorf("median is %g s, warnings %q; want the timeout, 1 s, and a warning", *cell.OfMedian, cell.Warnings)
	}
}

// A generator at its limit makes a throughput a lower bound: it can support
// "higher", and nothing else.
func TestGeneratorAtItsLimit(t *testing.T) {
	const ms = time.Millisecond
	busy := func(p *bench.PhaseResult) { p.Drive.Generator = p.Drive.Elapsed * 9 / 10 }
	for _, c := range []struct {
		name  string
		speed map[string]time.Duration
		bound string // whose throughput may be of the generator's making
		limit func(*bench.PhaseResult)
		want  bench.Verdict
	}{
		{"the faster is bounded", recordtest.Speeds(4*ms, 8*ms), "node-a", busy, bench.Supported},
		{"the slower is bounded", recordtest.Speeds(4*ms, 8*ms), "python-a", busy, bench.Inconclusive},
		{"the claim's loser is bounded", recordtest.Speeds(8*ms, 4*ms), "node-a", busy, bench.Inconclusive},
		{"the claim's winner is not", recordtest.Speeds(8*ms, 4*ms), "python-a", busy, bench.Contradicted},
		{"equals, one bounded", recordtest.Speeds(8*ms, 8*ms), "node-a", busy, bench.Inconclusive},
		{"near the certified capacity", recordtest.Speeds(4*ms, 8*ms), "python-a",
			func(p *bench.PhaseResult) { p.Gates = []bench.Gate{{Name: bench.GateLoad, Value: .9, OK: true}} }, bench.Inconclusive},
		{"our upstream was late", recordtest.Speeds(4*ms, 8*ms), "python-a",
			func(p *bench.PhaseResult) { p.Late, p.CPU = 2*ms, p.Drive.Elapsed/2 }, bench.Inconclusive},
		{"a database was busy", recordtest.Speeds(4*ms, 8*ms), "python-a", func(p *bench.PhaseResult) {
			p.CPU = p.Drive.Elapsed / 2
			p.Gates = []bench.Gate{{Name: bench.GateService, Value: .8, OK: true}}
		}, bench.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := recordtest.Study{
				Rounds: 6,
				Claims: [][]bench.Test{{moreNode}},
				Speed:  c.speed,
				Noise:  .02,
				Change: func(r *bench.TrialResult, _ *[]bench.Hit) {
					if r.Trial.Target == c.bound && r.Trial.Round == 3 {
						c.limit(&r.Phases[1])
					}
				},
			}
			cell := judged(t, s.Write(t)).Claims[0].Tests[0]
			if cell.Verdict != c.want || len(cell.Warnings) == 0 || cell.Low != nil && cell.High != nil {
				t.Errorf(
					"%s (%s), warnings %q, low %v, high %v; want %s",
					cell.Verdict,
					cell.Why,
					cell.Warnings,
					cell.Low,
					cell.High,
					c.want,
				)
			}
		})
	}
}

// What the instrument cannot tell apart is not decided, however clear its ratio.
func TestCertifiedErrorCounts(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(1000*time.Microsecond, 1300*time.Microsecond),
		Noise:  .002,
	}
	for certified, want := range map[time.Duration]bench.Verdict{
		0: bench.Supported, 100 * time.Microsecond: bench.Supported, 300 * time.Microsecond: bench.Inconclusive, 50 * time.Millisecond: bench.Inconclusive,
	} {
		s.Directory.Certificates = nil
		if certified != 0 {
			s.Directory.Certificates = []bench.Certificate{
				{Accuracy: []bench.Accuracy{{Rate: 500, Sent: 1, Reported: bench.Quantiles{P50: certified}}}},
			}
		}
		if cell := judged(t, s.Write(t)).Claims[0].Tests[0]; cell.Verdict != want {
			t.Errorf("certified error %v: %s (%s), want %s", certified, cell.Verdict, cell.Why, want)
		}
	}
}

// Lag is part of a response time: where one side had more of it, that much of the
// difference is the generator's.
func TestLagIsNotTheServers(t *testing.T) {
	for more, want := range map[time.Duration]bench.Verdict{0: bench.Supported, 200 * time.Microsecond: bench.Supported, 320 * time.Microsecond: bench.Inconclusive} {
		s := recordtest.Study{
			Rounds: 6,
			Claims: [][]bench.Test{{fasterNode}},
			Speed:  recordtest.Speeds(1000*time.Microsecond, 1300*time.Microsecond),
			Noise:  .002,
			Change: func(r *bench.TrialResult, hits *[]bench.Hit) {
				for i := range *hits {
					if r.Trial.Target == "python-a" {
						(*hits)[i].Sent += more
					}
				}
			},
		}
		if cell := judged(t, s.Write(t)).Claims[0].Tests[0]; cell.Verdict != want {
			t.Errorf("%v more lag: %s (%s), want %s", more, cell.Verdict, cell.Why, want)
		}
	}
}

// Requests that were due and never sent count as slow, not as absent.
func TestCensoredRequestsEnterAtTheTimeout(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(8*time.Millisecond, 8*time.Millisecond),
		Noise:  .02,
		Change: func(r *bench.TrialResult, hits *[]bench.Hit) {
			if r.Trial.Target == "node-a" {
				*hits = (*hits)[:150]
				r.Phases[0].Drive.Censored = 250
			}
		},
	}
	cell := judged(t, s.Write(t)).Claims[0].Tests[0]
	if cell.OfMedian == nil || *cell.OfMedian < .999 {
		t.Errorf("cell is %+v; want a median of 1 s", cell)
	}
}

func TestJudgingTwiceGivesTheSameBytes(t *testing.T) {
	dir := recordtest.Study{
		Rounds: 4,
		Claims: [][]bench.Test{{moreNode, fasterNode}},
		Speed:  recordtest.Speeds(4*time.Millisecond, 8*time.Millisecond),
		Noise:  .1,
	}.Write(
		t,
	)
	var first []byte
	for range 5 {
		encoded, err := text.JSON(judged(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = encoded
		}
		if !bytes.Equal(first, encoded) {
			t.Fatal("the bytes differ")
		}
	}
}

// Whatever is broken in a directory, no verdict is invented from it.
func TestDamagedDirectories(t *testing.T) {
	whole := recordtest.Study{
		Rounds: 6,
		Claims: [][]bench.Test{{moreNode}},
		Speed:  recordtest.Speeds(4*time.Millisecond, 8*time.Millisecond),
		Noise:  .02,
	}
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		rounds int
		warns  string
	}{
		{"a result is missing", func(dir string) error { return os.Remove(filepath.Join(dir, "trials/003-json-node-a/result.json")) }, 5, "its result.json is missing"},
		{"hits are missing", func(dir string) error { return os.Remove(filepath.Join(dir, "trials/003-json-node-a/hits.parquet")) }, 5, "trial 3 is left out"},
		{"hits are cut short", func(dir string) error {
			return os.Truncate(filepath.Join(dir, "trials/003-json-node-a/hits.parquet"), 700)
		}, 5, "its hits.parquet is not the file that was recorded"},
		{"hits are garbage", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "trials/003-json-node-a/hits.parquet"), bytes.Repeat([]byte("PAR1"), 99), 0o644)
		}, 5, "its hits.parquet is not the file that was recorded"},
		{"a result is of another trial", func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, "trials/001-json-node-a/result.json"))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "trials/003-json-node-a/result.json"), data, 0o644)
		}, 5, "not of that trial"},
		{"a result is half a file", func(dir string) error {
			return os.Truncate(filepath.Join(dir, "trials/003-json-node-a/result.json"), 40)
		}, 5, "damaged"},
		{"a journal line is damaged", func(dir string) error {
			f, err := os.OpenFile(filepath.Join(dir, "journal.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = fmt.Fprintln(f, `{"time":`)
			return err
		}, 6, "damaged line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := whole.Write(t)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			v := judged(t, dir)
			if got := v.Claims[0].Tests[0].Rounds; got != c.rounds {
				t.Errorf("%d rounds entered, want %d", got, c.rounds)
			}
			if !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, c.warns) }) {
				t.Errorf("warnings are %q, want one with %q", v.Warnings, c.warns)
			}
		})
	}
}

func TestNoPlanNoVerdict(t *testing.T) {
	if _, err := record.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a run directory") {
		t.Errorf("error is %v", err)
	}
	dir := recordtest.Study{Rounds: 1, Claims: [][]bench.Test{{moreNode}}, Speed: recordtest.Speeds(1, 1)}.Write(t)
	data, err := os.ReadFile(filepath.Join(dir, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(data), fmt.Sprintf(`"schema": %d`, bench.PlanSchema), `"schema": 99`, 1)
	if err := os.WriteFile(filepath.Join(dir, "plan.json"), []byte(newer), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := record.Open(dir); err == nil || !strings.Contains(err.Error(), "newer bench") {
		t.Errorf("error is %v", err)
	}
}

// BenchmarkJudge judges a run of ten million requests, and shows the most memory
// that it held.
func BenchmarkJudge(b *testing.B) {
	const n = 10_000_000
	atMost := 1.0
	dir := recordtest.Study{
		Rounds: 1,
		Claims: [][]bench.Test{{{Scenario: "json", Metric: "p50", Of: "node", AtMost: &atMost}}},
		Speed:  map[string]time.Duration{"node-a": 8 * time.Millisecond},
		Scale:  n / recordtest.Requests,
		Change: func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[0].Drive.Planned, r.Phases[0].Drive.Sent = n, n },
	}.Write(
		b,
	)
	runtime.GC()
	debug.FreeOSMemory()
	before := peak(b, true)
	for b.Loop() {
		r, err := record.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := Judge(r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(peak(b, false)-before)/(1<<20), "peak-MB")
}

// peak is the process's largest resident memory since it was last reset, in bytes.
func peak(b *testing.B, reset bool) int64 {
	if reset {
		os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // proc_pid_clear_refs(5)
	}
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("this system does not tell")
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb int64
			fmt.Sscan(rest, &kb)
			return kb << 10
		}
	}
	return 0
}
