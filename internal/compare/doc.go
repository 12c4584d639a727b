// Package compare sets runs against each other: two runs of one machine class (Compare), one run
// per night over many nights (Follow), and runs of several machines (Merge).
//
// Compare and Follow use numbers only if they were taken on machines of the same class, by the same
// work. Each judges all of its numbers as one family. Two runs share no round, so their numbers are
// compared without pairs, and a slower machine looks like slower servers. Every run measures the
// load generator's own rate on the machine, and that rate tells the two apart.
package compare
