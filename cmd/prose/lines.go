package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The widest line of prose and of code in a document, in columns.
const (
	proseColumns = 100
	codeColumns  = 120
)

// lead matches what may stand on a line before an address that cannot be broken:
// indentation, the marks of a quote or of a list item, and the label of a link definition.
var lead = regexp.MustCompile(`^[\s>]*([-*+]\s+|\d+[.)]\s+)?(\[[^\]]+\]:\s+)?`)

// wideLines returns a finding for each line of a document that is too wide, and how
// many of them are prose. Lines of tables may be of any width, and so may a lone address.
func (d *document) wideLines() (found []finding, wide int) {
	for i, line := range strings.Split(string(d.data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		limit := proseColumns
		if d.code[i+1] {
			limit = codeColumns
		}
		columns := utf8.RuneCountInString(line)
		if columns <= limit || d.tables[i+1] || isAddress(line) {
			continue
		}
		if limit == proseColumns {
			wide++
		}
		found = append(found, finding{
			line: i + 1,
			text: fmt.Sprintf("%d columns, at most %d: %q", columns, limit, firstWords(line)),
		})
	}
	return found, wide
}

// isAddress reports whether a line holds nothing but one address or path, perhaps as a link.
func isAddress(line string) bool {
	rest := strings.TrimSpace(line[len(lead.FindString(line)):])
	return strings.Contains(rest, "/") && !strings.ContainsAny(rest, " \t")
}

// firstWords returns the first words of a text, so that a reader finds it.
func firstWords(text string) string {
	const most = 60 // characters
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		if b.Len() > 0 && utf8.RuneCountInString(b.String()+word) > most {
			return b.String() + " ..."
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}
