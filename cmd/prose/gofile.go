package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
)

// directive matches comments that are for tools.
var directive = regexp.MustCompile(`^//(go:|nolint|export |line |\s*\+build)`)

// readGo returns the comments of a Go file and, unless it is a test, its messages:
// string literals of more than one word.
func readGo(s source, _ []string) ([]*passage, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, s.path, s.data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	offset := func(p token.Pos) int { return files.PositionFor(p, false).Offset }
	names := identifiers(file)
	var passages []*passage
	for _, group := range file.Comments {
		p := &passage{kind: comment}
		for _, c := range group.List {
			if directive.MatchString(c.Text) {
				continue
			}
			from, to := offset(c.Pos())+2, offset(c.Pos())+len(c.Text)
			if strings.HasPrefix(c.Text, "/*") {
				to -= 2
			}
			p.space(from)
			p.add(s.data, from, to)
		}
		passages = append(passages, p.withoutName(names))
	}
	if strings.HasSuffix(s.path, "_test.go") {
		return passages, nil
	}
	tags := map[*ast.BasicLit]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			tags[n.Tag] = true
		case *ast.BasicLit:
			if n.Kind == token.STRING && !tags[n] && strings.Contains(n.Value, " ") {
				passages = append(passages, readLiteral(s, offset(n.Pos()), len(n.Value)))
			}
		}
		return true
	})
	return passages, nil
}

// identifiers returns every name that a file uses.
func identifiers(file *ast.File) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			names[id.Name] = true
		}
		return true
	})
	return names
}

// withoutName masks the first word of a doc comment if it is a name: names are not prose.
func (p *passage) withoutName(names map[string]bool) *passage {
	text := strings.TrimLeft(p.text.String(), " ")
	start := p.text.Len() - len(text)
	name, _, _ := strings.Cut(text, " ")
	if !names[name] {
		return p
	}
	masked := &passage{kind: p.kind}
	masked.mask(name, p.places[start])
	masked.copy(p, start+len(name), p.text.Len())
	return masked
}

// readLiteral returns the text of a string literal. Escape sequences that are white space become spaces.
func readLiteral(s source, from, length int) *passage {
	p := &passage{kind: literal}
	raw := s.data[from] == '`'
	start, end := from+1, from+length-1
	for i := start; i < end; i++ {
		if raw || s.data[i] != '\\' {
			continue
		}
		p.add(s.data, start, i)
		if strings.IndexByte("nrt", s.data[i+1]) >= 0 {
			p.space(i)
		} else {
			p.write(s.data[i+1:i+2], i+1)
		}
		i++
		start = i + 1
	}
	p.add(s.data, start, end)
	return p
}
