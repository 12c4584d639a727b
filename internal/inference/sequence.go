package inference

import "math"

// priorVariance is the variance of the effect size, in squared standard deviations, over which
// Sequence mixes. The sequence is tightest if the true mean is about one standard deviation off.
const priorVariance = 1

// Sequence returns the interval of a confidence sequence for the mean of d after len(d) values.
// The probability that it misses the mean at any time is at most alpha, however often one looks.
// The values must be independent and normal, with unknown variance. It holds the means μ for which
//
//	(1+ng)^-1/2 · ((1 + t²/ν) / (1 + t²/(ν(1+ng))))^(n/2) < 1/alpha,   t = √n (mean - μ)/s, ν = n-1
//
// The left side is the Bayes factor of a t-test with a normal prior of variance g on the effect
// size [Jeffreys 1961; Rouder et al. 2009]. Under μ it is a nonnegative martingale, whatever the
// variance [Lai 1976; Wang & Ramdas 2025]. Ville's inequality therefore bounds it for all n at once.
// The interval is infinite for fewer than two values, and for so few that they bound nothing.
func Sequence(d []float64, alpha float64) Interval {
	i := TInterval(d, Alpha)
	i.Low, i.High = math.Inf(-1), math.Inf(1)
	if i.N < 2 {
		return i
	}
	n := float64(i.N)
	r := 1 + n*priorVariance
	k := math.Pow(math.Sqrt(r)/alpha, 2/n)
	if k >= r {
		return i
	}
	t := math.Sqrt((n - 1) * (k - 1) / (1 - k/r))
	i.Low, i.High = i.Mean-t*i.SE, i.Mean+t*i.SE
	return i
}
