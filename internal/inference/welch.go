package inference

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/claimbench/claimbench/internal/bench"
)

// Two is the difference of the means of two samples that are not paired, a - b.
type Two struct {
	Mean, SE, Degrees float64
}

// Welch is the difference of the means of a and b, whose variances may differ [Welch 1947;
// Satterthwaite 1946]. It reports false where either has fewer than two values or none scatters.
func Welch(a, b []float64) (d Two, ok bool) {
	if len(a) < 2 || len(b) < 2 {
		return d, false
	}
	meanA, varA := stat.MeanVariance(a, nil)
	meanB, varB := stat.MeanVariance(b, nil)
	va, vb := varA/float64(len(a)), varB/float64(len(b))
	d = Two{Mean: meanA - meanB, SE: math.Sqrt(va + vb)}
	d.Degrees = (va + vb) * (va + vb) / (va*va/float64(len(a)-1) + vb*vb/float64(len(b)-1))
	return d, d.SE > 0 && !math.IsInf(d.SE, 0)
}

// Interval bounds the difference at the two-sided level alpha.
func (d Two) Interval(alpha float64) (low, high float64) {
	t := distuv.StudentsT{Sigma: 1, Nu: d.Degrees}.Quantile(1 - alpha/2)
	return d.Mean - t*d.SE, d.Mean + t*d.SE
}

// Region is as the function Region, of the difference.
func (d Two) Region(m float64) (v bench.Verdict, p float64) {
	return region(d.Mean, d.SE, d.Degrees, m)
}
