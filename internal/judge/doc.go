// Package judge turns a run directory into verdicts. It reads nothing but the directory, so anyone who
// has the directory can judge it again and reach the same verdicts.
//
//  1. A reader condenses the raw hits of each trial into one number per metric and rate. The sample is
//     the launch, never the request.
//  2. Two numbers of the same round form a pairing. Differences are taken on the log scale, where a
//     ratio is a difference: d_r = ln y_of - ln y_to.
//  3. A finding bounds their mean by inference.TInterval and locates it by inference.Region; an ordered
//     list of rules can keep it inconclusive, and inference.Fragile asks the exact sign-flip test.
//  4. Comparisons make claims: they agree, the claim "depends", or it is not decided. All claims of a
//     run are one family, judged by Holm's correction or by planned looks.
package judge
