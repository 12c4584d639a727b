package judge

import (
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestCombine(t *testing.T) {
	const s, c, e, i = bench.Supported, bench.Contradicted, bench.PracticallyEqual, bench.Inconclusive
	for _, test := range []struct {
		comparisons []bench.Verdict
		want        bench.Verdict
	}{
		{nil, bench.NotTested},
		{[]bench.Verdict{s, s}, s},
		{[]bench.Verdict{c, c, c}, c},
		{[]bench.Verdict{e}, e},
		{[]bench.Verdict{s, c}, bench.Depends},
		{[]bench.Verdict{s, e, s}, bench.Depends},
		{[]bench.Verdict{s, i}, i},
		{[]bench.Verdict{s, c, i}, bench.Depends},
		{[]bench.Verdict{i, i}, i},
	} {
		if got := combine(test.comparisons); got != test.want {
			t.Errorf("%v make %s, want %s", test.comparisons, got, test.want)
		}
	}
}
