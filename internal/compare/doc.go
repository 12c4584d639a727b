// Package trend tells whether servers have become faster or slower: between two runs
// (Compare), and over the runs of many nights (History).
//
// Both hold numbers against each other only that were taken on machines of the same class, in the same
// way, and both judge all that they compare as one family. Two runs share no round, so what changed
// between them is compared without pairs, and a machine that has become slower looks like servers that
// have; the load generator's own capacity, which is measured in every run, tells the two apart.
package compare
