package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestActions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "summary.md")
	environment := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": file}
	var out bytes.Buffer
	a := ActionsFrom(&out, func(name string) string { return environment[name] })
	a.Annotate(AnnotationWarning, "a: b, c", "50%\nof it")
	if got, want := out.String(), "::warning title=a%3A b%2C c::50%25%0Aof it\n"; got != want {
		t.Errorf("annotation is %q, want %q", got, want)
	}
	for _, text := range []string{"one", strings.Repeat("é", longestSummary)} {
		if err := a.Summarize(text); err != nil {
			t.Fatal(err)
		}
	}
	summary, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(summary), "one\né") || !strings.HasSuffix(string(summary), "é\n\n…\n\n") {
		t.Errorf("the summary of %d bytes is not cut short", len(summary))
	}
}

// Outside of GitHub Actions nothing is written.
func TestNoActions(t *testing.T) {
	a := ActionsFrom(nil, func(string) string { return "" })
	a.Annotate(AnnotationError, "title", "text")
	if err := a.Document(nil, nil); err != nil {
		t.Error(err)
	}
	if err := a.Summarize("text"); err != nil {
		t.Error(err)
	}
}
