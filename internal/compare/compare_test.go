package compare

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	return Run{r, v, summaries}
}

// machine has a load generator of so many requests a second.
func machine(capacity float64) recordtest.Directory {
	return recordtest.Directory{Environment: bench.Environment{CPU: "A CPU", CPUs: 2, Arch: "amd64", Memory: 8 << 30},
		Certificates: []bench.Certificate{{Limit: bench.GeneratorLimit{Rate: capacity}}}}
}

func compared(t *testing.T, base, new recordtest.Study) (*Comparison, error) {
	t.Helper()
	return Compare(judged(t, base.Write(t)), judged(t, new.Write(t)))
}

func words(c *Comparison) map[string]string {
	list := map[string]string{}
	for _, x := range c.Changes {
		list[x.Name] = x.Word
	}
	return list
}

func TestCompare(t *testing.T) {
	base := recordtest.Study{Rounds: 10, Speed: recordtest.Speeds(8*ms, 8*ms), Noise: .02, Directory: machine(50_000), Twin: 1}
	slower := base
	slower.Seed, slower.Speed = 1, recordtest.Speeds(12*ms, 8*ms)
	c, err := compared(t, base, slower)
	if err != nil {
		t.Fatal(err)
	}
	got := words(c)
	for name, want := range map[string]string{"json/node-a throughput": Worse, "json/node-a p50 at 500/s": Worse, "json/python-a throughput": Equal, "json/python-a p50 at 500/s": Equal} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if _, ok := got["json/node-a-twin throughput"]; ok {
		t.Error("the twin is compared, too")
	}
	for _, x := range c.Changes {
		if x.Name == "json/node-a throughput" && (math.Abs(x.Ratio-8./12) > .02 || *x.Low > 8./12 || *x.High < 8./12) {
			t.Errorf("%+v", x)
		}
	}
	if c, err = compared(t, slower, base); err != nil || words(c)["json/node-a throughput"] != Better {
		t.Errorf("the other way: %v, %v", words(c), err)
	}

	// A machine that is slower makes no server worse, and another class of machines is refused.
	machines := slower
	machines.Directory = machine(40_000)
	if c, err = compared(t, base, machines); err != nil || words(c)["json/node-a throughput"] != Inconclusive || !strings.Contains(c.Warnings[0], "the machine itself has changed") {
		t.Errorf("on a slower machine: %v, %q, %v", words(c), c.Warnings, err)
	}
	other := slower
	other.Directory.Environment.CPUs = 4
	var class *ClassError
	if _, err = compared(t, base, other); !errors.As(err, &class) {
		t.Errorf("another class of machines: %v", err)
	}
}

// What the judge would not decide is not decided between runs either.
func TestWhatIsNotCompared(t *testing.T) {
	base := recordtest.Study{Rounds: 10, Speed: recordtest.Speeds(8*ms, 8*ms), Noise: .02, Directory: machine(50_000)}
	for _, c := range []struct {
		name   string
		change func(*recordtest.Study)
		figure string
		want   string
		why    string
	}{
		{"the arm is gone", func(s *recordtest.Study) { s.Exclude = "json/node-a" }, "json/node-a throughput", Gone, "no launch"},
		{"the generator set the throughput", func(s *recordtest.Study) {
			s.Change = func(r *bench.TrialResult, _ *[]bench.Hit) { r.Phases[1].Drive.Generator = r.Phases[1].Drive.Elapsed }
		}, "json/node-a throughput", Inconclusive, "from below only"},
		{"within the instrument", func(s *recordtest.Study) {
			s.Directory.Certificates[0].Accuracy = []bench.Accuracy{{Rate: 500, Sent: 1, Reported: bench.Quantiles{P50: 5 * ms}}}
		}, "json/node-a p50 at 500/s", Inconclusive, "the instrument may have added"},
		{"the run is void", func(s *recordtest.Study) { s.Directory.Environment.Void = []string{"nothing is pinned"} }, "json/node-a throughput", Inconclusive, "void: nothing is pinned"},
		{"the machine is a little slower", func(s *recordtest.Study) { s.Directory.Certificates[0].Limit.Rate = 46_000 }, "json/node-a throughput", Worse, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			new := base
			new.Seed, new.Speed, new.Directory = 1, recordtest.Speeds(12*ms, 8*ms), machine(50_000)
			c.change(&new)
			got, err := compared(t, base, new)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(got.Changes, func(x Change) bool { return x.Name == c.figure })
			if i < 0 || got.Changes[i].Word != c.want || !strings.Contains(got.Changes[i].Why, c.why) {
				t.Errorf("%+v", got.Changes)
			}
			if m := got.Changes[max(i, 0)].Margin; c.want == Worse && math.Abs(m-1.1*50/46) > 1e-9 {
				t.Errorf("the margin is %g", m)
			}
		})
	}
}

// What is measured in another way is not compared.
func TestCompareOtherWork(t *testing.T) {
	study := recordtest.Study{Rounds: 4, Speed: recordtest.Speeds(8*ms, 8*ms), Noise: .02, Directory: machine(50_000)}
	was, is := judged(t, study.Write(t)), judged(t, study.Write(t))
	is.Plan.Scenarios[0].Connections = 512
	c, err := Compare(was, is)
	if err != nil || len(c.Changes) > 0 || !slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, "measured otherwise") }) {
		t.Errorf("%+v, %v", c, err)
	}
}

// Two runs of the same servers: of many numbers, hardly ever is one called changed.
func TestCompareTheSame(t *testing.T) {
	alarms := 0
	for seed := range uint64(20) {
		base := recordtest.Study{Rounds: 6, Speed: recordtest.Speeds(8*ms, 8*ms), Noise: .08, Seed: 2 * seed, Directory: machine(50_000)}
		new := base
		new.Seed++
		c, err := compared(t, base, new)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range c.Changes {
			if x.Word == Worse || x.Word == Better {
				alarms++
				break
			}
		}
	}
	if alarms > 2 {
		t.Errorf("%d alarms in 20 comparisons of a server with itself", alarms)
	}
}

func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.jsonl")
	var last recordtest.Study
	for night := range 6 {
		last = recordtest.Study{Rounds: 3, Speed: recordtest.Speeds(8*ms, 8*ms), Noise: .02, Seed: uint64(night), Directory: machine(50_000)}
		last.Directory.Environment.Time = time.Date(2026, 1, 1+night, 2, 0, 0, 0, time.UTC)
		r := judged(t, last.Write(t))
		if err := Add(file, r); err != nil {
			t.Fatal(err)
		}
		if err := Add(file, r); err == nil || !strings.Contains(err.Error(), "already") {
			t.Fatalf("the same night twice: %v", err)
		}
	}
	nights, err := Read(file)
	if err != nil || len(nights) != 6 {
		t.Fatalf("%d nights, %v", len(nights), err)
	}
	trend, err := Follow(nights, 3)
	if err != nil || trend.Nights != 6 || len(trend.Series) < 8 {
		t.Fatalf("%+v, %v", trend, err)
	}
	s := trend.Series[slices.IndexFunc(trend.Series, func(s Series) bool { return s.Name == "json/node-a p50 at 500/s" })]
	if len(s.Values) != 6 || math.Abs(s.Values[0]/.00805-1) > .1 || s.Ratio == nil || math.Abs(*s.Ratio-1) > .1 {
		t.Errorf("%+v", s)
	}
	if err := os.WriteFile(file, []byte("{\"schema\":1}\nnonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(file); err == nil || !strings.Contains(err.Error(), "history.jsonl:2: no line of a history") {
		t.Errorf("a damaged history: %v", err)
	}
	if _, err := Follow(nil, 3); err == nil {
		t.Error("an empty history has a trend")
	}
}

// nightly makes nights of one number that scatters about a mean.
func nightly(n int, seed uint64, sd float64, mean func(night int) float64) []Night {
	random := rand.New(rand.NewPCG(seed, 1))
	var nights []Night
	for i := range n {
		nights = append(nights, Night{Schema: 1, Class: "class", Time: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC),
			Values: map[string]Value{"json/a p50 at 500/s": {Metric: "p50", Log: mean(i) + sd*random.NormFloat64()}}})
	}
	return nights
}

// A step is found, with its night; where there is none, no look in a year finds one.
func TestFollow(t *testing.T) {
	step := func(night int) float64 {
		if night >= 20 {
			return math.Log(1.3)
		}
		return 0
	}
	trend, err := Follow(nightly(40, 1, .03, step), 10)
	if err != nil {
		t.Fatal(err)
	}
	s := trend.Series[0]
	if len(s.Breaks) != 1 || s.Breaks[0].Sub(time.Date(2026, 1, 21, 0, 0, 0, 0, time.UTC)).Abs() > 24*time.Hour {
		t.Errorf("breaks are %v", s.Breaks)
	}
	// The nights after the baseline are of both sorts; a baseline that ends at the step tells them apart.
	if trend, _ = Follow(nightly(40, 1, .03, step), 20); trend.Series[0].Word != Worse {
		t.Errorf("after the step: %+v", trend.Series[0])
	}
	if trend, _ = Follow(nightly(40, 2, .01, func(int) float64 { return 0 }), 10); trend.Series[0].Word != Equal || len(trend.Series[0].Breaks) > 0 {
		t.Errorf("no step: %+v", trend.Series[0])
	}
	if trend, _ = Follow(nightly(8, 2, .01, func(int) float64 { return 0 }), 10); trend.Series[0].Word != Inconclusive {
		t.Errorf("too few nights: %+v", trend.Series[0])
	}
	nights := nightly(12, 2, .01, func(int) float64 { return 0 })
	for i := range nights {
		nights[i].Capacity = 50_000
	}
	nights[9].Capacity = 40_000
	nights[3].Class, nights[4].Void = "another", []string{"no control"}
	if trend, _ = Follow(nights, 4); trend.Nights != 9 || len(trend.Warnings) != 3 {
		t.Errorf("%+v", trend)
	}
}

// The figures that the comments tell: how rare false alarms are, and what is found.
func TestAlarmsOfFollow(t *testing.T) {
	const series = 400
	alarms, breaks, found := 0, 0, 0
	for seed := range uint64(series) {
		nights := nightly(60, seed, .08, func(int) float64 { return 0 })
		for n := 12; n <= 60; n++ {
			trend, err := Follow(nights[:n], 10)
			if err != nil {
				t.Fatal(err)
			}
			if w := trend.Series[0].Word; w == Better || w == Worse {
				alarms++
				break
			}
		}
		trend, _ := Follow(nights, 10)
		breaks += len(trend.Series[0].Breaks)
		trend, _ = Follow(nightly(60, seed, .08, func(n int) float64 { return float64(n/30) * 3 * .08 }), 10)
		if len(trend.Series[0].Breaks) > 0 {
			found++
		}
	}
	t.Logf("of %d series of 60 nights: %d alarms, looked at every night; %d false breaks; %d steps of three standard deviations found", series, alarms, breaks, found)
	if alarms > series/20 || breaks > series/50 || found < series*95/100 {
		t.Errorf("%d alarms, %d false breaks, %d found", alarms, breaks, found)
	}
}
