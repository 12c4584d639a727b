package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func printed(t *testing.T, d *Document, o TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := d.Terminal(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Color adds escape sequences around signs, and changes nothing else.
func TestColorIsOnlyAdded(t *testing.T) {
	d := document()
	code := regexp.MustCompile("\x1b\\[\\d\\dm([^\x1b]+)\x1b\\[0m")
	for _, verbose := range []bool{false, true} {
		plain := printed(t, d, TerminalOptions{Verbose: verbose})
		colored := printed(t, d, TerminalOptions{Verbose: verbose, Color: true})
		for _, m := range code.FindAllStringSubmatch(colored, -1) {
			if !strings.Contains("✓✗=±?–", m[1]) {
				t.Errorf("%q is colored", m[1])
			}
		}
		if got := code.ReplaceAllString(colored, "$1"); got != plain {
			t.Errorf("without color:\n%s\nwant:\n%s", got, plain)
		}
		if strings.Count(colored, "\x1b[32m✓") < 2 {
			t.Errorf("the signs have no color:\n%s", colored)
		}
	}
}

// A server can neither end a line of the terminal nor pose as a verdict.
func TestTerminalKeepsForeignTextInItsLine(t *testing.T) {
	d := document()
	d.Claims[0].Quotes = []bench.Quote{{Quote: "x\n✓ supported"}}
	d.Claims[0].Why = "x\n✓ supported"
	d.Claims[0].Tests[0].Label = "x\n✓ supported\t1"
	d.Validity[1].Value = "x\n✓ supported"
	for _, verbose := range []bool{false, true} {
		for line := range strings.Lines(printed(t, d, TerminalOptions{Verbose: verbose})) {
			if strings.HasPrefix(line, "✓ supported") && !strings.Contains(line, "one") {
				t.Errorf("a foreign text poses as %q", line)
			}
		}
	}
}

func TestSummaryCountsTheRest(t *testing.T) {
	d := document()
	open := d.Claims[0].Tests[0]
	open.Verdict, open.Label = bench.Inconclusive, "undecided"
	d.Claims[0].Tests = append(d.Claims[0].Tests, open)
	d.Claims = append(d.Claims, Claim{
		ID:      "four",
		Quotes:  []bench.Quote{{Quote: "quick"}},
		Verdict: bench.Inconclusive,
		Tests:   []Test{open},
	})
	got := printed(t, d, TerminalOptions{})
	for _, want := range []string{
		"\n    1 inconclusive\n",
		"\n? 1 claim is inconclusive: four.\n",
		"\n– 1 claim was not tested: see the report.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// A preview says in one calm line what it is too short for.
func TestFirstLookIsCalm(t *testing.T) {
	control := bench.Control{
		Target: "node-http",
		Metric: "cpu_seconds_per_1k",
		Work:   1.25,
		Ratio:  1.3,
		Low:    .8,
		High:   2,
		Rounds: 3,
	}
	demo, evidence := bench.Profile{Name: "demo"}, bench.Profile{Name: "evidence", Evidence: true}
	controls := []bench.Control{control, control}
	d := document()
	d.Validity = append([]Check{checkEvidence(demo)}, checkControls(controls, demo)...)
	got := printed(t, d, TerminalOptions{})
	want := "This preview has an unconfirmed positive control.\n" +
		"Profiles ci and evidence measure longer, in more rounds.\n"
	if !strings.HasSuffix(got, "\n"+want) {
		t.Errorf("no %q at the end of\n%s", want, got)
	}
	if strings.Contains(got, "!") {
		t.Errorf("a preview alarms:\n%s", got)
	}
	d.Validity = checkControls(controls, evidence)
	got = printed(t, d, TerminalOptions{})
	if strings.Count(got, "! Positive control: node-http, CPU time per 1,000 requests: not found") != 2 {
		t.Errorf("evidence without its control does not warn:\n%s", got)
	}
}
