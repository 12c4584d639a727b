package judge

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

// needed returns the cells that need more rounds, and the undecided claims.
func needed(t *testing.T, dir string) (map[bench.Cell]bool, []string) {
	t.Helper()
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

// threeLooks returns a study of 30 rounds and two claims, of which 10 rounds were made. Both claims are clear.
func threeLooks() recordtest.Study {
	return recordtest.Study{
		Rounds: 30,
		Looks:  []int{10, 20, 30},
		Made:   10,
		Speed:  recordtest.Speeds(20*ms, 20*ms),
		Noise:  .01,
		Twin:   1,
		Claims: [][]bench.Test{{fasterNode}, {moreNode}},
		Change: clearlyFaster,
	}
}

var clearlyFaster = faster(1.5, 1.52, 1.49, 1.51)

// firstLevel is the level of the first of three looks, for one of two claims.
func firstLevel() float64 { return inference.Nominal(.05/2, []float64{1. / 3}, inference.Pocock)[0] }

func TestALookDecides(t *testing.T) {
	dir := threeLooks().Write(t)
	v := judged(t, dir)
	cell := v.Claims[0].Tests[0]
	if v.Claims[0].Verdict != bench.Supported {
		t.Errorf("a clear claim is %s (%s)", v.Claims[0].Verdict, cell.Why)
	}
	if cell.Rounds != 10 {
		t.Errorf("a clear claim is decided after %d rounds", cell.Rounds)
	}
	if want := 1 - firstLevel(); math.Abs(cell.Confidence-want) > 1e-12 {
		t.Errorf("the confidence is %v, want %v", cell.Confidence, want)
	}
	if v.Claims[0].Adjusted != nil {
		t.Errorf("the p-value was adjusted to %v", *v.Claims[0].Adjusted)
	}
	looks := v.Analysis.Looks
	if len(looks) != 1 {
		t.Fatalf("looks are %+v, want one", looks)
	}
	if looks[0].Rounds != 10 || !looks[0].Planned {
		t.Errorf("the look is %+v, want a planned one after 10 rounds", looks[0])
	}
	if got, want := looks[0].Decided, []string{"c", "c1"}; !slices.Equal(got, want) {
		t.Errorf("the look decided %q, want %q", got, want)
	}
	if cells, claims := needed(t, dir); len(cells) > 0 || len(claims) > 0 {
		t.Errorf("all is decided, but %v are needed by %v", cells, claims)
	}
}

// A look that decides all ends the run. It still has its own level, not the whole rest.
func TestALookThatDecidesAllKeepsItsLevel(t *testing.T) {
	s := threeLooks()
	s.Directory.After = []record.Entry{{Event: record.EventLook, Round: 10}, {Event: record.EventEnd}}
	if got, want := judged(t, s.Write(t)).Analysis.Looks[0].Level, firstLevel(); got != want {
		t.Errorf("the look at the end of the run has the level %g, want %g", got, want)
	}
}

// An undecided claim needs more rounds of its servers and of the twin.
func TestALookLeavesACloseClaimOpen(t *testing.T) {
	s := threeLooks()
	s.Change = faster(1.05, 1.25, 1.15)
	cells, claims := needed(t, s.Write(t))
	if !slices.Equal(claims, []string{"c"}) {
		t.Errorf("the claims %q need rounds, want c", claims)
	}
	for _, arm := range []string{"json/node-a", "json/python-a", "json/node-a-twin"} {
		if !cells[bench.Cell{Arm: arm}] {
			t.Errorf("%v need rounds, want %s among them", cells, arm)
		}
	}
}

// A look does not judge again what an earlier one decided.
func TestALaterRoundChangesNoVerdict(t *testing.T) {
	s := threeLooks()
	s.Made, s.Change = 20, func(r *bench.TrialResult, hits *[]bench.Hit) {
		clearlyFaster(r, hits)
		if r.Trial.Round > 10 {
			faster(.5)(r, hits)
		}
	}
	v := judged(t, s.Write(t))
	claim := v.Claims[0]
	if claim.Verdict != bench.Supported {
		t.Errorf("the later rounds made it %s (%s)", claim.Verdict, claim.Why)
	}
	if got := claim.Tests[0].Rounds; got != 10 {
		t.Errorf("%d rounds decided it, want 10", got)
	}
	if got := len(v.Analysis.Looks); got != 2 {
		t.Errorf("there were %d looks, want 2", got)
	}
}

// A trial that was not made is missing, unless a look dropped its arm.
func TestDroppedTrialsAreNotMissing(t *testing.T) {
	const warning = "trials were not made"
	s := threeLooks()
	s.Made = 12
	s.Skip = func(trial bench.Trial) bool { return trial.Round > 10 && trial.Target == "python-a" }
	if v := judged(t, s.Write(t)); !anyContains(v.Warnings, warning) {
		t.Errorf("trials are missing, but the warnings are %q", v.Warnings)
	}
	s.Made = 30
	s.Directory.After = []record.Entry{
		{Event: record.EventDrop, Round: 10, Arm: "json/python-a"},
		{Event: record.EventLook, Round: 10},
	}
	if v := judged(t, s.Write(t)); anyContains(v.Warnings, warning) {
		t.Errorf("a dropped arm counts as missing: %q", v.Warnings)
	}
}

// A run that its budget ends spends the rest of its level at the last round. A run that merely stopped spends what
// is due at that round.
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
		t.Helper()
		looks := judged(t, s.Write(t)).Analysis.Looks
		if len(looks) != 2 {
			t.Fatalf("looks are %+v, want two", looks)
		}
		if looks[1].Rounds != 14 || looks[1].Planned {
			t.Fatalf("the second look is %+v, want one after 14 rounds that was not planned", looks[1])
		}
		return looks[1].Level
	}
	due := level()
	s.Directory.Journal = []record.Entry{{Event: record.EventBegin, Budget: "1h"}}
	s.Directory.After = []record.Entry{{Event: record.EventBudget}}
	all := level()
	// Someone who sees the run before it goes on with a budget can choose when it ends.
	s.Directory.Journal = append(
		s.Directory.Journal,
		record.Entry{Event: record.EventInterrupted},
		record.Entry{Event: record.EventBegin, Budget: "5s"},
	)
	if got := level(); got != due {
		t.Errorf("a budget that came later spends %g, want %g", got, due)
	}
	s.Directory.Journal = []record.Entry{{Event: record.EventBegin}}
	if got := level(); got != due {
		t.Errorf("an end without a budget spends %g, want %g", got, due)
	}
	if want := inference.Nominal(.05, []float64{10. / 30, 14. / 30}, inference.Pocock)[1]; math.Abs(due-want) > 1e-9 {
		t.Errorf("the level that is due is %g, want %g", due, want)
	}
	if all <= due {
		t.Errorf("at the end the level is %g, want more than the %g that is due", all, due)
	}
	if all >= .05 {
		t.Errorf("at the end the level is %g, want less than 0.05", all)
	}
}

// A comparison whose first number comes after its claim was decided is not part of the claim. A comparison without
// a number at a look does not keep the claim open.
func TestNumbersThatComeLater(t *testing.T) {
	s := recordtest.Study{
		Rounds: 30,
		Looks:  []int{10, 20, 30},
		Made:   20,
		Speed:  recordtest.Speeds(4*ms, 8*ms),
		Noise:  .01,
		Claims: [][]bench.Test{{moreNode, fasterNode}},
		Change: func(r *bench.TrialResult, _ *[]bench.Hit) {
			if r.Trial.Round <= 10 {
				r.Phases[0].Void = "the database was down"
			}
		},
	}
	claim := judged(t, s.Write(t)).Claims[0]
	if claim.Verdict != bench.Supported {
		t.Errorf("the claim is %s (%s)", claim.Verdict, claim.Why)
	}
	if got := claim.Tests[0].Rounds; got != 10 {
		t.Errorf("the first comparison has %d rounds, want 10", got)
	}
	later := claim.Tests[1]
	if later.Verdict != bench.NotTested {
		t.Errorf("the later comparison is %s", later.Verdict)
	}
	if !strings.Contains(later.Why, "after 10 rounds") {
		t.Errorf("the later comparison: %s", later.Why)
	}
}

// While a claim is open, a comparison is measured on unless it is decided at the stricter level of a claim that
// depends on something.
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
	// The made-up rounds must lie between the two levels.
	if alone.verdict != bench.Supported {
		t.Fatalf("at the usual level it is %s, p %g", alone.verdict, alone.p)
	}
	if hard.verdict != bench.Inconclusive {
		t.Fatalf("at the stricter level it is %s, p %g", hard.verdict, hard.p)
	}
	if c.Verdict != bench.Inconclusive {
		t.Fatalf("the claim is %s", c.Verdict)
	}
	cells, claims, err := NeedsRounds(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(claims) != 1 {
		t.Errorf("the claims %q need rounds, want one", claims)
	}
	if !cells[bench.Cell{Arm: "json/node-a"}] {
		t.Errorf("%v need rounds, want json/node-a among them", cells)
	}
}

// If judging again leaves other claims open than the look did, the run is void and says so.
func TestALookThatCannotBeReproduced(t *testing.T) {
	s := recordtest.Study{
		Rounds:   30,
		Looks:    []int{10, 20, 30},
		Speed:    recordtest.Speeds(4*ms, 8*ms),
		Noise:    .02,
		Twin:     1,
		Control:  1.25,
		Evidence: true,
		Claims:   [][]bench.Test{{moreNode}},
		Directory: recordtest.Directory{
			After: []record.Entry{
				{Event: record.EventLook, Round: 10, Undecided: []string{"c"}},
				{Event: record.EventLook, Round: 20},
			},
		},
	}
	v := judged(t, s.Write(t))
	if len(v.Analysis.Unlike) != 1 {
		t.Errorf("looks that differ are %q, want one", v.Analysis.Unlike)
	}
	if !anyContains(v.Void, "the look at round 10 leaves [] undecided") {
		t.Errorf("it is void because of %q", v.Void)
	}
}
