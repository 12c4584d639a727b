package judge

import (
	"bytes"
	"fmt"
	"math"
	"os"
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

// anyContains reports whether one of the texts contains the part.
func anyContains(texts []string, part string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, part) })
}

// deref returns the number, or NaN for nil.
func deref(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

var (
	fasterNode = bench.Test{Scenario: "json", Metric: "p50", Of: "node", To: "python", Expect: bench.Lower}
	moreNode   = bench.Test{Scenario: "json", Metric: "throughput", Of: "node", To: "python", Expect: bench.Higher}
)

func TestVerdictsOfKnownSpeeds(t *testing.T) {
	bound := 350.0
	for _, c := range []struct {
		name   string
		test   bench.Test
		speed  map[string]time.Duration
		change func(*recordtest.Study) // of six rounds with a noise of 2%
		want   bench.Verdict
		ratio  float64 // to 10%; 0 if it does not matter
	}{
		{
			name:  "twice as fast",
			test:  moreNode,
			speed: recordtest.Speeds(4*ms, 8*ms),
			want:  bench.Supported,
			ratio: 2,
		},
		{
			name:  "half as fast",
			test:  moreNode,
			speed: recordtest.Speeds(8*ms, 4*ms),
			want:  bench.Contradicted,
			ratio: .5,
		},
		{
			name:  "the same",
			test:  moreNode,
			speed: recordtest.Speeds(8*ms, 8*ms),
			want:  bench.PracticallyEqual,
			ratio: 1,
		},
		{
			name:   "too noisy",
			test:   moreNode,
			speed:  recordtest.Speeds(8*ms, 8*ms),
			change: func(s *recordtest.Study) { s.Noise = .5 },
			want:   bench.Inconclusive,
		},
		{
			name:  "lower is better",
			test:  fasterNode,
			speed: recordtest.Speeds(4*ms, 8*ms),
			want:  bench.Supported,
			ratio: .5,
		},
		{
			name:  "closer than the clock",
			test:  fasterNode,
			speed: recordtest.Speeds(100*time.Microsecond, 140*time.Microsecond),
			want:  bench.PracticallyEqual,
		},
		{
			name:   "one round",
			test:   moreNode,
			speed:  recordtest.Speeds(4*ms, 8*ms),
			change: func(s *recordtest.Study) { s.Rounds = 1 },
			want:   bench.Inconclusive,
		},
		{
			name:   "no variation",
			test:   moreNode,
			speed:  recordtest.Speeds(4*ms, 8*ms),
			change: func(s *recordtest.Study) { s.Noise = 0 },
			want:   bench.Inconclusive,
			ratio:  2,
		},
		{
			name:  "above a bound",
			test:  bench.Test{Scenario: "json", Metric: "throughput", Of: "node", AtLeast: &bound},
			speed: recordtest.Speeds(4*ms, 8*ms),
			want:  bench.Supported,
		},
		{
			name:  "not below it",
			test:  bench.Test{Scenario: "json", Metric: "throughput", Of: "node", AtMost: &bound},
			speed: recordtest.Speeds(4*ms, 8*ms),
			want:  bench.Contradicted,
		},
		{
			name:  "too few for p99",
			test:  bench.Test{Scenario: "json", Metric: "p99", Of: "node", To: "python", Expect: bench.Lower},
			speed: recordtest.Speeds(4*ms, 8*ms),
			want:  bench.NotTested,
		},
		{
			name:   "excluded",
			test:   moreNode,
			speed:  recordtest.Speeds(4*ms, 8*ms),
			change: func(s *recordtest.Study) { s.Exclude = "json/python-a" },
			want:   bench.NotTested,
		},
		{
			name:  "left out",
			test:  moreNode,
			speed: map[string]time.Duration{"node-a": ms},
			want:  bench.NotTested,
		},
		{
			name:  "tiers disagree",
			test:  moreNode,
			speed: map[string]time.Duration{"node-a": 4 * ms, "python-a": 8 * ms, "node-b": 8 * ms, "python-b": 4 * ms},
			want:  bench.Depends,
			ratio: 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := recordtest.Study{Rounds: 6, Claims: [][]bench.Test{{c.test}}, Speed: c.speed, Noise: .02}
			if c.change != nil {
				c.change(&s)
			}
			claim := judged(t, s.Write(t)).Claims[0]
			if claim.Verdict != c.want {
				t.Fatalf("verdict is %s (%s), want %s", claim.Verdict, claim.Why, c.want)
			}
			if c.ratio != 0 && math.Abs(*claim.Tests[0].Ratio/c.ratio-1) > .1 {
				t.Errorf("ratio is %g, want about %g", *claim.Tests[0].Ratio, c.ratio)
			}
			const why = "tier: supported for bare; contradicted for modern"
			if c.want == bench.Depends && !strings.Contains(claim.Why, why) {
				t.Errorf("why is %q, want %q", claim.Why, why)
			}
		})
	}
}

// A server that refuses most requests at once must not look fast for it.
func TestFailedRequestsEnterAtTheTimeout(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(8*ms, 8*ms),
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
	if *cell.OfMedian < .999 {
		t.Errorf("the median is %g s, want the timeout, 1 s", *cell.OfMedian)
	}
	if len(cell.Warnings) == 0 {
		t.Error("there is no warning")
	}
}

// Requests that were due and never sent count as slow, not as absent.
func TestCensoredRequestsEnterAtTheTimeout(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(8*ms, 8*ms),
		Noise:  .02,
		Change: func(r *bench.TrialResult, hits *[]bench.Hit) {
			if r.Trial.Target == "node-a" {
				*hits = (*hits)[:150]
				r.Phases[0].Drive.Censored = 250
			}
		},
	}
	cell := judged(t, s.Write(t)).Claims[0].Tests[0]
	if median := deref(cell.OfMedian); !(median >= .999) {
		t.Errorf("the median is %g s, want the timeout, 1 s", median)
	}
}

// A generator at its limit makes a throughput a lower bound: it can support "higher", and nothing else.
func TestGeneratorAtItsLimit(t *testing.T) {
	busy := func(p *bench.PhaseResult) { p.Drive.Generator = p.Drive.Elapsed * 9 / 10 }
	for _, c := range []struct {
		name  string
		speed map[string]time.Duration
		bound string // the server whose throughput may be limited by the generator
		limit func(*bench.PhaseResult)
		want  bench.Verdict
	}{
		{"the faster is bounded", recordtest.Speeds(4*ms, 8*ms), "node-a", busy, bench.Supported},
		{"the slower is bounded", recordtest.Speeds(4*ms, 8*ms), "python-a", busy, bench.Inconclusive},
		{"the claim's loser is bounded", recordtest.Speeds(8*ms, 4*ms), "node-a", busy, bench.Inconclusive},
		{"the claim's winner is not", recordtest.Speeds(8*ms, 4*ms), "python-a", busy, bench.Contradicted},
		{"equals, one bounded", recordtest.Speeds(8*ms, 8*ms), "node-a", busy, bench.Inconclusive},
		{
			name:  "near the certified capacity",
			speed: recordtest.Speeds(4*ms, 8*ms),
			bound: "python-a",
			limit: func(p *bench.PhaseResult) {
				p.Gates = []bench.Gate{{Name: bench.GateLoad, Value: .9, OK: true}}
			},
			want: bench.Inconclusive,
		},
		{
			name:  "our upstream was late",
			speed: recordtest.Speeds(4*ms, 8*ms),
			bound: "python-a",
			limit: func(p *bench.PhaseResult) { p.Late, p.CPU = 2*ms, p.Drive.Elapsed/2 },
			want:  bench.Inconclusive,
		},
		{
			name:  "a database was busy",
			speed: recordtest.Speeds(4*ms, 8*ms),
			bound: "python-a",
			limit: func(p *bench.PhaseResult) {
				p.CPU = p.Drive.Elapsed / 2
				p.Gates = []bench.Gate{{Name: bench.GateService, Value: .8, OK: true}}
			},
			want: bench.Inconclusive,
		},
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
			if cell.Verdict != c.want {
				t.Errorf("it is %s (%s), want %s", cell.Verdict, cell.Why, c.want)
			}
			if len(cell.Warnings) == 0 {
				t.Error("there is no warning")
			}
			if cell.Low != nil && cell.High != nil {
				t.Errorf("the interval is %g to %g, want it open on one side", *cell.Low, *cell.High)
			}
		})
	}
}

// A difference that is smaller than the load generator's certified error is not decided, however clear its ratio.
func TestCertifiedErrorCounts(t *testing.T) {
	for certified, want := range map[time.Duration]bench.Verdict{
		0:                      bench.Supported,
		100 * time.Microsecond: bench.Supported,
		300 * time.Microsecond: bench.Inconclusive,
		50 * ms:                bench.Inconclusive,
	} {
		t.Run(certified.String(), func(t *testing.T) {
			s := recordtest.Study{
				Rounds: 6,
				Claims: [][]bench.Test{{fasterNode}},
				Speed:  recordtest.Speeds(1000*time.Microsecond, 1300*time.Microsecond),
				Noise:  .002,
			}
			if certified != 0 {
				s.Directory.Certificates = []bench.Certificate{
					{Accuracy: []bench.Accuracy{{Rate: 500, Sent: 1, Reported: bench.Quantiles{P50: certified}}}},
				}
			}
			if cell := judged(t, s.Write(t)).Claims[0].Tests[0]; cell.Verdict != want {
				t.Errorf("it is %s (%s), want %s", cell.Verdict, cell.Why, want)
			}
		})
	}
}

// Lag is part of a response time. If one server's requests had more lag, that part of the difference is the
// generator's.
func TestLagIsNotTheServers(t *testing.T) {
	for more, want := range map[time.Duration]bench.Verdict{
		0:                      bench.Supported,
		200 * time.Microsecond: bench.Supported,
		320 * time.Microsecond: bench.Inconclusive,
	} {
		t.Run(more.String(), func(t *testing.T) {
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
				t.Errorf("it is %s (%s), want %s", cell.Verdict, cell.Why, want)
			}
		})
	}
}

// Figures without a usable number give no ratio.
func TestNumbersThatCannotBeCompared(t *testing.T) {
	lower := func(metric string) bench.Test {
		return bench.Test{Scenario: "json", Metric: metric, Of: "node", To: "python", Expect: bench.Lower}
	}
	for _, c := range []struct {
		name   string
		test   bench.Test
		change func(r *bench.TrialResult, hits *[]bench.Hit)
		want   bench.Verdict
		why    string
	}{
		{
			name: "all errors in the open loop",
			test: fasterNode,
			change: func(_ *bench.TrialResult, hits *[]bench.Hit) {
				for i := range *hits {
					(*hits)[i].Err = bench.ErrReset
				}
			},
			want: bench.Inconclusive,
			why:  "exactly the same number",
		},
		{
			name:   "no hit at all",
			test:   fasterNode,
			change: func(_ *bench.TrialResult, hits *[]bench.Hit) { *hits = nil },
			want:   bench.NotTested,
			why:    "needs 200 samples",
		},
		{
			name: "hits at times that no phase has",
			test: fasterNode,
			change: func(_ *bench.TrialResult, hits *[]bench.Hit) {
				(*hits)[3].Due, (*hits)[3].Done = -time.Second, -time.Millisecond
			},
			want: bench.NotTested,
			why:  "no round has a valid trial",
		},
		{
			name:   "no CPU time",
			test:   lower("cpu_seconds_per_1k"),
			change: func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[1].CPU = 0 },
			want:   bench.NotTested,
			why:    "gave 0, which cannot be compared",
		},
		{
			name:   "negative CPU time",
			test:   lower("cpu_seconds_per_1k"),
			change: func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[1].CPU = -5 },
			want:   bench.NotTested,
			why:    "which cannot be compared",
		},
		{
			name: "a quotient of zeros",
			test: lower("cores_used"),
			change: func(r *bench.TrialResult, _ *[]bench.Hit) {
				r.Phases[1].CPU, r.Phases[1].Drive.Elapsed = 0, 0
			},
			want: bench.NotTested,
			why:  "gave NaN, which cannot be compared",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := recordtest.Study{
				Rounds: 6,
				Claims: [][]bench.Test{{c.test}},
				Speed:  recordtest.Speeds(4*ms, 8*ms),
				Noise:  .02,
				Change: c.change,
			}
			claim := judged(t, s.Write(t)).Claims[0]
			if claim.Verdict != c.want {
				t.Errorf("it is %s, want %s", claim.Verdict, c.want)
			}
			if why := claim.Tests[0].Why; !strings.Contains(why, c.why) {
				t.Errorf("the reason is %q, want %q", why, c.why)
			}
			if _, err := text.JSON(&bench.Verdicts{Claims: []bench.ClaimVerdict{claim}}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestJudgingTwiceGivesTheSameBytes(t *testing.T) {
	study := recordtest.Study{
		Rounds: 4,
		Claims: [][]bench.Test{{moreNode, fasterNode}},
		Speed:  recordtest.Speeds(4*ms, 8*ms),
		Noise:  .1,
	}
	dir := study.Write(t)
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

// BenchmarkJudge judges a run of ten million requests, and reports the most memory that it held.
func BenchmarkJudge(b *testing.B) {
	const n = 10_000_000
	atMost := 1.0
	study := recordtest.Study{
		Rounds: 1,
		Claims: [][]bench.Test{{{Scenario: "json", Metric: "p50", Of: "node", AtMost: &atMost}}},
		Speed:  map[string]time.Duration{"node-a": 8 * ms},
		Scale:  n / recordtest.Requests,
		Change: func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[0].Drive.Planned, r.Phases[0].Drive.Sent = n, n },
	}
	dir := study.Write(b)
	runtime.GC()
	debug.FreeOSMemory()
	// If the peak cannot be reset, the benchmark reports the growth since the start: see proc_pid_clear_refs(5).
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	before := peak(b)
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
	b.ReportMetric(float64(peak(b)-before)/(1<<20), "peak-MB")
}

// peak returns the process's largest resident memory since it was last reset, in bytes. It skips the benchmark on
// systems without /proc.
func peak(b *testing.B) int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("this system does not report the peak of a process's memory")
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb int64
			if _, err := fmt.Sscan(rest, &kb); err != nil {
				b.Fatal(err)
			}
			return kb << 10
		}
	}
	return 0
}
