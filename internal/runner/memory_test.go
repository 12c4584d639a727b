package runner

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// searcher finds one capacity; last is the capacity that the launch before had, or 0.
type searcher func(random *rand.Rand, holds func(rate float64) bool, last float64) (capacity float64, probes int)

// searchers are ways to start a search from the capacity of the launch before.
var searchers = []struct {
	name string
	find searcher
}{
	{"near the last capacity, by up to 1%, small steps", func(
		random *rand.Rand, holds func(float64) bool, last float64,
	) (float64, int) {
		b := newBracket(cmp.Or(last, 100)*math.Exp((random.Float64()-.5)*resolution), resolution)
		if last > 0 {
			b.step = 1 + 1.5*resolution
		}
		return find(b, holds)
	}},
	{"at the plan's rate", func(random *rand.Rand, holds func(float64) bool, _ float64) (float64, int) {
		return find(newBracket(100*math.Exp((random.Float64()-.5)*resolution), resolution), holds)
	}},
	{"at the last capacity, by up to 35%", func(
		random *rand.Rand, holds func(float64) bool, last float64,
	) (float64, int) {
		by := resolution / 2
		if last > 0 {
			by = nudgeBy
		}
		return find(newBracket(cmp.Or(last, 100)*math.Exp((2*random.Float64()-1)*by), resolution), holds)
	}},
}

const resolution = .02

// find runs a search to its end.
func find(b *bracket, holds func(rate float64) bool) (capacity float64, probes int) {
	_ = b.closeIn(func(n int, rate bench.Rate) (outcome, error) {
		probes = n
		if holds(float64(rate)) {
			return rateHeld, nil
		}
		return rateFailed, nil
	})
	return b.low, probes
}

// BenchmarkSearchMemory prints how often the 95% interval of the difference of two equal servers misses 0, by how
// a search starts. Rates near the capacity hold by chance: within a band, a standard deviation on the log scale.
// Launches scatter, too. A search that remembers makes neighboring rounds alike, and so the interval too short.
//
//	go test -run '^$' -bench SearchMemory -benchtime 1x ./internal/runner
func BenchmarkSearchMemory(b *testing.B) {
	const studies = 4000
	for b.Loop() {
		fmt.Println("\n| start of a search | band, launches | missed at 10 rounds | at 30 rounds | lag-1 | probes |")
		fmt.Println("|---|---|---:|---:|---:|---:|")
		for _, s := range searchers {
			for _, c := range []chance{{.02, .02}, {.05, 0}, {.05, .02}, {.1, .02}} {
				random := rand.New(rand.NewPCG(1, 2))
				missed := map[int]int{}
				var lag, probes float64
				for range studies {
					d, n := study(random, s.find, c)
					for _, rounds := range []int{10, 30} {
						if i := inference.TInterval(d[:rounds], .05); i.Low > 0 || i.High < 0 {
							missed[rounds]++
						}
					}
					lag += lagOne(d) / studies
					probes += n / studies
				}
				fmt.Printf("| %s | %g%%, %g%% | %.1f%% | %.1f%% | %+.2f | %.1f |\n", s.name, 100*c.band, 100*c.launches,
					100*float64(missed[10])/studies, 100*float64(missed[30])/studies, lag, probes)
			}
		}
	}
}

// chance is how much rates near the capacity, and launches, scatter on the log scale.
type chance struct{ band, launches float64 }

// study returns the differences of the log capacities of two equal servers in 30 rounds, and the mean number of
// probes of a search.
func study(random *rand.Rand, find searcher, c chance) (d []float64, probes float64) {
	var last [2]float64
	for range 30 {
		var logs [2]float64
		for i := range last {
			capacity := 1000 * math.Exp(c.launches*random.NormFloat64())
			found, n := find(random, func(rate float64) bool {
				return math.Log(rate) < math.Log(capacity)+c.band*random.NormFloat64()
			}, last[i])
			probes += float64(n) / 60
			if found > 0 {
				last[i] = found
			}
			logs[i] = math.Log(last[i])
		}
		d = append(d, logs[0]-logs[1])
	}
	return d, probes
}

// lagOne returns the correlation of neighboring values.
func lagOne(d []float64) float64 {
	mean, above, below := 0., 0., 0.
	for _, x := range d {
		mean += x / float64(len(d))
	}
	for i, x := range d {
		below += (x - mean) * (x - mean)
		if i > 0 {
			above += (x - mean) * (d[i-1] - mean)
		}
	}
	return above / below
}
