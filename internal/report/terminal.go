package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// Lengths of texts in the terminal, in characters, and the number of comparisons that the summary shows per
// claim.
const (
	quoteLength = 76
	whyLength   = 150
	shownTests  = 3
)

// TerminalOptions says how Terminal prints. The zero value is the short summary without color.
type TerminalOptions struct {
	Color   bool // color the signs of verdicts
	Verbose bool // list every claim and every comparison
}

// Terminal prints the verdicts for a person. The summary starts with the decided claims and counts the
// others. No text of a server reaches the terminal with control characters.
func (d *Document) Terminal(out io.Writer, o TerminalOptions) error {
	t := &terminal{color: o.Color}
	t.line("%s: %s", d.Guide.Title, d.Guide.Author)
	t.line("")
	t.line("%s", d.Headline)
	t.line("%s", d.Scope)
	t.line("")
	if o.Verbose {
		t.everyClaim(d.Claims)
	} else {
		t.decidedClaims(d.Claims)
	}
	t.checks(d.Validity)
	_, err := t.WriteTo(out)
	return err
}

// terminal collects the lines.
type terminal struct {
	bytes.Buffer
	color bool
}

// line writes one line. It removes control characters and line feeds from the arguments, so that a foreign
// text can neither drive the terminal nor pose as a line.
func (t *terminal) line(format string, args ...any) {
	fmt.Fprintln(t, plainLine(fmt.Sprintf(format, args...)))
}

func plainLine(s string) string { return strings.ReplaceAll(text.Plain(s), "\n", " ") }

// table aligns rows. The first cell of a row is the sign of a verdict.
type table struct {
	*tabwriter.Writer
	terminal *terminal
}

func (t *terminal) table() table {
	return table{tabwriter.NewWriter(t, 0, 0, 2, ' ', 0), t}
}

func (t table) row(indent string, v bench.Verdict, cells ...string) {
	for i, cell := range cells {
		cells[i] = plainLine(cell)
	}
	fmt.Fprintf(t, "%s%s %s\n", indent, t.terminal.sign(v), strings.Join(cells, "\t"))
}

// end writes the rows. Writing into the buffer of the terminal cannot fail.
func (t table) end() { _ = t.Flush() }

// sign returns the sign of a verdict. All colors have codes of the same length, so they keep tables aligned.
func (t *terminal) sign(v bench.Verdict) string {
	if !t.color {
		return v.Sign()
	}
	return "\x1b[" + colorCode(v) + "m" + v.Sign() + "\x1b[0m"
}

// colorCode returns the SGR code of a verdict's color, of two digits.
func colorCode(v bench.Verdict) string {
	switch v {
	case bench.Supported:
		return "32" // green
	case bench.Contradicted:
		return "31" // red
	case bench.PracticallyEqual:
		return "36" // cyan
	case bench.Depends:
		return "33" // yellow
	}
	return "90" // gray
}

// decidedClaims lists the decided claims with their first comparisons, and counts the others.
func (t *terminal) decidedClaims(claims []Claim) {
	var decided []Claim
	var inconclusive []string
	untested := 0
	for _, c := range claims {
		switch c.Verdict {
		case bench.Inconclusive:
			inconclusive = append(inconclusive, c.ID)
		case bench.NotTested:
			untested++
		default:
			decided = append(decided, c)
		}
	}
	for _, c := range decided {
		fmt.Fprintf(t, "%s ", t.sign(c.Verdict))
		t.line("%s  %s  %s", c.Verdict, c.ID, quote(c))
		t.shownTests(c)
		t.line("")
	}
	if n := len(inconclusive); n > 0 {
		fmt.Fprintf(t, "%s ", t.sign(bench.Inconclusive))
		t.line("%s inconclusive: %s.", counted(n, "claim is", "claims are"), strings.Join(inconclusive, ", "))
	}
	if untested > 0 {
		fmt.Fprintf(t, "%s ", t.sign(bench.NotTested))
		t.line("%s not tested: see the report.", counted(untested, "claim was", "claims were"))
	}
}

// counted returns the number with the words for one or for several.
func counted(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

// everyClaim lists all claims, and then every comparison of those that were tested.
func (t *terminal) everyClaim(claims []Claim) {
	list := t.table()
	for _, c := range claims {
		list.row("", c.Verdict, string(c.Verdict), c.ID, quote(c))
	}
	list.end()
	for _, c := range claims {
		if c.Verdict == bench.NotTested {
			continue
		}
		t.line("")
		fmt.Fprintf(t, "%s ", t.sign(c.Verdict))
		t.line("%s: %s: %s", c.ID, c.Verdict, c.Why)
		tests := t.table()
		for _, test := range c.Tested() {
			tests.row("  ", test.Verdict, test.Label, test.Estimate, string(test.Verdict))
		}
		tests.end()
		for _, s := range c.Skipped() {
			fmt.Fprintf(t, "  %s ", t.sign(bench.NotTested))
			t.line("%d not tested: %s", s.Tests, text.Shorten(s.Why, whyLength))
		}
	}
}

// shownTests lists the first decided comparisons of a claim, and counts the others.
func (t *terminal) shownTests(c Claim) {
	list := t.table()
	decided, shown := 0, 0
	tested := c.Shown(len(c.Tests))
	for _, test := range tested {
		if test.Verdict == bench.Inconclusive {
			continue
		}
		if decided++; shown < shownTests {
			list.row("    ", test.Verdict, test.Label, test.Estimate)
			shown++
		}
	}
	list.end()
	var rest []string
	if n := decided - shown; n > 0 {
		rest = append(rest, fmt.Sprintf("%d more decided", n))
	}
	if n := len(tested) - decided; n > 0 {
		rest = append(rest, fmt.Sprintf("%d inconclusive", n))
	}
	if len(rest) > 0 {
		t.line("    %s", strings.Join(rest, ", "))
	}
}

func quote(c Claim) string { return fmt.Sprintf("%q", text.Shorten(c.Quotes[0].Quote, quoteLength)) }

// checks lists the checks that need attention. Those that a preview is too short for share one line.
func (t *terminal) checks(checks []Check) {
	var limits []string
	var lines []string
	for _, c := range checks {
		switch {
		case c.State == StateOK:
		case c.preview:
			if c.lacks != "" && !slices.Contains(limits, c.lacks) {
				limits = append(limits, c.lacks)
			}
		case c.State == StateBad:
			lines = append(lines, "!! "+c.Name+": "+c.Value)
		default:
			lines = append(lines, "! "+c.Name+": "+c.Value)
		}
	}
	if len(limits)+len(lines) > 0 {
		t.line("")
	}
	if len(limits) > 0 {
		t.line("This preview has %s.", listed(limits))
		t.line("Profiles ci and evidence measure longer, in more rounds.")
	}
	for _, line := range lines {
		t.line("%s", line)
	}
}

// listed joins the parts of a sentence: "a, b and c".
func listed(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
