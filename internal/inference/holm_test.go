package inference

import (
	"slices"
	"testing"
)

// The adjusted p-values are those of the example of R's package multtest.
func TestHolm(t *testing.T) {
	p := []float64{5.23656777e-5, 2.81405062e-4, .0149877311, .0202732689, .1770969527, .64, .68, .72, .84, .97}
	want := []float64{5.23656777e-4, 2.53264556e-3, .1199018486, .1419128822, 1, 1, 1, 1, 1, 1}
	for i, got := range Holm(p) {
		near(t, "adjusted", got, about{want[i], 3e-10})
	}
	reversed := slices.Clone(p)
	slices.Reverse(reversed)
	got := Holm(reversed)
	near(t, "the first, put last", got[9], about{want[0], 1e-10})
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("of no p-values it returns %v", got)
	}
}
