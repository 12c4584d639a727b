package inference_test

import (
	"fmt"
	"math"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// logRatios is the example of the equivalence test in statsmodels, which is from R: fifteen pairs, as
// differences of their logarithms.
func logRatios() []float64 {
	x := []float64{2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84}
	y := []float64{2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02}
	d := make([]float64, len(x))
	for i := range x {
		d[i] = math.Log(x[i]) - math.Log(y[i])
	}
	return d
}

// sleep is the example of R's t.test: the hours that two drugs added [Student 1908].
func sleep() (a, b []float64) {
	return []float64{.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2},
		[]float64{1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4}
}

// specsdm91 is a data set of R's package usl: the throughput of a system under a benchmark of SPEC, by
// the number of simulated users.
func specsdm91() (n, x []float64) {
	return []float64{1, 18, 36, 72, 108, 144, 216},
		[]float64{64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2}
}

func ExampleQuantile() {
	sorted := []int{1, 2, 2, 3, 5, 8, 13, 21, 34, 55}
	fmt.Println(inference.Quantile(sorted, .5), inference.Quantile(sorted, .9), inference.Quantile(sorted, .99))
	// Output: 5 34 55
}

func ExampleRank() {
	fmt.Println(inference.Rank(10, .5), inference.Rank(10, .51), inference.Rank(1000, .99))
	// Output: 4 5 989
}

func ExampleMedian() {
	fmt.Println(inference.Median([]float64{3, 1, 2}), inference.Median([]float64{4, 1, 3, 2}))
	// Output: 2 2.5
}

func ExampleTInterval() {
	i := inference.TInterval(logRatios(), .10)
	fmt.Printf("%.4f from %.4f to %.4f, with a standard error of %.4f\n", i.Mean, i.Low, i.High, i.SE)
	// Output: 0.0431 from -0.0242 to 0.1104, with a standard error of 0.0382
}

func ExampleDecide() {
	i := inference.TInterval(logRatios(), .10)
	fmt.Println(inference.Decide(i, math.Log(1.25)))
	fmt.Println(inference.Decide(i, math.Log(1.10)))
	// Output:
	// practically equal
	// inconclusive
}

func ExampleRegion() {
	verdict, p := inference.Region(logRatios(), math.Log(1.25))
	fmt.Printf("%s, p = %.5f\n", verdict, p)
	// Output: practically equal, p = 0.00033
}

func ExampleSkewness() {
	fmt.Printf("%.2f\n", inference.Skewness([]float64{1, 2, 3, 4, 5}))
	fmt.Printf("%.2f\n", inference.Skewness([]float64{1, 1, 1, 1, 6}))
	// Output:
	// 0.00
	// 2.45
}

func ExampleWelch() {
	d, ok := inference.Welch(sleep())
	fmt.Printf("%.2f hours, %.3f degrees of freedom, %t\n", d.Mean, d.Degrees, ok)
	// Output: -1.58 hours, 17.776 degrees of freedom, true
}

func ExampleDifference_Interval() {
	d, _ := inference.Welch(sleep())
	low, high := d.Interval(.05)
	fmt.Printf("%.4f to %.4f hours\n", low, high)
	// Output: -3.3655 to 0.2055 hours
}

func ExampleDifference_Region() {
	d, _ := inference.Welch(sleep())
	verdict, p := d.Region(0)
	fmt.Printf("%s, p = %.4f\n", verdict, p)
	// Output: contradicted, p = 0.0794
}

func ExampleSignFlip() {
	p, ok := inference.SignFlip(logRatios(), 0, bench.Supported)
	fmt.Printf("p = %.5f, %t\n", p, ok)
	// Output: p = 0.27246, true
}

func ExampleLeastSignFlip() {
	fmt.Println(inference.LeastSignFlip(5), inference.LeastSignFlip(6))
	// Output: 0.0625 0.03125
}

// Nine differences are equal and one is opposite. By Student's interval the mean is above the margin,
// but the exact test does not confirm that at the level of 1%.
func ExampleFragile() {
	d := []float64{.10, .10, .10, .10, .10, .10, .10, .10, .10, -.10}
	verdict, p := inference.Region(d, .01)
	exact, fragile := inference.Fragile(d, .01, verdict, .01)
	fmt.Printf("%s, p = %.4f; exact p = %.4f, fragile: %t\n", verdict, p, exact, fragile)
	// Output: supported, p = 0.0067; exact p = 0.0215, fragile: true
}

// These are the depression scores of R's wilcox.test, before and after [Hollander & Wolfe 1973].
func ExampleHodgesLehmann() {
	before := []float64{1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	var d []float64
	for i := range before {
		d = append(d, before[i]-after[i])
	}
	estimate, low, high := inference.HodgesLehmann(d, .05)
	fmt.Printf("%.3f from %.3f to %.3f\n", estimate, low, high)
	// Output: 0.460 from 0.010 to 0.786
}

// These are the smallest p-values of the example of R's package multtest.
func ExampleHolm() {
	p := []float64{5.23656777e-5, 2.81405062e-4, .0149877311, .0202732689, .1770969527, .64, .68, .72, .84, .97}
	for i, adjusted := range inference.Holm(p)[:4] {
		fmt.Printf("%.6f becomes %.6f\n", p[i], adjusted)
	}
	// Output:
	// 0.000052 becomes 0.000524
	// 0.000281 becomes 0.002533
	// 0.014988 becomes 0.119902
	// 0.020273 becomes 0.141913
}

func ExamplePocock() {
	for _, t := range []float64{1. / 3, 2. / 3, 1} {
		fmt.Printf("%.4f\n", inference.Pocock(.05, t))
	}
	// Output:
	// 0.0226
	// 0.0382
	// 0.0500
}

// These are the published levels of three equal looks.
func ExampleNominal() {
	for _, level := range inference.Nominal(.05, []float64{1. / 3, 2. / 3, 1}, inference.Pocock) {
		fmt.Printf("%.5f\n", level)
	}
	// Output:
	// 0.02264
	// 0.02174
	// 0.02168
}

// A sequence is wider than the interval of a single look.
func ExampleSequence() {
	d := []float64{1.1, .7, 1.4, .9, 1.2, .8, 1.3, 1.0, .6, 1.5}
	always, once := inference.Sequence(d, .05), inference.TInterval(d, .05)
	fmt.Printf("always: %.2f to %.2f\n", always.Low, always.High)
	fmt.Printf("once: %.2f to %.2f\n", once.Low, once.High)
	// Output:
	// always: 0.68 to 1.42
	// once: 0.83 to 1.27
}

func ExampleSegments() {
	x := []float64{1.00, 1.01, .99, 1.00, 1.01, 2.00, 2.01, 1.99, 2.00, 1.99}
	fmt.Println(inference.Segments(x, 15*math.Log(10), 2, .001))
	// Output: [0 5]
}

func ExampleFitUSL() {
	law, err := inference.FitUSL(specsdm91())
	fmt.Printf("alpha %.5f, beta %.6f, gamma %.2f, peak %.1f, %v\n", law.Alpha, law.Beta, law.Gamma, *law.Peak, err)
	// Output: alpha 0.02773, beta 0.000104, gamma 90.00, peak 96.5, <nil>
}

// The three rounds are the published data and 1% around them.
func ExampleResampleUSL() {
	n, published := specsdm91()
	var x [][]float64
	for _, v := range published {
		x = append(x, []float64{.99 * v, v, 1.01 * v})
	}
	low, high, ok := inference.ResampleUSL(n, x, 200, 1)
	fmt.Printf("gamma %.1f to %.1f, peak %.1f to %.1f, %t\n", low.Gamma, high.Gamma, *low.Peak, *high.Peak, ok)
	// Output: gamma 89.1 to 90.9, peak 96.5 to 96.5, true
}
