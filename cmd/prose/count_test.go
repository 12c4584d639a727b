package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// parse reads a document from memory.
func parse(markdown string, quotes ...string) *document {
	return readDocument(source{path: "x.md", data: []byte(markdown)}, quotes)
}

// found lists the sentences of a document as "line words text".
func found(d *document) []string {
	var all []string
	for _, s := range d.sentences() {
		all = append(all, fmt.Sprintf("%d %d %s", s.line, s.words, s.text))
	}
	return all
}

func TestDocumentWithEverything(t *testing.T) {
	data, err := os.ReadFile("testdata/everything.md")
	if err != nil {
		t.Fatal(err)
	}
	d := parse(string(data), "Fast is better than slow, always", "very fast")
	want := []string{
		"3 5 This sentence has five words.",
		"3 8 This one goes on to a second line!",
		"4 6 A link's text counts, e.g. here.",
		"9 5 Inline `code with spaces` is one word",
		"10 7 HTML tags are not words, see https://example.com/a.b",
		"12 7 An item may have a second paragraph.",
		"14 12 Version 1.5 of main.go by A. B. Smith (§ 3.2) is one sentence.",
		`30 4 The guide says "Fast is better than slow, always".`,
		`30 4 It says "very fast" too.`,
		"32 5 This line is too long.",
		"32 18 It goes on and on until it has more than the hundred columns that a line may have.",
	}
	if got := found(d); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got, findings := d.count()
	if want := (tally{sentences: 11, words: 81, longest: 18, wide: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(findings) != 1 || findings[0].line != 32 {
		t.Errorf("got %v, want one finding, in line 32", findings)
	}
}

func TestExclusions(t *testing.T) {
	for name, markdown := range map[string]string{
		"fenced code":      "```\nOne two three.\n```\n",
		"indented code":    "    One two three.\n",
		"a heading":        "# One two three\n",
		"a table":          "| One | two |\n|---|---|\n| three | four |\n",
		"an HTML block":    "<div>\nOne two three.\n</div>\n",
		"a comment":        "<!-- One two three. -->\n",
		"a block quote":    "> One two three.\n",
		"a list in quotes": "> - One two three.\n",
		"a caption":        "![One two three](x.png)\n",
		"a run-in heading": "**One `two` three.** `four`\n",
		"inline code":      "`one` `two`\n",
		"a link target":    "[`x`](<one two three> \"four five\")\n",
		"a bare address":   "https://example.com/one/two\n",
		"a claim's quote":  "- Node.js is fast\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := found(parse(markdown, "Node.js is fast")); len(got) > 0 {
				t.Errorf("got %q, want no sentences", got)
			}
		})
	}
}

func TestBoldSentencesCount(t *testing.T) {
	for text, want := range map[string][]string{
		"**Capacity.** It is a rate.":        {"1 4 It is a rate."},
		"**Capacity** is a rate.":            {"1 4 Capacity is a rate."},
		"**It is a rate in Hz.** It is.":     {"1 6 It is a rate in Hz.", "1 2 It is."},
		"It is. **Read it.** Then go on.":    {"1 2 It is.", "1 2 Read it.", "1 3 Then go on."},
		"*Read it.* Then go on.":             {"1 2 Read it.", "1 3 Then go on."},
		"- **Capacity.** It is.\n- **Lag.**": {"1 2 It is."},
	} {
		t.Run(text, func(t *testing.T) {
			if got := found(parse(text)); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestQuotesOfGuides(t *testing.T) {
	const long, short = "Python is easier to learn", "web systems"
	for text, want := range map[string]string{
		"It says " + long + " there.":       "1 4 It says " + long + " there.",
		"It says \"" + short + "\" there.":  "1 4 It says \"" + short + "\" there.",
		"It is about " + short + " there.":  "1 6 It is about " + short + " there.",
		"It says " + long + ", " + long[:9]: "1 5 It says " + long + ", " + long[:9],
	} {
		t.Run(text, func(t *testing.T) {
			if got := found(parse(text, long, short)); !slices.Equal(got, []string{want}) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestWideLines(t *testing.T) {
	words := strings.Repeat("word ", 20) // 100 columns with the last space
	address := "https://example.com/" + strings.Repeat("x", 100)
	for name, test := range map[string]struct {
		markdown string
		findings int
	}{
		"prose of 100 columns":     {words[:99] + ".", 0},
		"prose of 101 columns":     {words + ".", 1},
		"signs count as one":       {strings.Repeat("÷", 100), 0},
		"a heading":                {"# " + words + ".", 1},
		"a block quote":            {"> " + words, 1},
		"a table":                  {"| " + words + "|\n|---|\n| " + words + "|", 0},
		"a table with empty cells": {"| x | y |\n|---|---|\n| | " + words + "|", 0},
		"after a table":            {"| x |\n|---|\n| y |\n\n" + words + ".", 1},
		"an address":               {address, 0},
		"an address in a list":     {"  - " + address, 0},
		"a link definition":        {"[x]: " + address, 0},
		"a link":                   {"[x](" + address + ").", 0},
		"a link and words":         {"See [x](" + address + ").", 1},
		"code of 120 columns":      {"```\n" + strings.Repeat("x", 120) + "\n```", 0},
		"code of 121 columns":      {"```\n" + strings.Repeat("x", 121) + "\n```", 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := parse(test.markdown).wideLines(); len(got) != test.findings {
				t.Errorf("got %v, want %d findings", got, test.findings)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	sentence := func(words int) string { return strings.Repeat("word\n", words-1) + "word.\n" }
	for name, test := range map[string]struct {
		markdown string
		want     []string
	}{
		"a mean of 16":  {sentence(16), nil},
		"a higher mean": {sentence(16) + sentence(17), []string{"x.md: a mean of 16.50 words a sentence, at most 16"}},
		"35 words":      {"A word.\n" + strings.Repeat("A word.\n", 5) + sentence(35), nil},
		"36 words": {
			strings.Repeat("A word.\n", 6) + sentence(36),
			[]string{`x.md:7: 36 words, at most 35: "word word word word word word word word word word word word ..."`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := parse(test.markdown).count()
			var got []string
			for _, f := range findings {
				got = append(got, f.at("x.md"))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
