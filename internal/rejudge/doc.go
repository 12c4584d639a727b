// Package rejudge judges a run again from its directory, and checks that verdicts and reports follow
// from the evidence there.
package rejudge
