// Package inference is the statistics by which launches become verdicts. It knows
// nothing of servers or runs: it takes numbers, one a launch, and says what can be
// said of them.
//
//  1. Of differences, paired or not (welch.go): Student's interval and the region that it lies in
//     (interval.go); the exact sign-flip test (signflip.go) and the Hodges-Lehmann
//     interval (hodgeslehmann.go), which assume less.
//  2. Of many claims: Holm's correction (holm.go).
//  3. Of looks while data come in: spending of the error probability (spending.go) for
//     a few planned looks, a confidence sequence (sequence.go) for any number.
//  4. Of series: segments (segments.go).
//  5. Of throughput against workers: the Universal Scalability Law (usl.go).
//
// Each method names its source, and is tested on published numbers or against a
// reading of its definition by brute force. BenchmarkSimulation shows how the
// decision does under effects that it does not assume.
package inference
