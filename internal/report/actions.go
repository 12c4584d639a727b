package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

// Actions writes annotations and the summary of a step of GitHub Actions. A nil Actions writes nothing.
type Actions struct {
	out     io.Writer // takes workflow commands
	summary string    // file that takes the step's summary; empty for none
}

// ActionsFrom returns the Actions of the step that runs this program, by its environment. It returns
// nil outside of GitHub Actions.
func ActionsFrom(out io.Writer, getenv func(string) string) *Actions {
	if getenv("GITHUB_ACTIONS") != "true" {
		return nil
	}
	return &Actions{out: out, summary: getenv("GITHUB_STEP_SUMMARY")}
}

// Levels of an annotation.
const (
	AnnotationError   = "error"
	AnnotationWarning = "warning"
)

// Document annotates why a run is void, each claim with a verdict of failOn, and each other claim that
// is contradicted. The first page becomes the summary of the step.
func (a *Actions) Document(d *Document, failOn []bench.Verdict) error {
	if a == nil {
		return nil
	}
	for _, why := range d.Void {
		a.Annotate(AnnotationError, "void as evidence", why)
	}
	for _, c := range d.Claims {
		text := fmt.Sprintf("%q is %s: %s", c.Quotes[0].Quote, c.Verdict, c.Why)
		switch {
		case slices.Contains(failOn, c.Verdict):
			a.Annotate(AnnotationError, "claim "+c.ID, text)
		case c.Verdict == bench.Contradicted:
			a.Annotate(AnnotationWarning, "claim "+c.ID, text)
		}
	}
	page, err := d.PageOne()
	if err != nil {
		return err
	}
	return a.Summarize(page)
}

// Annotate prints a workflow command [GitHub, Workflow commands for GitHub Actions].
func (a *Actions) Annotate(level, title, text string) {
	if a == nil {
		return
	}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	fmt.Fprintf(a.out, "::%s title=%s::%s\n", level, property.Replace(title), data.Replace(text))
}

// longestSummary is half of what GitHub shows of a step, in bytes: other programs may add to it.
const longestSummary = 1 << 19

// Summarize appends Markdown to the summary of the step.
func (a *Actions) Summarize(markdown string) error {
	if a == nil || a.summary == "" {
		return nil
	}
	if len(markdown) > longestSummary {
		markdown = strings.ToValidUTF8(markdown[:longestSummary], "") + "\n\n…\n"
	}
	file, err := os.OpenFile(a.summary, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("write the summary of the GitHub Actions step: %w", err)
	}
	_, err = io.WriteString(file, markdown+"\n")
	return errors.Join(err, file.Close())
}
