package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/judge"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/record/recordtest"
)

const ms = time.Millisecond

func judged(t *testing.T, dir string) Run {
	t.Helper()
	r, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	v, summaries, err := judge.Judge(r)
	if err != nil {
		t.Fatal(err)
	}
	return Run{Run: r, Verdicts: v, Summaries: summaries}
}

// machine returns a machine whose load generator sends at most that many requests per second.
func machine(rate float64) recordtest.Directory {
	return recordtest.Directory{
		Environment:  bench.Environment{CPU: "A CPU", CPUs: 2, Arch: "amd64", Memory: 8 << 30},
		Certificates: []bench.Certificate{{Limit: bench.GeneratorLimit{Rate: rate}}},
	}
}

// pairOf returns a study of two equal servers, and one in which node-a is slower.
func pairOf(rounds int) (base, slower recordtest.Study) {
	base = recordtest.Study{
		Rounds:    rounds,
		Speed:     recordtest.Speeds(8*ms, 8*ms),
		Noise:     .02,
		Directory: machine(50_000),
	}
	slower = base
	slower.Seed, slower.Speed, slower.Directory = 1, recordtest.Speeds(12*ms, 8*ms), machine(50_000)
	return base, slower
}

func compareStudies(t *testing.T, base, head recordtest.Study) (*Comparison, error) {
	t.Helper()
	return Compare(judged(t, base.Write(t)), judged(t, head.Write(t)))
}

func words(c *Comparison) map[string]string {
	list := map[string]string{}
	for _, change := range c.Changes {
		list[change.Name] = change.Word
	}
	return list
}

// change returns the change of that name.
func change(t *testing.T, c *Comparison, name string) Change {
	t.Helper()
	i := slices.IndexFunc(c.Changes, func(x Change) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("no change of %s among %+v", name, c.Changes)
	}
	return c.Changes[i]
}

func TestCompare(t *testing.T) {
	base, slower := pairOf(10)
	base.Twin, slower.Twin = 1, 1
	c, err := compareStudies(t, base, slower)
	if err != nil {
		t.Fatal(err)
	}
	got := words(c)
	for name, want := range map[string]string{
		"json/node-a throughput":      Worse,
		"json/node-a p50 at 500/s":    Worse,
		"json/python-a throughput":    Equal,
		"json/python-a p50 at 500/s":  Equal,
		"json/node-a-twin throughput": "", // twins are not compared
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	p50 := change(t, c, "json/node-a p50 at 500/s")
	if want := "json/node-a: median response time at 500/s"; p50.Title != want {
		t.Errorf("the title is %q, want %q", p50.Title, want)
	}
	throughput := change(t, c, "json/node-a throughput")
	if want := 8. / 12; math.Abs(throughput.Ratio-want) > .02 || *throughput.Low > want || *throughput.High < want {
		t.Errorf("ratio %g (%g to %g), want %g", throughput.Ratio, *throughput.Low, *throughput.High, want)
	}
	c, err = compareStudies(t, slower, base)
	if err != nil {
		t.Fatal(err)
	}
	if got := words(c)["json/node-a throughput"]; got != Better {
		t.Errorf("the other way it is %q, want %q", got, Better)
	}
}

// A machine that is slower makes no server worse.
func TestCompareOnASlowerMachine(t *testing.T) {
	base, slower := pairOf(10)
	slower.Directory = machine(40_000)
	c, err := compareStudies(t, base, slower)
	if err != nil {
		t.Fatal(err)
	}
	if got := words(c)["json/node-a throughput"]; got != Inconclusive {
		t.Errorf("throughput is %q, want %q", got, Inconclusive)
	}
	if !strings.Contains(c.Warnings[0], "the machine itself has changed") {
		t.Errorf("warnings are %q", c.Warnings)
	}
}

// Another class of machines is refused.
func TestCompareAnotherClass(t *testing.T) {
	base, other := pairOf(10)
	other.Directory.Environment.CPUs = 4
	var class *ClassError
	if _, err := compareStudies(t, base, other); !errors.As(err, &class) {
		t.Errorf("error is %v, want a ClassError", err)
	}
}

// Histories hold classes as text, so the text must not change. The system is not part of it.
func TestClass(t *testing.T) {
	linux := Class{
		Hardware:      Hardware{CPU: "A CPU", CPUs: 2, Arch: "amd64", OS: "Linux"},
		MemoryGiB:     8,
		Runner:        "docker",
		GeneratorCPUs: "0",
		ServerCPUs:    "1",
	}
	want := "A CPU; 2 CPUs; amd64; 8 GiB; servers as docker; generator on 0, servers on 1"
	if got := linux.String(); got != want {
		t.Errorf("class is %q, want %q", got, want)
	}
	if got, want := linux.Hardware.String(), "A CPU, 2 CPUs, amd64, Linux"; got != want {
		t.Errorf("hardware is %q, want %q", got, want)
	}
	other := linux
	other.OS = "Another"
	if !linux.SameAs(other) {
		t.Error("another system makes another class")
	}
	other.MemoryGiB = 16
	if linux.SameAs(other) {
		t.Error("more memory makes no other class")
	}
}

// What the judge would not decide is not decided between runs either.
func TestWhatIsNotDecided(t *testing.T) {
	const throughput, median = "json/node-a throughput", "json/node-a p50 at 500/s"
	for _, c := range []struct {
		name   string
		change func(*recordtest.Study)
		figure string
		want   string
		why    string
	}{
		{"the arm is gone", func(s *recordtest.Study) { s.Exclude = "json/node-a" }, throughput, Gone, "no launch"},
		{"the generator set the throughput", func(s *recordtest.Study) {
			s.Change = func(r *bench.TrialResult, _ *[]bench.Hit) {
				r.Phases[1].Drive.Generator = r.Phases[1].Drive.Elapsed
			}
		}, throughput, Inconclusive, "only a lower bound"},
		{"within the error of the generator", func(s *recordtest.Study) {
			reported := bench.Quantiles{P50: 5 * ms}
			s.Directory.Certificates[0].Accuracy = []bench.Accuracy{{Rate: 500, Sent: 1, Reported: reported}}
		}, median, Inconclusive, "the load generator may have added"},
		{"the run is void", func(s *recordtest.Study) {
			s.Directory.Environment.Void = []string{"nothing is pinned"}
		}, throughput, Inconclusive, "void: nothing is pinned"},
		{"the machine is a little slower", func(s *recordtest.Study) {
			s.Directory.Certificates[0].Limit.Rate = 46_000
		}, throughput, Worse, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, head := pairOf(10)
			c.change(&head)
			comparison, err := compareStudies(t, base, head)
			if err != nil {
				t.Fatal(err)
			}
			got := change(t, comparison, c.figure)
			if got.Word != c.want {
				t.Errorf("%s is %q, want %q", c.figure, got.Word, c.want)
			}
			if !strings.Contains(got.Why, c.why) {
				t.Errorf("the reason is %q, want %q", got.Why, c.why)
			}
			if c.want == Worse && math.Abs(got.Margin-1.1*50/46) > 1e-9 {
				t.Errorf("the margin is %g", got.Margin)
			}
		})
	}
}

// What is measured in another way is not compared.
func TestCompareOtherWork(t *testing.T) {
	study, _ := pairOf(4)
	base, head := judged(t, study.Write(t)), judged(t, study.Write(t))
	head.Plan.Scenarios[0].Connections = 512
	c, err := Compare(base, head)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Changes) > 0 {
		t.Errorf("changes are %+v, want none", c.Changes)
	}
	if !strings.Contains(strings.Join(c.Warnings, "\n"), "measured in another way") {
		t.Errorf("warnings are %q", c.Warnings)
	}
}

// Two runs of the same servers: of many numbers, hardly ever is one called changed.
func TestCompareTheSame(t *testing.T) {
	alarms := 0
	for seed := range uint64(20) {
		base, _ := pairOf(6)
		base.Noise, base.Seed = .08, 2*seed
		head := base
		head.Seed++
		c, err := compareStudies(t, base, head)
		if err != nil {
			t.Fatal(err)
		}
		changed := func(x Change) bool { return x.Word == Worse || x.Word == Better }
		if slices.ContainsFunc(c.Changes, changed) {
			alarms++
		}
	}
	if alarms > 2 {
		t.Errorf("%d alarms in 20 comparisons of a server with itself", alarms)
	}
}

// The launches that survive say nothing about those that did not.
func TestCompareCountsTheDead(t *testing.T) {
	const throughput = "json/node-a throughput"
	for _, c := range []struct {
		alive int // of 10 launches
		want  string
		why   string
	}{
		{10, Equal, ""},
		{8, Equal, ""},
		{7, Inconclusive, "3 of 10 launches of the new run lack this number"},
		{2, Inconclusive, "8 of 10 launches of the new run lack this number"},
		{1, Gone, "only one of 10 launches of the new run has this number"},
		{0, Gone, "no launch of the new run has this number"},
	} {
		t.Run(fmt.Sprintf("%d of 10 live", c.alive), func(t *testing.T) {
			base, _ := pairOf(10)
			head := base
			head.Seed, head.Directory = 1, machine(50_000)
			head.Change = func(r *bench.TrialResult, _ *[]bench.Hit) {
				if r.Trial.Target == "node-a" && r.Trial.Round > c.alive {
					r.Valid, r.Reason = false, "the server crashed"
				}
			}
			comparison, err := compareStudies(t, base, head)
			if err != nil {
				t.Fatal(err)
			}
			got := change(t, comparison, throughput)
			if got.Word != c.want {
				t.Errorf("it is %s (%s), want %s", got.Word, got.Why, c.want)
			}
			if !strings.Contains(got.Why, c.why) {
				t.Errorf("the reason is %q, want %q", got.Why, c.why)
			}
		})
	}
}
