package target

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// Question identifies a request that all servers must answer alike: a scenario at a level. The
// level is empty if the scenario has none.
type Question struct{ Scenario, Level string }

// Conformance holds the findings of Verify.
type Conformance struct {
	// Problems says which part of the contract a target breaks.
	Problems map[bench.Cell]string
	// Missing says what a target lacks to be tested: a feature of its runtime, or a service on
	// this machine.
	Missing map[bench.Cell]string
	// Bodies holds the SHA-256, in hex, of the body that the conforming targets agree on.
	Bodies map[Question]string
	// Abouts holds, by target, how the target describes itself.
	Abouts map[string]bench.About
	// Logs holds, by target, what a target with problems wrote.
	Logs map[string]string
}

func newConformance() *Conformance {
	return &Conformance{
		Problems: map[bench.Cell]string{},
		Missing:  map[bench.Cell]string{},
		Bodies:   map[Question]string{},
		Abouts:   map[string]bench.About{},
		Logs:     map[string]string{},
	}
}

// ballot collects the answers of all servers to one question. They must be equal.
type ballot struct {
	path    string // of the request, for messages
	answers map[bench.Cell]answer
}

type ballots map[Question]*ballot

func (b ballots) add(e expectation, a answer) {
	if b[e.question] == nil {
		b[e.question] = &ballot{path: e.Path, answers: map[bench.Cell]answer{}}
	}
	b[e.question].answers[e.cell] = a
}

// most returns the answer that most cells gave. If two answers are as frequent, it returns the one
// that reaches that number first in the order of the cells' names.
func (b *ballot) most() answer {
	byName := func(a, b bench.Cell) int { return strings.Compare(a.String(), b.String()) }
	count := map[answer]int{}
	var most answer
	for _, cell := range slices.SortedFunc(maps.Keys(b.answers), byName) {
		a := b.answers[cell]
		if count[a]++; count[a] > count[most] {
			most = a
		}
	}
	return most
}

// record adds the results of one launch to c, and to b the answers that must equal those of other
// servers.
func (c *Conformance) record(target string, asked []expectation, l launchResult, b ballots) {
	if l.about != nil {
		c.Abouts[target] = l.about
	}
	for _, e := range asked {
		r, answered := l.replies[e.cell]
		if l.err != nil || r.problem != "" {
			c.Logs[target] = l.log
		}
		switch {
		case r.missing != "":
			c.Missing[e.cell] = r.missing
		case l.err != nil && (!answered || r.problem == ""):
			c.Problems[e.cell] = firstLine(l.err)
		case r.problem != "":
			c.Problems[e.cell] = r.problem
		case !e.mayDiffer:
			b.add(e, r.answer)
		}
	}
}

// compare notes the agreed body of each ballot, and makes any other answer a problem.
func (c *Conformance) compare(b ballots) {
	for question, ballot := range b {
		agreed := ballot.most()
		c.Bodies[question] = digest(agreed.body)
		for cell, a := range ballot.answers {
			switch {
			case a.body != agreed.body:
				at := firstDifference(a.body, agreed.body)
				c.Problems[cell] = fmt.Sprintf(
					"%s: the body differs from that of the other servers at byte %d: %s instead of %s",
					ballot.path, at, excerpt(a.body, at), excerpt(agreed.body, at))
			case a.headers != agreed.headers:
				c.Problems[cell] = fmt.Sprintf("%s: the headers are %s; those of the other servers are %s",
					ballot.path, printable(a.headers), printable(agreed.headers))
			}
		}
	}
}

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// firstDifference returns the index of the first byte in which a and b differ.
func firstDifference(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// excerpt quotes at most 80 bytes of the text around the byte at an index, safe to print.
func excerpt(s string, at int) string {
	from := max(0, at-20)
	to := min(len(s), from+80)
	quoted := fmt.Sprintf("%q", s[min(from, to):to])
	if to < len(s) {
		quoted += "…"
	}
	return quoted
}
