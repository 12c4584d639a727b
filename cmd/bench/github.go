package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/compare"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/text"
)

// tellGitHub tells GitHub Actions, where it runs this program, what came of a run: an annotation for each
// claim that fails the gate or is contradicted, and for why it is void, and the first page as the summary of the step.
func tellGitHub(out io.Writer, d *report.Document, failOn []string) error {
	if os.Getenv("GITHUB_ACTIONS") != "true" {
		return nil
	}
	for _, why := range d.Void {
		annotate(out, "error", "void as evidence", why)
	}
	for _, c := range d.Claims {
		text := fmt.Sprintf("%q is %s: %s", c.Quotes[0].Quote, c.Verdict, c.Why)
		switch {
		case slices.Contains(failOn, string(c.Verdict)):
			annotate(out, "error", "claim "+c.ID, text)
		case c.Verdict == bench.Contradicted:
			annotate(out, "warning", "claim "+c.ID, text)
		}
	}
	page, err := d.PageOne()
	if err != nil {
		return err
	}
	return summarise(page)
}

// tellGitHubOf does the same of a comparison of two runs, with an annotation for each figure that is worse.
func tellGitHubOf(out io.Writer, c *compare.Comparison) error {
	if os.Getenv("GITHUB_ACTIONS") != "true" {
		return nil
	}
	for _, x := range c.Changes {
		if x.Word == compare.Worse {
			annotate(out, "warning", x.Name+" is worse", fmt.Sprintf("%s, from %s to %s", ratio(&x.Ratio, x.Low, x.High), text.Quantity(x.Base, x.Unit), text.Quantity(x.New, x.Unit)))
		}
	}
	var text strings.Builder
	if err := printComparison(&text, c, false); err != nil {
		return err
	}
	return summarise("```\n" + text.String() + "```\n")
}

// annotate prints a workflow command [GitHub, Workflow commands for GitHub Actions].
func annotate(out io.Writer, level, title, text string) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	fmt.Fprintf(out, "::%s title=%s::%s\n", level, property.Replace(title), data.Replace(text))
}

// largestSummary is the most that GitHub shows of a step, in bytes.
const largestSummary = 1 << 20

// summarise appends Markdown to the summary of the step, where there is one.
func summarise(markdown string) error {
	file := os.Getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	if len(markdown) > largestSummary/2 {
		markdown = strings.ToValidUTF8(markdown[:largestSummary/2], "") + "\n\n…\n"
	}
	summary, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(summary, markdown+"\n")
	return errors.Join(err, summary.Close())
}
