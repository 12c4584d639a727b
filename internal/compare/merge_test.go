package compare

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

var moreNode = bench.Test{Scenario: "json", Metric: "throughput", Of: "node", To: "python", Expect: bench.Higher}

// onMachine makes a run on a machine of that name, where node's answers take so long and python's 8 ms.
func onMachine(t *testing.T, machine string, node time.Duration, change func(*recordtest.Study)) Run {
	t.Helper()
	s := recordtest.Study{Rounds: 10, Speed: recordtest.Speeds(node, 8*ms), Noise: .02, Twin: 1, Control: 1.25, Evidence: true, Claims: [][]bench.Test{{moreNode}, {}},
		Directory: recordtest.Directory{Environment: bench.Environment{Machine: machine, CPU: "CPU of " + machine, CPUs: 2}}}
	if change != nil {
		change(&s)
	}
	r, err := record.Open(s.Write(t))
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := judge.Judge(r)
	if err != nil {
		t.Fatal(err)
	}
	return Run{Run: r, Verdicts: v}
}

func TestMerge(t *testing.T) {
	faster := func(machine string) Run { return onMachine(t, machine, 4*ms, nil) }
	slower := onMachine(t, "d", 16*ms, nil)
	noisy := onMachine(t, "e", 4*ms, func(s *recordtest.Study) { s.Noise = 1 })
	look := onMachine(t, "c", 4*ms, func(s *recordtest.Study) { s.Evidence = false })
	a, b, c := faster("a"), faster("b"), faster("c")
	other := faster("c")
	other.Verdicts.Claims[0].Tests[0].Of = "node-b"
	noisy.Verdicts.Void = nil // as if its control had been found
	for _, x := range []struct {
		name    string
		runs    []Run
		want    bench.Verdict
		general bool
		why     string
	}{
		{"three agree", []Run{a, b, c}, bench.Supported, true, "supported on A, B, C"},
		{"three agree, one does not know", []Run{a, b, c, noisy}, bench.Supported, true, "supported on A, B, C; inconclusive on D"},
		{"two agree", []Run{a, b}, bench.Inconclusive, false, "supported on A, B; a general verdict takes 3"},
		{"one machine thrice", []Run{a, a, a}, bench.Inconclusive, false, "supported on A; "},
		{"one differs", []Run{a, b, c, slower}, bench.Depends, false, "depends on the machine: supported on A, B, C; contradicted on D"},
		{"the third is a first look", []Run{a, b, look}, bench.Inconclusive, false, "supported on A, B; "},
		{"none counts", []Run{look}, bench.NotTested, false, "no machine's verdicts count"},
		{"the first run of a machine counts", []Run{a, b, c, onMachine(t, "c", 16*ms, nil)}, bench.Supported, true, "supported on A, B, C"},
		{"one compared something else", []Run{a, b, other}, bench.Inconclusive, false, "but not by the same comparisons"},
	} {
		t.Run(x.name, func(t *testing.T) {
			m, err := Merge(x.runs)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Claims[0]; got.Verdict != x.want || got.General != x.general || !strings.Contains(got.Why, x.why) {
				t.Errorf("%s, general %t (%s)", got.Verdict, got.General, got.Why)
			}
			if m.Claims[1].Verdict != bench.NotTested {
				t.Errorf("a claim without tests is %s", m.Claims[1].Verdict)
			}
		})
	}
	m, err := Merge([]Run{a, look, b})
	if err != nil || len(m.Machines) != 3 || m.Machines[1].Out != "profile test is a first look" || m.Machines[0].Out != "" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestWhatCannotBeMerged(t *testing.T) {
	a := onMachine(t, "a", 4*ms, nil)
	for name, c := range map[string]struct {
		other Run
		why   string
	}{
		"other tests":   {onMachine(t, "b", 4*ms, func(s *recordtest.Study) { s.Claims[0][0].Expect = bench.Lower }), "the claims have other tests"},
		"other sources": {func() Run { r := onMachine(t, "b", 4*ms, nil); r.Plan.Targets[0].Digest = "other"; return r }(), "the sources of node-a differ"},
		"other work":    {func() Run { r := onMachine(t, "b", 4*ms, nil); r.Plan.Scenarios[0].Connections = 9; return r }(), "scenario json is another"},
		"other runner":  {func() Run { r := onMachine(t, "b", 4*ms, nil); r.Plan.Runner = "docker"; return r }(), "started servers as"},
		"another guide": {func() Run { r := onMachine(t, "b", 4*ms, nil); r.Plan.Guide.Name = "other"; return r }(), "one is of guide g, the other of other"},
	} {
		var input *MergeError
		if _, err := Merge([]Run{a, c.other}); !errors.As(err, &input) || !strings.Contains(input.Problem, c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Merge(nil); err == nil {
		t.Error("nothing was merged")
	}
}
