package inference

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/claimbench/claimbench/internal/bench"
)

// Alpha is the two-sided error probability of a comparison that stands alone.
const Alpha = .05

// Interval is a mean with its confidence interval, on the log scale.
type Interval struct {
	Mean, Low, High float64
	N               int
	SE              float64 // standard error of the mean
}

// TInterval is Student's interval for the mean of d at the two-sided level
// alpha: mean ± t(n-1, 1-alpha/2) s/√n [Student 1908]. With fewer than two
// values its bounds are infinite. It is preferred to the percentile bootstrap,
// which covers too little at the numbers of rounds that are affordable here.
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

// Decide holds an interval, positive for the claim, against the margin m > 0 of
// what matters (m = 0 for a bound): wholly beyond m supports, wholly below -m
// contradicts, wholly within is practically equal, as in a two one-sided tests
// procedure [Schuirmann 1987]; anything else is not decided.
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

// Region is where the mean of d lies against the margin m, and the smallest two-sided
// level at which Decide, held against TInterval, says so. With fewer than two values,
// or values that are all the same, there is none: the p-value is 1.
func Region(d []float64, m float64) (v bench.Verdict, p float64) {
	i := TInterval(d, Alpha)
	if i.N < 2 || !(i.SE > 0) || math.IsInf(i.SE, 0) {
		return bench.Inconclusive, 1
	}
	return region(i.Mean, i.SE, float64(i.N-1), m)
}

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

// Skewness is that of the values (the adjusted Fisher-Pearson coefficient), in standard errors of what
// normal values show [Joanes & Gill 1998]; 0 for fewer than three, or where none scatters.
func Skewness(d []float64) float64 {
	n := float64(len(d))
	if n < 3 || !(stat.StdDev(d, nil) > 0) {
		return 0
	}
	return stat.Skew(d, nil) / math.Sqrt(6*n*(n-1)/((n-2)*(n+1)*(n+3)))
}
