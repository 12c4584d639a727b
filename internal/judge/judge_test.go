package judge

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// study is a run that is made up, hit by hit, to be judged.
type study struct {
	rounds int
	tests  []bench.Test
	// speed is each target's response time and half its time between answers in the closed loop.
	speed   map[string]time.Duration
	noise   float64 // standard deviation of the log of a launch's speed
	exclude string  // arm
	scale   int     // how often the hits of the open loop come
	// certified is the instrument's error at the median, as its certificate says; none where it is 0.
	certified time.Duration
	change    func(r *bench.TrialResult, hits *[]bench.Hit)
}

const requests = 400

var second = bench.Duration{Duration: time.Second}

// write makes the run directory of the study.
func (s study) write(t testing.TB) string {
	t.Helper()
	targets := []bench.Target{
		{Name: "node-a", Runtime: "node", Tier: "bare"}, {Name: "python-a", Runtime: "python", Tier: "bare"},
		{Name: "node-b", Runtime: "node", Tier: "modern"}, {Name: "python-b", Runtime: "python", Tier: "modern"},
	}
	targets = slices.DeleteFunc(targets, func(b bench.Target) bool { return s.speed[b.Name] == 0 })
	scenario := bench.Scenario{Name: "json", Measure: []string{bench.MeasureLatency, bench.MeasureThroughput}, Rates: []bench.Rate{500}, Variants: []bench.Variant{{}},
		Workload: bench.Workload{Driver: bench.DriverHTTP, Timeout: second}}
	for _, on := range targets {
		scenario.Targets = append(scenario.Targets, on.Name)
	}
	p := &bench.Plan{Schema: bench.PlanSchema, Profile: bench.Profile{Name: "test", Rounds: s.rounds, Warmup: second, Measure: second}, CPUs: bench.CPUs{Generator: "0", Target: "1"}, Gates: bench.StandardGates,
		Scenarios: []bench.Scenario{scenario}, Targets: targets,
		Guide: bench.Guide{Name: "g", Claims: []bench.Claim{{ID: "c", Quotes: []bench.Quote{{Quote: "q"}}, Tests: s.tests}}}}
	for round := 1; round <= s.rounds; round++ {
		for _, target := range targets {
			p.Trials = append(p.Trials, bench.Trial{N: len(p.Trials) + 1, Round: round, Scenario: "json", Target: target.Name, CPUs: "1", Phases: []bench.Phase{
				{Name: "latency@500/s", Measure: bench.MeasureLatency, Schedule: bench.Schedule{Offered: bench.Offered{Rate: 500}, Duration: second}},
				{Name: "throughput", Measure: bench.MeasureThroughput, Schedule: bench.Schedule{Connections: 2, Duration: second}},
			}})
		}
	}
	encoded, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	w, err := record.Create(dir, encoded)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.Environment(bench.Environment{}))
	if s.certified != 0 {
		must(w.Certificate(bench.Certificate{Accuracy: []bench.Accuracy{{Rate: 500, Sent: 1, Reported: bench.Quantiles{P50: s.certified}}}}))
	}
	if s.exclude != "" {
		must(w.Journal(record.Entry{Event: record.EventExclude, Arm: s.exclude, Reason: "it answers nonsense"}))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, trial := range p.Trials {
		took := time.Duration(float64(s.speed[trial.Target]) * math.Exp(s.noise*random.NormFloat64()))
		if trial.Arm() == s.exclude {
			continue
		}
		var hits []bench.Hit
		for i := range requests {
			due := time.Duration(i) * 2 * time.Millisecond
			hits = append(hits, bench.Hit{Seq: uint64(i), Due: due, Sent: due + 50*time.Microsecond, Done: due + took, Code: 200})
		}
		r := bench.TrialResult{Trial: trial, Valid: true, Phases: []bench.PhaseResult{
			{Name: "latency@500/s", Measure: bench.MeasureLatency, Drive: bench.DriveStats{Clock: "kernel"}},
			{Name: "throughput", Measure: bench.MeasureThroughput, CPU: took * time.Duration(requests) / 2, Memory: 1 << 20,
				Drive: bench.DriveStats{Elapsed: took * time.Duration(requests) / 2}},
		}}
		if s.change != nil {
			s.change(&r, &hits)
		}
		file, err := w.Trial(trial)
		must(err)
		file.Begin("latency@500/s")
		for range max(s.scale, 1) {
			for _, h := range hits {
				must(file.Record(h))
			}
		}
		file.Begin("throughput")
		for i := range requests {
			at := time.Duration(i) * took / 2
			must(file.Record(bench.Hit{Seq: uint64(i), Due: at, Sent: at, Done: at + took/2, Code: 200}))
		}
		must(file.Close())
		must(w.Result(r, "log\n"))
	}
	return dir
}

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

func speeds(node, python time.Duration) map[string]time.Duration {
	return map[string]time.Duration{"node-a": node, "python-a": python}
}

func TestVerdictsOfKnownSpeeds(t *testing.T) {
	const ms = time.Millisecond
	bound := 350.0
	for _, c := range []struct {
		name  string
		study study
		want  bench.Verdict
		ratio float64
	}{
		{"twice as fast", study{rounds: 6, tests: []bench.Test{moreNode}, speed: speeds(4*ms, 8*ms), noise: .02}, bench.Supported, 2},
		{"half as fast", study{rounds: 6, tests: []bench.Test{moreNode}, speed: speeds(8*ms, 4*ms), noise: .02}, bench.Contradicted, .5},
		{"the same", study{rounds: 6, tests: []bench.Test{moreNode}, speed: speeds(8*ms, 8*ms), noise: .02}, bench.PracticallyEqual, 1},
		{"too noisy", study{rounds: 6, tests: []bench.Test{moreNode}, speed: speeds(8*ms, 8*ms), noise: .5}, bench.Inconclusive, 0},
		{"lower is better", study{rounds: 6, tests: []bench.Test{fasterNode}, speed: speeds(4*ms, 8*ms), noise: .02}, bench.Supported, .5},
		{"closer than the clock", study{rounds: 6, tests: []bench.Test{fasterNode}, speed: speeds(100*time.Microsecond, 140*time.Microsecond), noise: .02}, bench.PracticallyEqual, 0},
		{"one round", study{rounds: 1, tests: []bench.Test{moreNode}, speed: speeds(4*ms, 8*ms), noise: .02}, bench.Inconclusive, 0},
		{"no variation", study{rounds: 6, tests: []bench.Test{moreNode}, speed: speeds(4*ms, 8*ms)}, bench.Inconclusive, 2},
		{"above a bound", study{rounds: 6, tests: []bench.Test{{Scenario: "json", Metric: "throughput", Of: "node", AtLeast: &bound}}, speed: speeds(4*ms, 8*ms), noise: .02}, bench.Supported, 0},
		{"not below it", study{rounds: 6, tests: []bench.Test{{Scenario: "json", Metric: "throughput", Of: "node", AtMost: &bound}}, speed: speeds(4*ms, 8*ms), noise: .02}, bench.Contradicted, 0},
		{"too few for p99", study{rounds: 6, tests: []bench.Test{{Scenario: "json", Metric: "p99", Of: "node", To: "python", Expect: bench.Lower}}, speed: speeds(4*ms, 8*ms), noise: .02}, bench.NotTested, 0},
		{"excluded", study{rounds: 6, tests: []bench.Test{moreNode}, speed: speeds(4*ms, 8*ms), noise: .02, exclude: "json/python-a"}, bench.NotTested, 0},
		{"left out", study{rounds: 6, tests: []bench.Test{moreNode}, speed: map[string]time.Duration{"node-a": ms}, noise: .02}, bench.NotTested, 0},
		{"tiers disagree", study{rounds: 6, tests: []bench.Test{moreNode}, noise: .02,
			speed: map[string]time.Duration{"node-a": 4 * ms, "python-a": 8 * ms, "node-b": 8 * ms, "python-b": 4 * ms}}, bench.Depends, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			claim := judged(t, c.study.write(t)).Claims[0]
			if claim.Verdict != c.want {
				t.Fatalf("verdict is %s (%s), want %s", claim.Verdict, claim.Why, c.want)
			}
			if c.ratio != 0 && math.Abs(*claim.Tests[0].Ratio/c.ratio-1) > .1 {
				t.Errorf("ratio is %g, want about %g", *claim.Tests[0].Ratio, c.ratio)
			}
			if c.want == bench.Depends && !strings.Contains(claim.Why, "tier: bare supported; modern contradicted") {
				t.Errorf("why is %q", claim.Why)
			}
		})
	}
}

// A server that refuses most requests at once must not look fast for it.
func TestFailedRequestsEnterAtTheTimeout(t *testing.T) {
	s := study{rounds: 6, tests: []bench.Test{fasterNode}, speed: speeds(8*time.Millisecond, 8*time.Millisecond), noise: .02,
		change: func(r *bench.TrialResult, hits *[]bench.Hit) {
			if r.Trial.Target != "node-a" {
				return
			}
			for i := range *hits {
				if i%3 > 0 {
					(*hits)[i].Err, (*hits)[i].Done = bench.ErrDial, (*hits)[i].Sent+1000
				}
			}
		}}
	cell := judged(t, s.write(t)).Claims[0].Tests[0]
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
		{"the faster is bounded", speeds(4*ms, 8*ms), "node-a", busy, bench.Supported},
		{"the slower is bounded", speeds(4*ms, 8*ms), "python-a", busy, bench.Inconclusive},
		{"the claim's loser is bounded", speeds(8*ms, 4*ms), "node-a", busy, bench.Inconclusive},
		{"the claim's winner is not", speeds(8*ms, 4*ms), "python-a", busy, bench.Contradicted},
		{"equals, one bounded", speeds(8*ms, 8*ms), "node-a", busy, bench.Inconclusive},
		{"near the certified capacity", speeds(4*ms, 8*ms), "python-a",
			func(p *bench.PhaseResult) { p.Gates = []bench.Gate{{Name: bench.GateLoad, Value: .9, OK: true}} }, bench.Inconclusive},
		{"our upstream was late", speeds(4*ms, 8*ms), "python-a",
			func(p *bench.PhaseResult) { p.Late, p.CPU = 2*ms, p.Drive.Elapsed/2 }, bench.Inconclusive},
		{"a database was busy", speeds(4*ms, 8*ms), "python-a", func(p *bench.PhaseResult) {
			p.CPU = p.Drive.Elapsed / 2
			p.Gates = []bench.Gate{{Name: bench.GateService, Value: .8, OK: true}}
		}, bench.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := study{rounds: 6, tests: []bench.Test{moreNode}, speed: c.speed, noise: .02, change: func(r *bench.TrialResult, _ *[]bench.Hit) {
				if r.Trial.Target == c.bound && r.Trial.Round == 3 {
					c.limit(&r.Phases[1])
				}
			}}
			cell := judged(t, s.write(t)).Claims[0].Tests[0]
			if cell.Verdict != c.want || len(cell.Warnings) == 0 || cell.Low != nil && cell.High != nil {
				t.Errorf("%s (%s), warnings %q, low %v, high %v; want %s", cell.Verdict, cell.Why, cell.Warnings, cell.Low, cell.High, c.want)
			}
		})
	}
}

// What the instrument cannot tell apart is not decided, however clear its ratio.
func TestCertifiedErrorCounts(t *testing.T) {
	s := study{rounds: 6, tests: []bench.Test{fasterNode}, speed: speeds(1000*time.Microsecond, 1300*time.Microsecond), noise: .002}
	for certified, want := range map[time.Duration]bench.Verdict{
		0: bench.Supported, 100 * time.Microsecond: bench.Supported, 300 * time.Microsecond: bench.Inconclusive, 50 * time.Millisecond: bench.Inconclusive,
	} {
		s.certified = certified
		if cell := judged(t, s.write(t)).Claims[0].Tests[0]; cell.Verdict != want {
			t.Errorf("certified error %v: %s (%s), want %s", certified, cell.Verdict, cell.Why, want)
		}
	}
}

// Lag is part of a response time: where one side had more of it, that much of the
// difference is the generator's.
func TestLagIsNotTheServers(t *testing.T) {
	for more, want := range map[time.Duration]bench.Verdict{0: bench.Supported, 200 * time.Microsecond: bench.Supported, 320 * time.Microsecond: bench.Inconclusive} {
		s := study{rounds: 6, tests: []bench.Test{fasterNode}, speed: speeds(1000*time.Microsecond, 1300*time.Microsecond), noise: .002,
			change: func(r *bench.TrialResult, hits *[]bench.Hit) {
				for i := range *hits {
					if r.Trial.Target == "python-a" {
						(*hits)[i].Sent += more
					}
				}
			}}
		if cell := judged(t, s.write(t)).Claims[0].Tests[0]; cell.Verdict != want {
			t.Errorf("%v more lag: %s (%s), want %s", more, cell.Verdict, cell.Why, want)
		}
	}
}

// Requests that were due and never sent count as slow, not as absent.
func TestCensoredRequestsEnterAtTheTimeout(t *testing.T) {
	s := study{rounds: 6, tests: []bench.Test{fasterNode}, speed: speeds(8*time.Millisecond, 8*time.Millisecond), noise: .02,
		change: func(r *bench.TrialResult, hits *[]bench.Hit) {
			if r.Trial.Target == "node-a" {
				*hits = (*hits)[:150]
				r.Phases[0].Drive.Censored = 250
			}
		}}
	cell := judged(t, s.write(t)).Claims[0].Tests[0]
	if cell.OfMedian == nil || *cell.OfMedian < .999 {
		t.Errorf("cell is %+v; want a median of 1 s", cell)
	}
}

func TestJudgingTwiceGivesTheSameBytes(t *testing.T) {
	dir := study{rounds: 4, tests: []bench.Test{moreNode, fasterNode}, speed: speeds(4*time.Millisecond, 8*time.Millisecond), noise: .1}.write(t)
	var first []byte
	for range 5 {
		encoded, err := Encode(judged(t, dir))
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
	whole := study{rounds: 6, tests: []bench.Test{moreNode}, speed: speeds(4*time.Millisecond, 8*time.Millisecond), noise: .02}
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		rounds int
		warns  string
	}{
		{"a result is missing", func(dir string) error { return os.Remove(filepath.Join(dir, "trials/003-json-node-a/result.json")) }, 5, "its result is missing"},
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
			dir := whole.write(t)
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
	if _, err := record.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is no run directory") {
		t.Errorf("error is %v", err)
	}
	dir := study{rounds: 1, tests: []bench.Test{moreNode}, speed: speeds(1, 1)}.write(t)
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
	dir := study{rounds: 1, tests: []bench.Test{{Scenario: "json", Metric: "p50", Of: "node", AtMost: &atMost}},
		speed: map[string]time.Duration{"node-a": 8 * time.Millisecond}, scale: n / requests,
		change: func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[0].Drive.Planned, r.Phases[0].Drive.Sent = n, n }}.write(b)
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
