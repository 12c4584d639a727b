package main

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// document is a Markdown file, taken apart.
type document struct {
	source
	passages []*passage
	code     map[int]bool // the lines of code blocks and of HTML, from 1
	tables   map[int]bool // the lines of tables
}

// readDocument parses a Markdown file. Verbatim quotes of a guide are masked.
func readDocument(s source, quotes []string) *document {
	d := &document{source: s, code: map[int]bool{}, tables: map[int]bool{}}
	root := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Linkify, extension.Strikethrough)).
		Parser().Parse(text.NewReader(s.data))
	// Walk returns the errors of the function, which has none.
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		return d.block(n), nil
	})
	for i, p := range d.passages {
		d.passages[i] = p.withoutQuotes(quotes)
	}
	return d
}

// block collects the passages of one block and marks its lines. Block quotes are skipped.
func (d *document) block(n ast.Node) ast.WalkStatus {
	switch n.(type) {
	case *ast.Blockquote:
		return ast.WalkSkipChildren
	case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
		d.markLines(n, d.code)
		return ast.WalkSkipChildren
	case *table.Table:
		d.markTable(n)
	case *ast.Heading:
		d.collect(n, heading)
	case *ast.Paragraph, *ast.TextBlock:
		d.collect(n, prose)
	case *table.TableCell:
		d.collect(n, cell)
	}
	if n.Type() == ast.TypeInline {
		return ast.WalkSkipChildren
	}
	return ast.WalkContinue
}

func (d *document) markLines(n ast.Node, lines map[int]bool) {
	for i := range n.Lines().Len() {
		line, _ := d.place(n.Lines().At(i).Start)
		lines[line] = true
	}
}

// markTable marks the lines from the header of a table to its last row, the rule between them included.
func (d *document) markTable(n ast.Node) {
	first, last := 0, 0
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			if c.Lines().Len() == 0 { // an empty cell
				continue
			}
			line, _ := d.place(c.Lines().At(0).Start)
			if first == 0 {
				first = line
			}
			last = max(last, line)
		}
	}
	for line := first; first > 0 && line <= max(last, first+1); line++ {
		d.tables[line] = true
	}
}

// collect adds the text of a block as one passage. A run-in heading becomes a passage before it.
func (d *document) collect(n ast.Node, k kind) {
	first := n.FirstChild()
	if e, ok := first.(*ast.Emphasis); ok && k == prose && e.Level == 2 {
		title := &passage{kind: heading}
		d.inlines(e.FirstChild(), title)
		if title.isRunIn() {
			d.passages = append(d.passages, title)
			first = e.NextSibling()
		}
	}
	p := &passage{kind: k}
	d.inlines(first, p)
	d.passages = append(d.passages, p)
}

// isRunIn reports whether bold text at the start of a paragraph is a heading: a few words and a full stop.
func (p *passage) isRunIn() bool {
	const most = 4 // words
	text := p.text.String()
	return strings.HasSuffix(text, ".") && len(split(text)) <= most
}

// inlines appends the text of a node and of its next siblings to p. Inline code and bare addresses
// become placeholders. HTML and link targets are left out, and each caption is a separate passage.
func (d *document) inlines(first ast.Node, p *passage) {
	for c := first; c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			p.addEscaped(d.data, c.Segment.Start, c.Segment.Stop)
			if c.SoftLineBreak() || c.HardLineBreak() {
				p.space(c.Segment.Stop)
			}
		case *ast.CodeSpan:
			p.mask("`"+plain(c, d.data)+"`", c.Pos())
		case *ast.AutoLink:
			p.mask(string(c.Label(d.data)), c.Pos())
		case *ast.RawHTML:
			p.space(c.Pos())
		case *ast.Image:
			d.collect(c, caption)
		default:
			d.inlines(c.FirstChild(), p)
		}
	}
}

// addEscaped adds source[from:to] without the backslashes that escape punctuation.
func (p *passage) addEscaped(source []byte, from, to int) {
	for i := from; i < to; i++ {
		if source[i] == '\\' && i+1 < to && strings.IndexByte("\\`*_{}[]()#+-.!|<>~\"'", source[i+1]) >= 0 {
			p.add(source, from, i)
			p.write(source[i+1:i+2], i+1)
			from = i + 2
			i++
		}
	}
	p.add(source, from, to)
}

// plain returns the characters within n, with line breaks as spaces.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
