package main

import (
	"slices"
	"strings"
	"testing"
)

// plainPassage makes a passage of plain words.
func plainPassage(words string) *passage {
	p := &passage{}
	p.add([]byte(words), 0, len(words))
	return p
}

func TestSentencesSplit(t *testing.T) {
	// A bar stands where one sentence ends and the next starts.
	for name, text := range map[string]string{
		"full stops":         "One is here. | Two is there.",
		"other ends":         "Is it? | Yes! | It is… | Good.",
		"no end":             "The end of a passage ends a sentence",
		"for example":        "Use a database, e.g. Postgres, or i.e. the usual one vs. another.",
		"et al.":             "See Barrett et al. 2017 for more.",
		"etc. within":        "Files, folders etc. are kept.",
		"etc. at the end":    "Files, folders etc. | They are kept.",
		"decimal numbers":    "It takes 1.5 s. | Then 0.25 s.",
		"a number at an end": "It has 3. | Then 4.",
		"sections":           "See § 3.2 of it. | See sec. 4 there, and no. 5.",
		"a bare no":          "The answer is no. | That is all.",
		"initials":           "By A. B. Smith and J.F. Jones, in the U.S. Army.",
		"more initials":      "Proved by A. Turing. | J.-P. Serre and D. Knuth agree, and so did Carl F. Gauss.",
		"a variable":         "One process becomes N. | The rate is X. | Both grow.",
		"a unit":             "It waits 2 ms. | A user waits 3 s. | Both are slow.",
		"file names":         "Read main.go and node.js first. | Then run ./bench in a shell.",
		"a path with dots":   "Run go test ./... and wait.",
		"an ellipsis":        "It waits ... and goes on... | Then it stops.",
		"a lower-case start": "It is slow. | uvicorn is faster.",
		"quotation marks":    `He said "no." | Then he left. | "Why?" asked nobody.`,
		"brackets":           "It works (at last.) | It stays so (it seems.) and ends.",
		"enumeration":        "1. Start the server. | 2. Stop it.",
		"code":               "Run _. | _ is done.",
		"colons":             "One thing: it is fast; another: it is small.",
	} {
		t.Run(name, func(t *testing.T) {
			p := plainPassage(strings.ReplaceAll(text, " | ", " "))
			var got []string
			for _, s := range p.sentences() {
				got = append(got, p.text.String()[s.from:s.to])
			}
			if want := strings.Split(text, " | "); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestWordsCount(t *testing.T) {
	for text, want := range map[string]int{
		"One two three.":               3,
		"A dash – or a sign ÷ counts":  6,
		"Take 1,000 of 2.5 each":       5,
		"Inline _ counts, as does _.":  6,
		"Both and/or well-known words": 4,
	} {
		t.Run(text, func(t *testing.T) {
			got := plainPassage(text).sentences()
			if len(got) != 1 || got[0].words != want {
				t.Errorf("got %+v, want one sentence of %d words", got, want)
			}
		})
	}
}

func TestPassageWithoutWordsHasNoSentence(t *testing.T) {
	for _, text := range []string{"", "_", "_, _.", "1.5 – 2"} {
		if got := plainPassage(text).sentences(); len(got) != 0 {
			t.Errorf("%q: got %+v, want none", text, got)
		}
	}
}
