package main

import (
	"path"
	"regexp"
	"strings"
)

// reader takes a file apart into the passages that people read. It masks the quotes of guides.
type reader func(s source, quotes []string) ([]*passage, error)

// readerOf returns the reader for a file, or nil if nothing in the file is prose.
func readerOf(name string) reader {
	if isDocument(name) {
		return readMarkdown
	}
	switch path.Base(name) {
	case "Makefile", "Dockerfile", ".gitignore", ".dockerignore", ".gitattributes":
		return commentsAfter("#")
	}
	switch path.Ext(name) {
	case ".go":
		return readGo
	case ".tmpl":
		return readTemplate
	case ".yaml", ".yml":
		return readYAML
	case ".js":
		return commentsAfter("//")
	case ".sql":
		return commentsAfter("--")
	case ".py":
		return readPython
	case ".sh", ".toml", ".conf":
		return commentsAfter("#")
	}
	if strings.HasPrefix(name, ".ci/") {
		return commentsAfter("#")
	}
	return nil
}

func readMarkdown(s source, quotes []string) ([]*passage, error) {
	return readDocument(s, quotes).passages, nil
}

func readPython(s source, _ []string) ([]*passage, error) {
	return append(readComments(s, "#"), readDocstrings(s)...), nil
}

// readYAML returns the comments of a YAML file. Of a scenario or a guide it also returns the values that are prose.
func readYAML(s source, quotes []string) ([]*passage, error) {
	passages := readComments(s, "#")
	if strings.HasPrefix(s.path, "scenarios/") || strings.HasPrefix(s.path, "claims/") {
		for _, p := range readValues(s) {
			passages = append(passages, p.withoutQuotes(quotes))
		}
	}
	return passages, nil
}

// proseKey matches a line with a key whose value is prose.
var proseKey = regexp.MustCompile(`^(\s*(?:- )?)(?:why|title|description|untested):`)

// readValues returns the values of keys that hold prose. A value goes on as long as lines are
// indented more than its key. Each item of a list is a separate passage.
func readValues(s source) []*passage {
	var passages []*passage
	var p *passage
	indent := 0
	for _, l := range s.lines() {
		text := string(s.data[l.from:l.to])
		blank := strings.TrimSpace(text) == ""
		if m := proseKey.FindStringSubmatchIndex(text); m != nil {
			p, indent = &passage{kind: literal}, m[3]
			passages = append(passages, p)
			p.add(s.data, l.from+m[1], l.to)
			continue
		}
		if p == nil || blank {
			continue
		}
		content := strings.TrimLeft(text, " ")
		if len(text)-len(content) <= indent {
			p = nil
			continue
		}
		if strings.HasPrefix(content, "- ") {
			p = &passage{kind: literal}
			passages = append(passages, p)
		}
		p.space(l.from)
		p.add(s.data, l.from+len(text)-len(content), l.to)
	}
	return passages
}
