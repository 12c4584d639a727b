package judge

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/inference"
)

// The quantiles are exact for any mix of negative, short and long durations.
func TestDurationsAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, scale := range []float64{1e3, 1e9, 4e9, 1e10} {
		var d durations
		var all []time.Duration
		d.grow(1000)
		for range 1000 {
			x := time.Duration(random.NormFloat64() * scale)
			d.add(x)
			all = append(all, x)
		}
		d.sort()
		slices.Sort(all)
		for _, q := range []float64{0, .001, .1, .3, .5, .75, .9, .99, .999, 1} {
			if have, want := d.quantile(q), inference.Quantile(all, q); have != want {
				t.Errorf("scale %g: quantile %g is %v, want %v", scale, q, have, want)
			}
		}
	}
}
