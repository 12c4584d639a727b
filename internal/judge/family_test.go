package judge

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
	"github.com/claimbench/claimbench/internal/text"
)

const ms = time.Millisecond

// faster makes node's launches as many times faster than python's as the list says, round for round.
func faster(ratios ...float64) func(*bench.TrialResult, *[]bench.Hit) {
	return func(r *bench.TrialResult, hits *[]bench.Hit) {
		if r.Trial.Target != "node-a" {
			return
		}
		for i := range *hits {
			h := &(*hits)[i]
			h.Done = h.Due + time.Duration(float64(20*ms)/ratios[(r.Trial.Round-1)%len(ratios)])
		}
	}
}

// A decision that one round of six could undo is none, and a claim that is decided alone
// may not be among several.
func TestOneOfMany(t *testing.T) {
	s := recordtest.Study{
		Rounds: 6,
		Noise:  .0001,
		Claims: [][]bench.Test{{fasterNode}},
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Change: faster(1.3, 1.32, 1.31, 1.29, 1.3, .99),
	}
	claim := judged(t, s.Write(t)).Claims[0]
	if cell := claim.Tests[0]; cell.Verdict != bench.Inconclusive || cell.Forced != bench.ForcedFragile ||
		math.Abs(*cell.SignFlip-.0625) > 1e-9 {
		t.Errorf(
			"one round of six goes the other way: %s (%s), sign-flip p %v",
			cell.Verdict,
			cell.Why,
			deref(cell.SignFlip),
		)
	}

	// Direction and size are clear, but the scatter is such that p is some percent.
	s.Change = faster(1.30, 1.13, 1.26, 1.11, 1.24, 1.12)
	claim = judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Supported || *claim.P > .05 || *claim.P < .0125 || *claim.Adjusted != *claim.P {
		t.Fatalf("alone it is %s (%s), p %v", claim.Verdict, claim.Why, deref(claim.P))
	}
	alone := *claim.P
	other := fasterNode
	other.Margin = new(bench.Percent)
	*other.Margin = .2 // which is undecided
	s.Claims = [][]bench.Test{{fasterNode}, {other}, {other}, {other}}
	claim = judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Inconclusive || math.Abs(*claim.Adjusted-4*alone) > 1e-12 ||
		!strings.Contains(claim.Why, "not as one of 4 claims") ||
		claim.Tests[0].Verdict != bench.Supported {
		t.Errorf(
			"one of four it is %s (%s), adjusted p %v, and alone %v",
			claim.Verdict,
			claim.Why,
			deref(claim.Adjusted),
			alone,
		)
	}
}

// That comparisons are not alike must not be the luck of one of many.
func TestDependsIsTestedHarder(t *testing.T) {
	down := fasterNode
	down.Expect = bench.Higher
	s := recordtest.Study{
		Rounds: 6,
		Noise:  .0001,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Change: faster(1.30, 1.13, 1.26, 1.11, 1.24, 1.12),
		Claims: [][]bench.Test{{fasterNode, down}},
	}
	claim := judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Inconclusive || !strings.Contains(claim.Why, "may be chance among 2") {
		t.Errorf("two weak ones that differ: %s (%s)", claim.Verdict, claim.Why)
	}
	s.Change = faster(1.50, 1.51, 1.49, 1.5, 1.52, 1.48)
	if claim := judged(t, s.Write(t)).Claims[0]; claim.Verdict != bench.Depends || *claim.P > .01 {
		t.Errorf("two clear ones that differ: %s (%s)", claim.Verdict, claim.Why)
	}
}

// What a look decides is not judged again, and what it leaves open is measured on.
func TestLooks(t *testing.T) {
	clear, close := faster(1.5, 1.52, 1.49, 1.51), faster(1.05, 1.25, 1.15)
	s := recordtest.Study{
		Rounds: 30,
		Looks:  []int{10, 20, 30},
		Made:   10,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Noise:  .01,
		Twin:   1,
		Claims: [][]bench.Test{{fasterNode}, {moreNode}},
		Change: clear,
	}
	open := func(dir string) (map[bench.Cell]bool, []string) {
		r, err := record.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		cells, claims, err := NeedsRounds(r)
		if err != nil {
			t.Fatal(err)
		}
		return cells, claims
	}
	third := inference.Nominal(.05/2, []float64{1. / 3}, inference.Pocock)[0]

	dir := s.Write(t)
	v := judged(t, dir)
	if cell := v.Claims[0].Tests[0]; v.Claims[0].Verdict != bench.Supported || cell.Rounds != 10 ||
		math.Abs(cell.Confidence-(1-third)) > 1e-12 {
		t.Errorf("a clear one: %s (%s) after %d rounds at %v", v.Claims[0].Verdict, cell.Why, cell.Rounds, cell.Confidence)
	}
	if looks := v.Analysis.Looks; len(looks) != 1 || looks[0].Rounds != 10 || !looks[0].Planned ||
		!slices.Equal(looks[0].Decided, []string{"c", "c1"}) ||
		v.Claims[0].Adjusted != nil {
		t.Errorf("looks are %+v", looks)
	}
	if cells, claims := open(dir); len(cells) > 0 || len(claims) > 0 {
		t.Errorf("all is decided, but %v are needed by %v", cells, claims)
	}

	// That all is decided ends the run, but gives the look no more to spend.
	s.Directory.After = []record.Entry{{Event: record.EventLook, Round: 10}, {Event: record.EventEnd}}
	if looks := judged(t, s.Write(t)).Analysis.Looks; looks[0].Level != third {
		t.Errorf("the end of the run changed the level of its look to %g", looks[0].Level)
	}
	s.Directory.After = nil

	s.Change = close
	dir = s.Write(t)
	if cells, claims := open(dir); !slices.Equal(claims, []string{"c"}) || !cells[bench.Cell{Arm: "json/node-a"}] ||
		!cells[bench.Cell{Arm: "json/python-a"}] ||
		!cells[bench.Cell{Arm: "json/node-a-twin"}] {
		t.Errorf("a close one needs %v for %v", cells, claims)
	}

	// After the look that decides it, the world may turn over.
	s.Made, s.Change = 20, func(r *bench.TrialResult, hits *[]bench.Hit) {
		if clear(r, hits); r.Trial.Round > 10 {
			faster(.5)(r, hits)
		}
	}
	v = judged(t, s.Write(t))
	if claim := v.Claims[0]; claim.Verdict != bench.Supported || claim.Tests[0].Rounds != 10 ||
		len(v.Analysis.Looks) != 2 {
		t.Errorf("a later round changed a verdict: %s (%s)", claim.Verdict, claim.Why)
	}

	// What was dropped is not missing; what was not made is.
	s.Made, s.Change = 12, clear
	s.Skip = func(trial bench.Trial) bool { return trial.Round > 10 && trial.Target == "python-a" }
	if v := judged(t, s.Write(t)); !slices.ContainsFunc(
		v.Warnings,
		func(w string) bool { return strings.Contains(w, "trials were not made") },
	) {
		t.Errorf("warnings are %q", v.Warnings)
	}
	s.Made, s.Looks = 30, []int{10, 20, 30}
	s.Directory.After = []record.Entry{
		{Event: record.EventDrop, Round: 10, Arm: "json/python-a"},
		{Event: record.EventLook, Round: 10},
	}
	if v := judged(t, s.Write(t)); slices.ContainsFunc(
		v.Warnings,
		func(w string) bool { return strings.Contains(w, "trials were not made") },
	) {
		t.Errorf("what was dropped counts as missing: %q", v.Warnings)
	}
}

// A run that its budget ends spends at its last round what is left; one that just has not gone on spends
// what is due.
func TestAnEndThatWasNotPlanned(t *testing.T) {
	s := recordtest.Study{
		Rounds: 30,
		Looks:  []int{10, 20, 30},
		Made:   14,
		Speed:  recordtest.Speeds(8*ms, 8*ms),
		Noise:  .2,
		Claims: [][]bench.Test{{moreNode}},
	}
	level := func() float64 {
		looks := judged(t, s.Write(t)).Analysis.Looks
		if len(looks) != 2 || looks[1].Rounds != 14 || looks[1].Planned {
			t.Fatalf("looks are %+v", looks)
		}
		return looks[1].Level
	}
	due := level()
	s.Directory.Journal = []record.Entry{{Event: record.EventBegin, Budget: "1h"}}
	s.Directory.After = []record.Entry{{Event: record.EventBudget}}
	all := level()
	// Whoever has seen the run before it went on with a budget chose when it ends.
	s.Directory.Journal = append(
		s.Directory.Journal,
		record.Entry{Event: record.EventInterrupted},
		record.Entry{Event: record.EventBegin, Budget: "5s"},
	)
	if again := level(); again != due {
		t.Errorf("a budget that came later spends %g, want %g", again, due)
	}
	s.Directory.Journal = []record.Entry{{Event: record.EventBegin}}
	if none := level(); none != due {
		t.Errorf("an end without a budget spends %g, want %g", none, due)
	}
	want := inference.Nominal(.05, []float64{10. / 30, 14. / 30}, inference.Pocock)[1]
	if math.Abs(due-want) > 1e-9 || all <= due || all >= .05 {
		t.Errorf("levels are %g, want %g, and at the end %g, want more, and less than all", due, want, all)
	}
}

// A comparison whose first number comes after its claim was decided is no part of it; one that has none by a
// look does not hold the claim open.
func TestNumbersThatComeLater(t *testing.T) {
	s := recordtest.Study{
		Rounds: 30,
		Looks:  []int{10, 20, 30},
		Made:   20,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Noise:  .01,
		Claims: [][]bench.Test{{moreNode, fasterNode}},
	}
	s.Speed = recordtest.Speeds(4*ms, 8*ms)
	s.Change = func(r *bench.TrialResult, hits *[]bench.Hit) {
		if r.Trial.Round <= 10 {
			r.Phases[0].Void = "the database was down"
		}
	}
	claim := judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Supported || claim.Tests[0].Rounds != 10 || claim.Tests[1].Verdict != bench.NotTested ||
		!strings.Contains(claim.Tests[1].Why, "after 10 rounds") {
		t.Errorf(
			"%s (%s); the later comparison is %s (%s)",
			claim.Verdict,
			claim.Why,
			claim.Tests[1].Verdict,
			claim.Tests[1].Why,
		)
	}
}

// As long as a claim is open, those of its comparisons are measured on that are not decided at the level
// which it takes to depend on something.
func TestWhatADependsTakes(t *testing.T) {
	down := moreNode
	down.Margin = new(bench.Percent)
	*down.Margin = .9
	s := recordtest.Study{
		Rounds: 30,
		Looks:  []int{10, 20, 30},
		Made:   10,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Noise:  .0001,
		Claims: [][]bench.Test{{fasterNode, down}},
		Change: faster(1.6, 1.105, 1.55, 1.11, 1.5, 1.12),
	}
	r, err := record.Open(s.Write(t))
	if err != nil {
		t.Fatal(err)
	}
	j, _, err := newJudgment(r)
	if err != nil {
		t.Fatal(err)
	}
	c := j.claims()[0]
	alone, hard := j.find(c.comparisons[0], j.alpha(), 0), j.find(c.comparisons[0], j.strict(c), 0)
	if alone.verdict != bench.Supported || hard.verdict != bench.Inconclusive || c.Verdict != bench.Inconclusive {
		t.Fatalf(
			"the made-up rounds don't lie between the two levels: p %g, %s, %s, %s",
			alone.p,
			alone.verdict,
			hard.verdict,
			c.Verdict,
		)
	}
	cells, claims, err := NeedsRounds(r)
	if err != nil || len(claims) != 1 || !cells[bench.Cell{Arm: "json/node-a"}] {
		t.Errorf("%v are needed by %v, %v", cells, claims, err)
	}
}

// Where judging again leaves other claims open than the look did, the run says so, and is void.
func TestALookThatCannotBeReproduced(t *testing.T) {
	s := recordtest.Study{
		Rounds:   30,
		Looks:    []int{10, 20, 30},
		Speed:    recordtest.Speeds(4*ms, 8*ms),
		Noise:    .02,
		Twin:     1,
		Control:  1.25,
		Evidence: true,
		Claims: [][]bench.Test{
			{moreNode},
		},
		Directory: recordtest.Directory{
			After: []record.Entry{
				{Event: record.EventLook, Round: 10, Undecided: []string{"c"}},
				{Event: record.EventLook, Round: 20},
			},
		},
	}
	v := judged(t, s.Write(t))
	if len(v.Analysis.Unlike) != 1 ||
		!slices.ContainsFunc(
			v.Void,
			func(why string) bool { return strings.Contains(why, "the look at round 10 leaves [] undecided") },
		) {
		t.Errorf("unlike are %q, void %q", v.Analysis.Unlike, v.Void)
	}
}

// Survivors decide nothing: where more than a fifth of the rounds has no pair that counts, the others may be
// those in which the server held.
func TestSurvivors(t *testing.T) {
	s := recordtest.Study{
		Rounds: 10,
		Claims: [][]bench.Test{{moreNode}},
		Speed:  recordtest.Speeds(4*ms, 8*ms),
		Noise:  .02,
	}
	for dead, want := range map[int]bench.Verdict{2: bench.Supported, 3: bench.Inconclusive, 8: bench.Inconclusive} {
		s.Change = func(r *bench.TrialResult, _ *[]bench.Hit) {
			if r.Trial.Target == "node-a" && r.Trial.Round <= dead {
				r.Valid, r.Reason = false, "the server died"
			}
		}
		cell := judged(t, s.Write(t)).Claims[0].Tests[0]
		if cell.Verdict != want || (cell.Forced == bench.ForcedMissing) != (want == bench.Inconclusive) ||
			cell.Rounds != 10-dead {
			t.Errorf("%d of ten died: %s (%s)", dead, cell.Verdict, cell.Why)
		}
	}
}

// What is decided among many by t must be so by the sign-flip test as well, where that could be.
func TestFragileAmongMany(t *testing.T) {
	other := fasterNode
	other.Margin = new(bench.Percent)
	*other.Margin = .45 // which is undecided
	s := recordtest.Study{
		Rounds: 10,
		Noise:  .0001,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Claims: [][]bench.Test{{fasterNode}, {other}, {other}, {other}, {other}},
		Change: faster(1.5, 1.52, 1.49, 1.51, 1.5, 1.48, 1.5, 1.53, 1.5, 1.08),
	}
	claim := judged(t, s.Write(t)).Claims[0]
	if claim.Tests[0].Verdict != bench.Supported || *claim.Adjusted > .05 || claim.Verdict != bench.Supported {
		// one round of ten just within the margin: 4 of 1,024 choices of signs
		if !strings.Contains(claim.Why, "fragile as one of 5 claims") {
			t.Errorf("%s (%s)", claim.Verdict, claim.Why)
		}
	}
	level := .05 * *claim.P / *claim.Adjusted
	if p := *claim.Tests[0].SignFlip; (p >= level) != (claim.Verdict == bench.Inconclusive) {
		t.Errorf("sign-flip p %g at the level %g: %s (%s)", p, level, claim.Verdict, claim.Why)
	}
}

// The twin that is no twin, and the control that is not found, void what was to be evidence.
func TestGuards(t *testing.T) {
	whole := recordtest.Study{
		Rounds:   10,
		Speed:    recordtest.Speeds(4*ms, 8*ms),
		Noise:    .02,
		Twin:     1,
		Control:  1.25,
		Evidence: true,
		Claims:   [][]bench.Test{{moreNode}},
	}
	for _, c := range []struct {
		name  string
		study func(s *recordtest.Study)
		void  string
	}{
		{"all is well", func(*recordtest.Study) {}, ""},
		{"the server's own share of a request is under 5%", func(s *recordtest.Study) { s.Control = 1 + .96*.25 }, ""},
		{"the twin is slower", func(s *recordtest.Study) { s.Twin = 1.3 }, "the A/A arm is decided different: "},
		{"the instrument sees too little", func(s *recordtest.Study) { s.Control = 1.1 }, "the positive control was not found: "},
		{"the instrument sees too much", func(s *recordtest.Study) { s.Control = 1.5 }, "the positive control was not found: "},
		{"the noise hides the control", func(s *recordtest.Study) { s.Noise = 1.5 }, "the positive control was not found: "},
		{"there is no twin", func(s *recordtest.Study) { s.Twin = 0 }, "no A/A arm was measured"},
		{"there is no control", func(s *recordtest.Study) { s.Control = 0 }, "no positive control was measured"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := whole
			c.study(&s)
			v := judged(t, s.Write(t))
			if c.void == "" && len(v.Void) > 0 ||
				c.void != "" && !slices.ContainsFunc(v.Void, func(why string) bool { return strings.HasPrefix(why, c.void) }) {
				t.Errorf("void are %q, want one that begins with %q", v.Void, c.void)
			}
			if s.Twin == 1 && s.Noise < 1 &&
				(len(v.Twins) != 5 || slices.ContainsFunc(v.Twins, func(x bench.Comparison) bool { return x.Metric == "throughput" && x.Verdict != bench.PracticallyEqual })) {
				t.Errorf("twins are %+v", v.Twins)
			}
		})
	}
}

// phase makes the open loop one of four seconds, whose answers take so many times as long until the
// given share of it is over.
func phase(r *bench.TrialResult, hits *[]bench.Hit, until, longer float64) {
	took := (*hits)[0].ResponseTime()
	*hits = nil
	r.Trial.Phases = slices.Clone(r.Trial.Phases)
	r.Trial.Phases[0].Schedule.Duration = bench.Duration{Duration: 4 * time.Second}
	const n = 2000
	for i := range n {
		due := time.Duration(i) * 2 * ms
		slow := took + took*time.Duration(i%7)/100
		if float64(i) < until*n {
			slow = time.Duration(float64(slow) * longer)
		}
		*hits = append(*hits, bench.Hit{Seq: uint64(i), Due: due, Sent: due, Done: due + slow, Code: 200})
	}
}

func TestSteadyState(t *testing.T) {
	for _, c := range []struct {
		name    string
		until   float64
		trials  int // of ten, of node
		want    bench.Verdict
		forced  string
		reached bool
	}{
		{"a warm-up of a third does not count", .33, 10, bench.PracticallyEqual, "", true},
		{"one that takes two thirds is no steady state", .66, 10, bench.Inconclusive, bench.ForcedUnsteady, false},
		{"in a fifth of the trials it may be so", .66, 2, bench.Inconclusive, "", false},
		{"in more it may not", .66, 3, bench.Inconclusive, bench.ForcedUnsteady, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := recordtest.Study{
				Rounds: 10,
				Claims: [][]bench.Test{{fasterNode}},
				Speed:  recordtest.Speeds(8*ms, 8*ms),
				Noise:  .005,
				Change: func(r *bench.TrialResult, hits *[]bench.Hit) {
					if r.Trial.Target == "node-a" && r.Trial.Round <= c.trials {
						phase(r, hits, c.until, 2)
					} else {
						phase(r, hits, 0, 1)
					}
				},
			}
			r, err := record.Open(s.Write(t))
			if err != nil {
				t.Fatal(err)
			}
			v, summaries, err := Judge(r)
			if err != nil {
				t.Fatal(err)
			}
			cell := v.Claims[0].Tests[0]
			if cell.Verdict != c.want || cell.Forced != c.forced {
				t.Errorf("%s (%s), forced %q", cell.Verdict, cell.Why, cell.Forced)
			}
			p, _ := summaries[0].Phase(recordtest.ID("latency@500/s"))
			if !p.Steady.Examined() || p.Steady.Reached() != c.reached ||
				c.reached && (p.Steady.From < 1200*ms || p.Steady.From > 1400*ms) {
				t.Errorf("steady state is %+v", p.Steady)
			}
		})
	}
}

// Shorter phases, and those with too few answers, are not looked at.
func TestTooShortToBeSteady(t *testing.T) {
	var few, short series
	for i := range 60 {
		few.add(time.Duration(i)*50*ms, ms)
		short.add(time.Duration(i)*ms, ms)
	}
	var none series
	for name, s := range map[string]*series{"few": &few, "short": &short, "none": &none} {
		if got := s.steady(len(s.windows)); got.Examined() || got.Reached() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// edit changes a JSON file of a run directory.
func edit(dir, name string, change func(map[string]any)) error {
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	change(v)
	if data, err = json.Marshal(v); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// Whatever was done to a directory, there is a clear word, and no verdict is invented.
func TestForgedDirectories(t *testing.T) {
	const third = "trials/003-json-node-a/"
	copied := func(dir, name string) error {
		data, err := os.ReadFile(filepath.Join(dir, "trials/001-json-node-a", name))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, third, name), data, 0o644)
	}
	for _, c := range []struct {
		name   string
		forge  func(dir string) error
		rounds int
		warns  string
	}{
		{"a result is edited", func(dir string) error {
			return edit(dir, third+"result.json", func(v map[string]any) { v["ready_ns"] = 1 })
		}, 5, "trial 3 is left out: its result.json is not the file that was recorded"},
		{"a log is edited", func(dir string) error { return os.WriteFile(filepath.Join(dir, third, "server.log"), nil, 0o644) }, 5, "its server.log is not the file"},
		{"hits are another trial's", func(dir string) error { return copied(dir, "hits.parquet") }, 5, "its hits.parquet is not the file"},
		{"the plan is another", func(dir string) error { return edit(dir, "plan.json", func(v map[string]any) { v["seed"] = 5 }) }, 0, "made with another plan"},
		{"the machine is another", func(dir string) error {
			return edit(dir, "environment.json", func(v map[string]any) { v["machine"] = "other" })
		}, 0, "made on another machine"},
		{"the journal knows nothing of it", func(dir string) error {
			path := filepath.Join(dir, "journal.jsonl")
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			lines := slices.DeleteFunc(strings.SplitAfter(string(data), "\n"), func(l string) bool { return strings.Contains(l, `"trial":3,`) })
			return os.WriteFile(path, []byte(strings.Join(lines, "")), 0o644)
		}, 5, "the journal does not record its end"},
		{"a trial is a copy, and its journal too", func(dir string) error {
			if err := copied(dir, "hits.parquet"); err != nil {
				return err
			}
			path := filepath.Join(dir, "journal.jsonl")
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sums, err := record.Sums(dir)
			if err != nil {
				return err
			}
			lines := strings.Split(string(data), "\n")
			for i, l := range lines {
				var e record.Entry
				if json.Unmarshal([]byte(l), &e) == nil && e.Trial == 3 {
					e.Sums[record.HitsFile] = sums[third+"hits.parquet"]
					line, err := json.Marshal(e)
					if err != nil {
						return err
					}
					lines[i] = string(line)
				}
			}
			return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
		}, 5, "its hits are those of trial 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := recordtest.Study{
				Rounds:    6,
				Claims:    [][]bench.Test{{moreNode}},
				Speed:     recordtest.Speeds(4*ms, 8*ms),
				Noise:     .02,
				Directory: recordtest.Directory{Environment: bench.Environment{Machine: "this"}},
			}.Write(
				t,
			)
			if err := c.forge(dir); err != nil {
				t.Fatal(err)
			}
			v := judged(t, dir)
			if got := v.Claims[0].Tests[0].Rounds; got != c.rounds {
				t.Errorf("%d rounds entered, want %d", got, c.rounds)
			}
			if c.rounds == 0 && v.Claims[0].Verdict != bench.NotTested {
				t.Errorf("verdict is %s", v.Claims[0].Verdict)
			}
			if !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, c.warns) }) {
				t.Errorf("warnings are %q, want one with %q", v.Warnings, c.warns)
			}
		})
	}
}

// All errors, no time, and numbers that are none give no ratio.
func TestNumbersThatAreNone(t *testing.T) {
	for _, c := range []struct {
		name   string
		test   bench.Test
		change func(r *bench.TrialResult, hits *[]bench.Hit)
		want   bench.Verdict
		why    string
	}{
		{"all errors in the open loop", fasterNode, func(_ *bench.TrialResult, hits *[]bench.Hit) {
			for i := range *hits {
				(*hits)[i].Err = bench.ErrReset
			}
		}, bench.Inconclusive, "the very same number"},
		{"no hit at all", fasterNode, func(_ *bench.TrialResult, hits *[]bench.Hit) { *hits = nil }, bench.NotTested, "needs 200 samples"},
		{"hits at times that no phase has", fasterNode, func(_ *bench.TrialResult, hits *[]bench.Hit) {
			(*hits)[3].Due, (*hits)[3].Done = -time.Second, -time.Millisecond
		}, bench.NotTested, "no round has a valid trial"},
		{"no CPU time", bench.Test{Scenario: "json", Metric: "cpu_seconds_per_1k", Of: "node", To: "python", Expect: bench.Lower},
			func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[1].CPU = 0 }, bench.NotTested, "gave 0, which cannot be compared"},
		{"negative CPU time", bench.Test{Scenario: "json", Metric: "cpu_seconds_per_1k", Of: "node", To: "python", Expect: bench.Lower},
			func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[1].CPU = -5 }, bench.NotTested, "which cannot be compared"},
		{"a quotient of zeros", bench.Test{Scenario: "json", Metric: "cores_used", Of: "node", To: "python", Expect: bench.Lower},
			func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[1].CPU, r.Phases[1].Drive.Elapsed = 0, 0 }, bench.NotTested, "gave NaN, which cannot be compared"},
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
			if cell := claim.Tests[0]; claim.Verdict != c.want || !strings.Contains(cell.Why, c.why) {
				t.Errorf("%s (%s), want %s", claim.Verdict, cell.Why, c.want)
			}
			if _, err := text.JSON(&bench.Verdicts{Claims: []bench.ClaimVerdict{claim}}); err != nil {
				t.Error(err)
			}
		})
	}
}
