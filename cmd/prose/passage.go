package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind says where a passage comes from.
type kind int

const (
	prose   kind = iota // a paragraph or a list item of a document
	heading             // a heading of a document
	cell                // a table cell of a document
	caption             // the alternative text of a picture
	comment             // a comment in code or data
	literal             // a string in code, or a value in data
	page                // the text of a template
)

// placeholder stands in a passage for something that is not prose, such as inline code. It counts as one word.
const placeholder = '_'

// passage holds running text, without markup and with single spaces, and remembers where it came from.
type passage struct {
	kind   kind
	text   strings.Builder
	places []int          // the offset in the source of each byte of text
	masked map[int]string // what each placeholder stands for, by its index in text
}

// add appends source[from:to]. Every run of white space becomes one space.
func (p *passage) add(source []byte, from, to int) {
	for i := from; i < to; {
		r, size := utf8.DecodeRune(source[i:to])
		if unicode.IsSpace(r) {
			p.space(i)
		} else {
			p.write(source[i:i+size], i)
		}
		i += size
	}
}

// space appends a space unless the text already ends with one, or is empty.
func (p *passage) space(place int) {
	if s := p.text.String(); s != "" && !strings.HasSuffix(s, " ") {
		p.write([]byte{' '}, place)
	}
}

// mask appends a placeholder that stands for content.
func (p *passage) mask(content string, place int) {
	if p.masked == nil {
		p.masked = map[int]string{}
	}
	p.masked[p.text.Len()] = content
	p.write([]byte{placeholder}, place)
}

func (p *passage) write(b []byte, place int) {
	p.text.Write(b)
	for i := range b {
		p.places = append(p.places, place+i)
	}
}

// show returns text[from:to] with the placeholders replaced by what they stand for.
func (p *passage) show(from, to int) string {
	var b strings.Builder
	for i, c := range []byte(p.text.String()[from:to]) {
		if content, ok := p.masked[from+i]; ok {
			b.WriteString(content)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// withoutQuotes returns the passage with each verbatim quote of a guide masked. A short quote
// may be ordinary words, so it is masked only between quotation marks or if nothing else is there.
func (p *passage) withoutQuotes(quotes []string) *passage {
	const short = 5 // words
	for _, quote := range quotes {
		rest := p.text.String()
		if !strings.Contains(rest, quote) {
			continue
		}
		masked := &passage{kind: p.kind, masked: map[int]string{}}
		for from := 0; ; {
			i := strings.Index(rest[from:], quote)
			if i < 0 {
				masked.copy(p, from, len(rest))
				break
			}
			start, end := from+i, from+i+len(quote)
			masked.copy(p, from, start)
			if len(strings.Fields(quote)) >= short || isQuoted(rest, start, end) {
				masked.mask(quote, p.places[start])
			} else {
				masked.copy(p, start, end)
			}
			from = end
		}
		p = masked
	}
	return p
}

// copy appends other's text[from:to].
func (p *passage) copy(other *passage, from, to int) {
	text := other.text.String()
	for i := from; i < to; i++ {
		if content, ok := other.masked[i]; ok {
			p.mask(content, other.places[i])
		} else {
			p.write([]byte{text[i]}, other.places[i])
		}
	}
}

func isQuoted(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	alone := start == 0 && end == len(text)
	return alone || strings.ContainsRune(`"“‘'`, before) && strings.ContainsRune(`"”’'.,…`, after)
}
