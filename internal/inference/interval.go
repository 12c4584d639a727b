package inference

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/claimbench/claimbench/internal/bench"
)

// Alpha is the two-sided error probability of a single comparison.
const Alpha = .05

// Interval is a mean with its confidence interval. Its unit is that of the values; the judge
// passes differences of logarithms.
type Interval struct {
	Mean, Low, High float64
	N               int     // number of values
	SE              float64 // standard error of the mean
}

// TInterval returns Student's interval for the mean of d at the two-sided level alpha [Student
// 1908]: mean ± t(n-1, 1-alpha/2) s/√n. For fewer than two values its bounds are infinite, and for
// none its mean is NaN. It is preferred to the percentile bootstrap, which covers too little at the
// affordable numbers of rounds.
func TInterval(d []float64, alpha float64) Interval {
	i := Interval{N: len(d), Low: math.Inf(-1), High: math.Inf(1), SE: math.Inf(1)}
	if len(d) == 0 {
		i.Mean = math.NaN()
		return i
	}
	mean, sd := stat.MeanStdDev(d, nil)
	i.Mean = mean
	if len(d) < 2 {
		return i
	}
	i.SE = sd / math.Sqrt(float64(len(d)))
	t := distuv.StudentsT{Sigma: 1, Nu: float64(len(d) - 1)}.Quantile(1 - alpha/2)
	i.Low, i.High = mean-t*i.SE, mean+t*i.SE
	return i
}

// Decide compares an interval with the margin m, the smallest difference that matters. Positive
// values favor the claim. An interval wholly above m supports it, and one wholly below -m
// contradicts it. One wholly between them is practically equal, as in the two one-sided tests
// procedure [Schuirmann 1987]. Anything else is inconclusive. A bound has the margin 0.
func Decide(i Interval, m float64) bench.Verdict {
	switch {
	case i.Low > m:
		return bench.Supported
	case i.High < -m:
		return bench.Contradicted
	case i.Low > -m && i.High < m:
		return bench.PracticallyEqual
	}
	return bench.Inconclusive
}

// Region returns the verdict of the region in which the mean of d lies: above the margin m, below
// -m, or between them. The p-value is the smallest two-sided level at which Decide, given the
// TInterval at that level, returns this verdict. For fewer than two values, or values that do not
// differ, the verdict is inconclusive and p is 1.
func Region(d []float64, m float64) (v bench.Verdict, p float64) {
	i := TInterval(d, Alpha)
	if i.N < 2 || !(i.SE > 0) || math.IsInf(i.SE, 0) {
		return bench.Inconclusive, 1
	}
	return region(i.Mean, i.SE, float64(i.N-1), m)
}

// region is Region for a mean with its standard error and degrees of freedom.
func region(mean, se, degrees, m float64) (v bench.Verdict, p float64) {
	t := distuv.StudentsT{Sigma: 1, Nu: degrees}
	beyond := func(x float64) float64 { return min(2*t.Survival(x/se), 1) }
	switch {
	case mean > m:
		return bench.Supported, beyond(mean - m)
	case mean < -m:
		return bench.Contradicted, beyond(-m - mean)
	case m > 0:
		return bench.PracticallyEqual, max(beyond(mean+m), beyond(m-mean))
	}
	return bench.Inconclusive, 1
}

// Skewness returns the adjusted Fisher-Pearson coefficient of skewness, in standard errors of that
// of normal values [Joanes & Gill 1998]. It is 0 for fewer than three values, or values that do not
// differ.
func Skewness(d []float64) float64 {
	n := float64(len(d))
	if n < 3 || !(stat.StdDev(d, nil) > 0) {
		return 0
	}
	return stat.Skew(d, nil) / math.Sqrt(6*n*(n-1)/((n-2)*(n+1)*(n+3)))
}
