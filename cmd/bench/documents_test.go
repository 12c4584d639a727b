package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sample finds a block of a document that shows the output of a command on the kept example. It may show the
// first lines only, as head does.
var sample = regexp.MustCompile("(?s)<!-- output: bench (judge reports/example)(?: \\| head -([0-9]+))? -->\n```\n(.*?)```\n")

// What README.md and the tutorial show is what the program prints.
func TestDocumentedOutput(t *testing.T) {
	code, printed, stderr := command(t, "-C", "../..", "judge", "../../reports/example")
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, file := range []string{"../../README.md", "../../docs/tutorial.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !sample.Match(data) {
			t.Errorf("%s shows no output of the kept example", file)
		}
		golden(t, file, sample.ReplaceAllStringFunc(string(data), func(block string) string {
			parts := sample.FindStringSubmatch(block)
			head, _, _ := strings.Cut(block, "\n```\n")
			return head + "\n```\n" + firstLines(printed, parts[2]) + "```\n"
		}))
	}
}

// firstLines returns the first n lines of text, or all of it without an n.
func firstLines(text, n string) string {
	most, err := strconv.Atoi(n)
	lines := strings.SplitAfter(text, "\n")
	if err != nil || most > len(lines) {
		return text
	}
	return strings.Join(lines[:most], "")
}
