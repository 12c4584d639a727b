package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// outputBlock finds a block of a document that shows the output of a command on the kept example. It may show
// the first lines only, as head does. A block of another command starts with "<!-- sample:" and is not tested,
// because its output depends on the machine.
var outputBlock = regexp.MustCompile(
	"(?s)<!-- output: bench (judge|verify) reports/example(?: \\| head -([0-9]+))? -->\n```\n(.*?)```\n<!-- /output -->\n")

// What the documents show is what the program prints.
func TestDocumentedOutput(t *testing.T) {
	outputs := map[string]string{}
	printed := func(name string) string {
		if _, ok := outputs[name]; !ok {
			code, stdout, stderr := command(t, "-C", "../..", name, "../../reports/example")
			if code != exitDone {
				t.Fatalf("%s: exit code %d: %s", name, code, stderr)
			}
			outputs[name] = stdout
		}
		return outputs[name]
	}
	for _, file := range documents(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		marked, tested := strings.Count(string(data), "<!-- output:"), len(outputBlock.FindAll(data, -1))
		if marked != tested {
			t.Errorf("%s has %d blocks of output, of which %d can be tested: mark the others with <!-- sample: ... -->",
				file, marked, tested)
		}
		golden(t, file, outputBlock.ReplaceAllStringFunc(string(data), func(block string) string {
			parts := outputBlock.FindStringSubmatch(block)
			head, _, _ := strings.Cut(block, "\n```\n")
			return head + "\n```\n" + firstLines(printed(parts[1]), parts[2]) + "```\n<!-- /output -->\n"
		}))
	}
}

// README.md and the tutorial show output, so a marker that is misspelled there is found.
func TestSomeOutputIsDocumented(t *testing.T) {
	for _, file := range []string{"../../README.md", "../../docs/tutorial.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !outputBlock.Match(data) {
			t.Errorf("%s shows no output of the kept example", file)
		}
	}
}

// documents returns the Markdown files of the repository's root and of docs.
func documents(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"../../*.md", "../../docs/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no files (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	return files
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
