package inference

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/claimbench/claimbench/internal/bench"
)

// effects are ways in which launches may scatter. A draw is the difference of two arms on the log
// scale; its mean is 0 and its standard deviation is 0.1.
var effects = []struct {
	name string
	draw func(*rand.Rand) float64
}{
	{"normal", func(r *rand.Rand) float64 { return .1 * r.NormFloat64() }},
	{"heavy tails (t with 3 degrees of freedom)", func(r *rand.Rand) float64 {
		return .1 * distuv.StudentsT{Sigma: 1, Nu: 3, Src: r}.Rand() / math.Sqrt(3)
	}},
	{"skewed on both sides", func(r *rand.Rand) float64 { return .1 / math.Sqrt2 * (r.ExpFloat64() - r.ExpFloat64()) }},
	{"skewed on one side (exponential)", func(r *rand.Rand) float64 { return .1 * (r.ExpFloat64() - 1) }},
	{"one launch in ten is slow", func(r *rand.Rand) float64 {
		const p, slow = .1, .3
		x := -p * slow
		if r.Float64() < p {
			x += slow
		}
		return (x + .0436*r.NormFloat64())
	}},
}

var budgets = []int{6, 10, 20, 30}

// decide returns what the judge concludes from d at a level.
func decide(d []float64, m, level float64) (v bench.Verdict, fragile bool) {
	v, p := Region(d, m)
	if p >= level {
		return bench.Inconclusive, false
	}
	if _, fragile := Fragile(d, m, v, level); fragile {
		return bench.Inconclusive, true
	}
	return v, false
}

// sample draws n values around a mean.
func sample(r *rand.Rand, n int, mean float64, draw func(*rand.Rand) float64) []float64 {
	d := make([]float64, n)
	for i := range d {
		d[i] = mean + draw(r)
	}
	return d
}

// bootstrap returns the percentile interval of the mean at 95% [Efron 1979].
func bootstrap(r *rand.Rand, d []float64) (low, high float64) {
	means := make([]float64, 999)
	for i := range means {
		for range d {
			means[i] += d[r.IntN(len(d))] / float64(len(d))
		}
	}
	slices.Sort(means)
	return means[24], means[974]
}

// BenchmarkSimulation prints the tables in docs/statistics.md: how often intervals hold the truth,
// how often verdicts are wrong, and after how many rounds they are reached. It takes several minutes.
//
//	go test -run '^$' -bench Simulation -benchtime 1x ./internal/inference
func BenchmarkSimulation(b *testing.B) {
	for b.Loop() {
		random := rand.New(rand.NewPCG(1, 2))
		fmt.Printf("\n\n%s\n%s\n%s\n", coverage(random), wrong(random), looks(random))
	}
}

// coverage returns a table of how often the interval at 95% holds the mean.
func coverage(r *rand.Rand) string {
	const studies, booted = 100_000, 4_000
	var t strings.Builder
	t.WriteString("| the interval at 95% holds the truth in | B = 6 | 10 | 20 | 30 |\n|---|---|---|---|---|\n")
	for _, e := range effects {
		fmt.Fprintf(&t, "| %s |", e.name)
		for _, n := range budgets {
			held := 0
			for range studies {
				if i := TInterval(sample(r, n, 0, e.draw), .05); i.Low <= 0 && i.High >= 0 {
					held++
				}
			}
			fmt.Fprintf(&t, " %.1f%% |", 100*float64(held)/studies)
		}
		t.WriteString("\n")
	}
	t.WriteString("| normal, by percentile bootstrap in place of t |")
	for _, n := range budgets {
		held := 0
		for range booted {
			if low, high := bootstrap(r, sample(r, n, 0, effects[0].draw)); low <= 0 && high >= 0 {
				held++
			}
		}
		fmt.Fprintf(&t, " %.1f%% |", 100*float64(held)/booted)
	}
	return t.String() + "\n"
}

// wrong returns a table of how often there is a verdict if the truth is the margin itself. Any
// verdict is wrong then.
func wrong(r *rand.Rand) string {
	const studies = 40_000
	margin := math.Log(1.10)
	var t strings.Builder
	t.WriteString("| any verdict at the margin itself, by t alone → with the sign-flip test | B = 6 | 10 | 20 | 30 |\n" +
		"|---|---|---|---|---|\n")
	for _, e := range effects {
		fmt.Fprintf(&t, "| %s |", e.name)
		for _, n := range budgets {
			alone, both := 0, 0
			for range studies {
				sign := float64(1 - 2*r.IntN(2)) // the skew may be to either side of the claim
				d := sample(r, n, margin, func(r *rand.Rand) float64 { return sign * e.draw(r) })
				v, fragile := decide(d, margin, .05)
				if v != bench.Inconclusive {
					both++
				}
				if v != bench.Inconclusive || fragile {
					alone++
				}
			}
			fmt.Fprintf(&t, " %.1f → %.1f%% |", 100*float64(alone)/studies, 100*float64(both)/studies)
		}
		t.WriteString("\n")
	}
	return t.String()
}

// design is a plan of when to look at a study, and at which levels.
type design struct {
	name   string
	looks  []int // numbers of rounds
	levels func(alpha float64) []float64
	tAlone bool // without the sign-flip test
}

// designs returns what looks compares.
func designs() []design {
	planned := []int{10, 20, 30}
	fixed := func(n int) design {
		return design{
			name:   fmt.Sprintf("fixed, %d rounds", n),
			looks:  []int{n},
			levels: func(alpha float64) []float64 { return []float64{alpha} },
		}
	}
	unspent := func(alpha float64) []float64 { return []float64{alpha, alpha, alpha} }
	pocock := func(alpha float64) []float64 { return Nominal(alpha, []float64{1. / 3, 2. / 3, 1}, Pocock) }
	return []design{
		fixed(10),
		fixed(20),
		fixed(30),
		{name: "looks at 10, 20, 30 without spending", looks: planned, levels: unspent},
		{name: "looks, Pocock spending, by t alone", looks: planned, levels: pocock, tAlone: true},
		{name: "looks, Pocock spending, with the sign-flip test", looks: planned, levels: pocock},
	}
}

// study simulates one study of normal launches around a mean. It returns the verdict and after how
// many rounds the study stopped.
func (d design) study(r *rand.Rand, levels []float64, mean, margin float64) (v bench.Verdict, rounds int) {
	all := sample(r, d.looks[len(d.looks)-1], mean, effects[0].draw)
	for i, n := range d.looks {
		var fragile bool
		if v, fragile = decide(all[:n], margin, levels[i]); fragile && d.tAlone {
			v, _ = Region(all[:n], margin)
		}
		if v != bench.Inconclusive {
			return v, n
		}
	}
	return v, len(all)
}

// looks returns a table that compares designs: how often they are wrong, how often they find what
// is true, and after how many rounds they stop.
func looks(r *rand.Rand) string {
	const studies, claims = 60_000, 17
	margin, truth := math.Log(1.10), math.Log(1.20)
	var t strings.Builder
	t.WriteString("| design | wrong at the margin, one claim | power at 1.2 | rounds " +
		"| wrong, one of 17 | power at 1.2 | rounds |\n|---|---|---|---|---|---|---|\n")
	for _, d := range designs() {
		fmt.Fprintf(&t, "| %s |", d.name)
		for _, alpha := range []float64{.05, .05 / claims} {
			levels := d.levels(alpha)
			wrong, found := 0, 0
			var rounds []float64
			for range studies {
				if v, _ := d.study(r, levels, margin, margin); v != bench.Inconclusive {
					wrong++
				}
				v, n := d.study(r, levels, truth, margin)
				if v == bench.Supported {
					found++
				}
				rounds = append(rounds, float64(n))
			}
			fmt.Fprintf(&t, " %.2f%% (at most %.2f%%) | %.0f%% | %.1f |",
				100*float64(wrong)/studies, 100*alpha, 100*float64(found)/studies, stat.Mean(rounds, nil))
		}
		t.WriteString("\n")
	}
	return t.String()
}
