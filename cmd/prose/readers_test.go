package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestReaders pins which text of a file is searched: it must find every "bad", and no "fine".
func TestReaders(t *testing.T) {
	for name, test := range map[string]struct {
		file, text string
		want       []string // the places of "bad"
	}{
		"Markdown": {
			"x.md", "# bad\n\nA bad\n`fine` [bad](fine).\n\n> fine\n\n" +
				"| bad |\n|---|\n| bad |\n\n```\nfine\n```\n\n![bad](fine)\n",
			[]string{"1:3", "3:3", "4:9", "8:3", "10:3", "16:3"},
		},
		"Go": {
			"x.go", "// Package x is bad.\npackage x\n\nimport _ \"fine fine\"\n\n//go:fine\n\n/* a bad one */\n" +
				"type t struct {\n\ta int `fine fine`\n}\n\nvar a = \"a \\n bad\" + \"fine\" + `a\n bad one`\n",
			[]string{"1:17", "8:6", "13:15", "14:2"},
		},
		"a name in Go": {
			"x.go", "package x\n\n// bad is bad.\nvar bad = 1 // bad\n",
			[]string{"3:11"},
		},
		"a test in Go": {
			"x_test.go", "package x\n\n// A bad comment.\nvar a = \"a fine string\"\n",
			[]string{"3:6"},
		},
		"a scenario": {
			"scenarios/x.yaml", "# bad\nname: fine # bad\nwhy: >-\n  A bad\n\n  and bad one\n" +
				"untested:\n  - \"bad\"\nlevels:\n  - {name: fine}\n",
			[]string{"1:3", "2:14", "4:5", "6:7", "8:6"},
		},
		"a guide": {
			"claims/x.yaml", "title: bad\nclaims:\n  - quotes:\n      - {quote: fine}\n" +
				"    untested:\n      - bad\n      - worse: bad\n  - id: fine\n",
			[]string{"1:8", "6:9", "7:16"},
		},
		"other YAML": {".github/x.yml", "# bad\nwhy: fine\n", []string{"1:3"}},
		"JavaScript": {
			"x.js", "/** A bad\n * and bad one. */\nlet fine = 'http:// fine'; // bad\n// bad\n",
			[]string{"1:7", "2:8", "3:31", "4:4"},
		},
		"Python": {
			"x.py", "\"\"\"A bad docstring.\"\"\"\nfine = \"# fine\"  # bad\n\ndef f():\n    \"\"\"A bad\n    one.\"\"\"\n",
			[]string{"2:20", "1:6", "5:10"},
		},
		"a shell script": {"x.sh", "#!/bin/fine\n# bad\necho \"# fine\" # bad\n", []string{"2:3", "3:17"}},
		"SQL":            {"x.sql", "-- bad\nSELECT fine;\n", []string{"1:4"}},
		"a Makefile":     {"Makefile", "# bad\nfine: ## bad\n\tfine #fine\n", []string{"1:3", "2:10"}},
		"a Dockerfile":   {"x/Dockerfile", "FROM fine\n# bad\n", []string{"2:3"}},
		"a template": {
			"x.html.tmpl", "<style>fine</style>{{if .fine}}bad <a title=\"bad\" href=\"fine\">\n bad</a>{{end}}<!-- fine -->",
			[]string{"1:32", "1:46", "2:2"},
		},
		"no prose": {"x.json", "{\"fine\": \"fine\"}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := places(t, test.file, test.text); !slices.Equal(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
		})
	}
}

// places returns where a file's passages hold "bad", and fails if they hold "fine".
func places(t *testing.T, file, text string) []string {
	t.Helper()
	read := readerOf(file)
	if read == nil {
		return nil
	}
	s := source{path: file, data: []byte(text)}
	passages, err := read(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range passages {
		text := p.text.String()
		if strings.Contains(text, "fine") {
			t.Errorf("%q is searched", text)
		}
		for i := range text {
			if strings.HasPrefix(text[i:], "bad") {
				line, column := s.place(p.places[i])
				all = append(all, fmt.Sprintf("%d:%d", line, column))
			}
		}
	}
	return all
}

func TestPhraseAcrossLines(t *testing.T) {
	s := source{path: "x.go", data: []byte("package x\n\n// It has\n// ended.\n")}
	patterns, err := loadPatterns([]byte("- {rule: x, find: has ended, say: finished}"))
	if err != nil {
		t.Fatal(err)
	}
	passages, err := readGo(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := hits(s, passages, patterns)
	if want := `x.go:3:7: found "has ended": write "finished"`; len(got) != 1 || got[0].text != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
