package inference

import (
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

// Welch agrees with R's t.test on its example: extra ~ group, hours of sleep [Student 1908].
func TestWelch(t *testing.T) {
	a := []float64{.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2}
	b := []float64{1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	d, ok := Welch(a, b)
	if !ok {
		t.Fatal("the samples cannot be compared")
	}
	low, high := d.Interval(.05)
	near(t, "t", d.Mean/d.SE, about{-1.8608, 5e-5})
	near(t, "degrees of freedom", d.Degrees, about{17.776, 5e-4})
	near(t, "low", low, about{-3.3654832, 5e-8})
	near(t, "high", high, about{.2054832, 5e-8})
	v, p := d.Region(0)
	near(t, "p", p, about{.07939, 5e-6})
	if v != bench.Contradicted {
		t.Errorf("the region is %s", v)
	}
}

func TestWelchOfTooFew(t *testing.T) {
	for _, x := range [][]float64{nil, {1}, {2, 2}} {
		if _, ok := Welch(x, x); ok {
			t.Errorf("%v was compared", x)
		}
	}
}
