package compare

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

// onMachine returns a run on a machine of that name, in which python answers in 8 ms.
func onMachine(t *testing.T, machine string, node time.Duration, change func(*recordtest.Study)) Run {
	t.Helper()
	moreNode := bench.Test{Scenario: "json", Metric: "throughput", Of: "node", To: "python", Expect: bench.Higher}
	s := recordtest.Study{
		Rounds:   10,
		Speed:    recordtest.Speeds(node, 8*ms),
		Noise:    .02,
		Twin:     1,
		Control:  1.25,
		Evidence: true,
		Claims:   [][]bench.Test{{moreNode}, {}},
		Directory: recordtest.Directory{
			Environment: bench.Environment{Machine: machine, CPU: "CPU of " + machine, CPUs: 2},
		},
	}
	if change != nil {
		change(&s)
	}
	return judged(t, s.Write(t))
}

func preview(s *recordtest.Study) { s.Evidence = false }

func TestMerge(t *testing.T) {
	faster := func(machine string) Run { return onMachine(t, machine, 4*ms, nil) }
	a, b, c := faster("a"), faster("b"), faster("c")
	slower, slowerOnC := onMachine(t, "d", 16*ms, nil), onMachine(t, "c", 16*ms, nil)
	short := onMachine(t, "c", 4*ms, preview)
	noisy := onMachine(t, "e", 4*ms, func(s *recordtest.Study) { s.Noise = 1 })
	noisy.Verdicts.Void = nil // as if its control had been found
	other := faster("c")
	other.Verdicts.Claims[0].Tests[0].Of = "node-b"
	for _, test := range []struct {
		name    string
		runs    []Run
		want    bench.Verdict
		general bool
		why     string
	}{
		{"three agree", []Run{a, b, c}, bench.Supported, true, "supported on A, B, C"},
		{"three agree, one does not know", []Run{a, b, c, noisy}, bench.Supported, true,
			"supported on A, B, C; inconclusive on D"},
		{"two agree", []Run{a, b}, bench.Inconclusive, false, "supported on A, B; a general verdict needs 3"},
		{"one machine thrice", []Run{a, a, a}, bench.Inconclusive, false, "supported on A; "},
		{"one differs", []Run{a, b, c, slower}, bench.Depends, false,
			"depends on the machine: supported on A, B, C; contradicted on D"},
		{"the third is a preview", []Run{a, b, short}, bench.Inconclusive, false, "supported on A, B; "},
		{"none counts", []Run{short}, bench.NotTested, false, "no machine's verdicts count"},
		{"the first run of a machine counts", []Run{a, b, c, slowerOnC}, bench.Supported, true, "supported on A, B, C"},
		{"one compared something else", []Run{a, b, other}, bench.Inconclusive, false,
			"but the machines did not make the same comparisons"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := Merge(test.runs)
			if err != nil {
				t.Fatal(err)
			}
			got := m.Claims[0]
			if got.Verdict != test.want || got.General != test.general {
				t.Errorf("%s, general %t; want %s, %t", got.Verdict, got.General, test.want, test.general)
			}
			if !strings.Contains(got.Why, test.why) {
				t.Errorf("the reason is %q, want %q", got.Why, test.why)
			}
			if m.Claims[1].Verdict != bench.NotTested {
				t.Errorf("a claim without tests is %s", m.Claims[1].Verdict)
			}
		})
	}
	m, err := Merge([]Run{a, short, b})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Machines) != 3 {
		t.Fatalf("%d machines, want 3", len(m.Machines))
	}
	if got, want := m.Machines[1].Out, "profile test is a preview, not evidence"; got != want {
		t.Errorf("machine B does not count because %q, want %q", got, want)
	}
	if m.Machines[0].Out != "" {
		t.Errorf("machine A does not count: %s", m.Machines[0].Out)
	}
}

func TestWhatCannotBeMerged(t *testing.T) {
	a := onMachine(t, "a", 4*ms, nil)
	for _, test := range []struct {
		name   string
		change func(r *Run)
		why    string
	}{
		{"other sources", func(r *Run) { r.Plan.Targets[0].Digest = "other" }, "the sources of node-a differ"},
		{"other work", func(r *Run) { r.Plan.Scenarios[0].Connections = 9 }, "scenario json asks for other work"},
		{"other runner", func(r *Run) { r.Plan.Runner = "docker" }, "started servers as"},
		{"another guide", func(r *Run) { r.Plan.Guide.Name = "other" }, "one tests guide g, the other guide other"},
		{"other tests", func(r *Run) {
			*r = onMachine(t, "b", 4*ms, func(s *recordtest.Study) { s.Claims[0][0].Expect = bench.Lower })
		}, "the claims have different tests"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := onMachine(t, "b", 4*ms, nil)
			test.change(&b)
			var input *MergeError
			if _, err := Merge([]Run{a, b}); !errors.As(err, &input) {
				t.Fatalf("error is %v, want a MergeError", err)
			}
			if !strings.Contains(input.Problem, test.why) {
				t.Errorf("the problem is %q, want %q", input.Problem, test.why)
			}
		})
	}
	if _, err := Merge(nil); err == nil {
		t.Error("nothing was merged")
	}
}
