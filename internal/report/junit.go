package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/claimbench/claimbench/internal/bench"
)

// writeJUnit writes one test case per claim and one per check of validity. A claim whose verdict is in FailOn
// is a failure. A claim that is not tested or inconclusive counts as skipped, and a bad check is an error.
func (d *Document) writeJUnit(out io.Writer) error {
	all := junit.Testsuites{Name: d.Guide.Title}
	claims := junit.Testsuite{Name: "claims"}
	for _, c := range d.Claims {
		claims.AddTestcase(d.claimCase(c))
	}
	all.AddSuite(claims)
	validity := junit.Testsuite{Name: "validity"}
	for _, check := range d.Validity {
		validity.AddTestcase(checkCase(check))
	}
	all.AddSuite(validity)
	return all.WriteXML(out)
}

func (d *Document) claimCase(c Claim) junit.Testcase {
	var lines []string
	for _, t := range c.Tested() {
		lines = append(lines, fmt.Sprintf("%s %s: %s: %s", t.Sign, t.Label, t.Estimate, t.Verdict))
	}
	comparisons := strings.Join(lines, "\n")
	reason := string(c.Verdict) + ": " + c.Why
	test := junit.Testcase{
		Classname: d.Guide.Title,
		Name:      c.ID,
		SystemOut: &junit.Output{Data: fmt.Sprintf("%q: %s\n%s", c.Quotes[0].Quote, reason, comparisons)},
	}
	switch {
	case slices.Contains(d.FailOn, c.Verdict):
		test.Failure = &junit.Result{
			Message: reason,
			Type:    string(c.Verdict),
			Data:    comparisons,
		}
	case c.Verdict == bench.NotTested || c.Verdict == bench.Inconclusive:
		test.Skipped = &junit.Result{Message: reason}
	}
	return test
}

func checkCase(c Check) junit.Testcase {
	test := junit.Testcase{
		Classname: "validity",
		Name:      c.Name,
		SystemOut: &junit.Output{Data: fmt.Sprintf("%s: %s (%s)", c.State, c.Value, c.Why)},
	}
	if c.State == StateBad {
		test.Error = &junit.Result{
			Message: c.Value,
			Type:    "validity",
			Data:    c.Why,
		}
	}
	return test
}
