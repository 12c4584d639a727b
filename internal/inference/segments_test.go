package inference

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Segments agrees with the definition by brute force: the best of all ways to cut a short series.
func TestSegmentsByBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for trial := range 300 {
		n, least, penalty, floor := 4+random.IntN(9), 1+random.IntN(3), 1+random.Float64()*6, .05
		x := make([]float64, n)
		for i := range x {
			x[i] = random.NormFloat64() + float64(i/4)*float64(trial%4)
		}
		cost := func(from, to int) float64 {
			mean, sum := 0.0, 0.0
			for _, v := range x[from:to] {
				mean += v / float64(to-from)
			}
			for _, v := range x[from:to] {
				sum += (v - mean) * (v - mean)
			}
			variance := max(sum/float64(to-from), floor*floor)
			return float64(to-from)*math.Log(2*math.Pi*variance) + sum/variance
		}
		total := func(starts []int) float64 {
			sum := penalty * float64(len(starts)-1)
			for i, from := range starts {
				to := n
				if i+1 < len(starts) {
					to = starts[i+1]
				}
				if to-from < least {
					return math.Inf(1)
				}
				sum += cost(from, to)
			}
			return sum
		}
		best := math.Inf(1)
		for cuts := range 1 << (n - 1) {
			starts := []int{0}
			for i := 1; i < n; i++ {
				if cuts>>(i-1)&1 == 1 {
					starts = append(starts, i)
				}
			}
			best = min(best, total(starts))
		}
		if best == math.Inf(1) { // too short to be cut into long enough segments
			best = total([]int{0})
		}
		got := Segments(x, penalty, least, floor)
		if c := total(got); math.Abs(c-best) > 1e-9 && !(math.IsInf(c, 1) && math.IsInf(best, 1)) {
			t.Fatalf("%v at a penalty of %g, least %d: segments %v cost %g, the best cost %g", x, penalty, least, got, c, best)
		}
	}
}

// Steps and changes of noise are found at their places. Noise without a change is one segment.
func TestSegmentsOfKnownSeries(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	noise := func(n int, mean, sd float64) (x []float64) {
		for range n {
			x = append(x, mean+sd*random.NormFloat64())
		}
		return x
	}
	penalty := func(x []float64) float64 { return 15 * math.Log(float64(len(x))) }
	for name, c := range map[string]struct {
		x    []float64
		want []int
	}{
		"noise":          {noise(100, 1, .1), []int{0}},
		"a step":         {slices.Concat(noise(40, 1, .01), noise(60, 2, .01)), []int{0, 40}},
		"two steps":      {slices.Concat(noise(50, 1, .01), noise(50, 2, .01), noise(50, 1, .01)), []int{0, 50, 100}},
		"more noise":     {slices.Concat(noise(100, 1, .001), noise(100, 1, .1)), []int{0, 100}},
		"all the same":   {slices.Repeat([]float64{3}, 50), []int{0}},
		"a single value": {[]float64{3}, []int{0}},
		"nothing":        {nil, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Segments(c.x, penalty(c.x), 2, 1e-3)
			near := func(a, b int) bool { return a >= b-1 && a <= b+1 }
			if !slices.EqualFunc(got, c.want, near) {
				t.Errorf("segments start at %v, want %v, each to 1", got, c.want)
			}
		})
	}
}
