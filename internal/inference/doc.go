// Package inference is the statistics by which launches become verdicts. It knows nothing about
// servers or runs: it takes numbers, one per launch, and returns what can be concluded from them.
//
//  1. Differences. Paired: Student's interval and the region of its mean (interval.go). Not
//     paired: Welch's interval (welch.go). With weaker assumptions: the exact sign-flip test
//     (signflip.go) and the Hodges-Lehmann interval (hodgeslehmann.go).
//  2. Many claims: Holm's correction (holm.go).
//  3. Looks while data arrive: spending of the error probability for a few planned looks
//     (spending.go), and a confidence sequence for any number of looks (sequence.go).
//  4. Series: segments of equal mean and variance (segments.go).
//  5. Throughput against workers: the Universal Scalability Law (usl.go).
//  6. Single samples: quantiles and the median (quantile.go).
//
// Each method names its source. Its tests use published numbers, or compute its definition by brute
// force. BenchmarkSimulation shows how the decisions behave under effects that they do not assume.
package inference
