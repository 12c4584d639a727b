// Package judge turns a run directory into verdicts. It sees nothing but the
// directory, so that whoever has it can judge again.
//
//  1. summarise reads the raw hits of a trial into one number for each metric
//     and rate: the sample is the launch, never the request.
//  2. Differences are taken within rounds, on the log scale, where a ratio is
//     a difference: d_r = ln y_of - ln y_to.
//  3. TInterval bounds their mean, and Decide holds the interval against the
//     margin of what matters.
//  4. Tests make claims: alike, or "depends", or not decided.
package judge
