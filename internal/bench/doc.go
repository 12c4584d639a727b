// Package bench holds the nouns of claimbench and the few interfaces between
// its parts. It imports the standard library only; every other package talks
// to the others in these nouns.
//
// The data flows one way:
//
//  1. A Guide makes Claims; each Claim has Tests, which name Scenarios,
//     Targets and metrics. A Plan fixes all of them, with a seed, before
//     anything starts.
//  2. A Launcher starts a Target as a Server; one launch under one Scenario
//     is a Trial, and one shuffled pass over all arms is a Round.
//  3. A Driver sends requests on a Schedule; each request is a Hit.
//  4. Hits are recorded; a TrialResult keeps the rest of what was seen.
//  5. From the record alone come Comparisons and Verdicts.
//
// Times inside are time.Duration; at the border (JSON, Parquet) they are
// nanoseconds, seconds or text with a unit, and the field's name says which.
package bench
