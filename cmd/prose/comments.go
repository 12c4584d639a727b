package main

import (
	"bytes"
	"regexp"
	"strings"
)

// span is a part of a file, as byte offsets.
type span struct{ from, to int }

// lines returns the lines of a file, without their ends.
func (s source) lines() []span {
	var all []span
	for from := 0; from < len(s.data); {
		length := bytes.IndexByte(s.data[from:], '\n')
		if length < 0 {
			length = len(s.data) - from
		}
		all = append(all, span{from, from + length})
		from += length + 1
	}
	return all
}

func commentsAfter(mark string) reader {
	return func(s source, _ []string) ([]*passage, error) { return readComments(s, mark), nil }
}

// readComments returns the comments that start with mark and go on to the end of their line.
// Comments on successive lines are one passage. With the mark "//", lines of a block comment count too.
func readComments(s source, mark string) []*passage {
	var passages []*passage
	var p *passage
	block := false // within /* */
	for i, l := range s.lines() {
		text := string(s.data[l.from:l.to])
		content := strings.TrimLeft(text, " \t")
		start, alone := commentStart(text, mark)
		if mark == "//" && (block || strings.HasPrefix(content, "/*")) {
			start, alone = len(text)-len(strings.TrimLeft(content, "/* \t")), true
			block = !strings.Contains(content, "*/")
		}
		switch {
		case start < 0 || i == 0 && strings.HasPrefix(text, "#!"):
			p = nil
			continue
		case !alone || p == nil:
			p = &passage{kind: comment}
			passages = append(passages, p)
		}
		p.space(l.from)
		p.add(s.data, l.from+start, l.from+len(strings.TrimSuffix(text, "*/")))
		if !alone {
			p = nil
		}
	}
	return passages
}

// commentStart returns where the text of a line's comment starts, or -1, and whether the comment
// is alone on its line. After code it needs a space on both sides of the mark, and must not be in a string.
func commentStart(line, mark string) (start int, alone bool) {
	content := strings.TrimLeft(line, " \t")
	if strings.HasPrefix(content, mark) {
		return len(line) - len(content) + len(mark), true
	}
	i := strings.Index(line, " "+mark)
	if i < 0 {
		return -1, false
	}
	text := strings.TrimLeft(line[i+1:], mark)
	if !strings.HasPrefix(text, " ") {
		return -1, false
	}
	for _, quote := range []string{`"`, `'`, "`"} {
		if strings.Count(line[:i], quote)%2 == 1 {
			return -1, false
		}
	}
	return len(line) - len(text), false
}

// docstring matches a string of Python that starts a line with three quotes.
var docstring = regexp.MustCompile(`(?ms)^[ \t]*r?"""(.*?)"""`)

func readDocstrings(s source) []*passage {
	var passages []*passage
	for _, m := range docstring.FindAllSubmatchIndex(s.data, -1) {
		p := &passage{kind: comment}
		p.add(s.data, m[2], m[3])
		passages = append(passages, p)
	}
	return passages
}
