package main

import (
	"strings"
	"testing"
)

func TestPatternsFindTheirExamples(t *testing.T) {
	patterns, err := loadPatterns(patternData)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range patterns {
		t.Run(p.Rule+"/"+p.Bad, func(t *testing.T) {
			file := "x.md"
			if p.In != "" {
				file = "x" + strings.TrimPrefix(p.In, "*")
			}
			if p.Bad == "" || len(p.find(file, p.Bad)) == 0 {
				t.Errorf("does not find its bad example %q", p.Bad)
			}
			if p.Good == "" {
				t.Error("has no good example")
			}
			if at := p.find(file, p.Good); len(at) > 0 {
				t.Errorf("finds %q in its good example %q", p.Good[at[0][0]:at[0][1]], p.Good)
			}
			if strings.Contains(p.Say, `"`) {
				t.Errorf("say %s holds a quotation mark", p.Say)
			}
		})
	}
}

func TestPatternsAreChecked(t *testing.T) {
	for name, data := range map[string]string{
		"an unknown key":            "- {rule: x, find: x, say: y, sya: z}",
		"nothing to say":            "- {rule: x, find: x}",
		"a bad expression":          "- {rule: x, find: '(', say: y}",
		"a bad exception":           "- {rule: x, find: x, say: y, except: [{'*': '('}]}",
		"an exception without file": "- {rule: x, find: x, say: y, except: ['x']}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := loadPatterns([]byte(data)); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestExceptions(t *testing.T) {
	patterns, err := loadPatterns([]byte(
		"- {rule: x, find: floor, say: layer, except: [{'a/*.go': 'noise floor'}, {'*': 'floor\\('}]}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		file, text string
		found      int
	}{
		{"a/b.go", "the noise floor", 0},
		{"a/b.go", "the noise floor, and a floor", 1},
		{"c/b.go", "the noise floor", 1},
		{"c/b.go", "floor(x)", 0},
	} {
		t.Run(test.file+": "+test.text, func(t *testing.T) {
			if got := patterns[0].find(test.file, test.text); len(got) != test.found {
				t.Errorf("got %v, want %d", got, test.found)
			}
		})
	}
}
