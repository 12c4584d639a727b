package inference

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/claimbench/claimbench/internal/bench"
)

// Difference is the difference of the means of two samples that are not paired.
type Difference struct {
	Mean    float64
	SE      float64 // standard error
	Degrees float64 // of freedom
}

// Welch returns the difference of the mean of a minus the mean of b, whose variances may differ
// [Welch 1947; Satterthwaite 1946]. It reports false if either has fewer than two values, or if
// neither has values that differ.
func Welch(a, b []float64) (d Difference, ok bool) {
	if len(a) < 2 || len(b) < 2 {
		return d, false
	}
	meanA, varA := stat.MeanVariance(a, nil)
	meanB, varB := stat.MeanVariance(b, nil)
	va, vb := varA/float64(len(a)), varB/float64(len(b))
	d = Difference{Mean: meanA - meanB, SE: math.Sqrt(va + vb)}
	d.Degrees = (va + vb) * (va + vb) / (va*va/float64(len(a)-1) + vb*vb/float64(len(b)-1))
	return d, d.SE > 0 && !math.IsInf(d.SE, 0)
}

// Interval returns the confidence interval of the difference at the two-sided level alpha.
func (d Difference) Interval(alpha float64) (low, high float64) {
	t := distuv.StudentsT{Sigma: 1, Nu: d.Degrees}.Quantile(1 - alpha/2)
	return d.Mean - t*d.SE, d.Mean + t*d.SE
}

// Region returns the verdict of the region in which the difference lies, and its p-value: see the
// function Region.
func (d Difference) Region(m float64) (v bench.Verdict, p float64) {
	return region(d.Mean, d.SE, d.Degrees, m)
}
