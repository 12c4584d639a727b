package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Document is a YAML file that was read. It remembers the place of each of its fields, so that
// later checks can name it. Make one with Decode or Check.
type Document struct {
	File   string
	places map[string]*token.Token // by path, as in InputError.Field
	paths  map[*token.Token]string // of the innermost field at a token
	merges bool                    // merge keys (<<) are allowed; another decoder resolves them
}

func newDocument(file string) *Document {
	return &Document{File: file, places: map[string]*token.Token{}, paths: map[*token.Token]string{}}
}

// Decode reads a file that holds one YAML document into the struct that into points to. Each field
// must be a JSON name of that struct, and each value must parse. All errors are InputErrors.
func Decode(file string, data []byte, into any) (d *Document, err error) {
	d = newDocument(file)
	defer func() { // the library panics on some malformed tags
		if p := recover(); p != nil {
			d, err = nil, d.Errorf("", "the YAML cannot be read: %v", p)
		}
	}()
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, d.located(err)
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return nil, d.Errorf("", "want one YAML document, have %d", len(f.Docs))
	}
	if err := d.walk(f.Docs[0].Body, reflect.TypeOf(into).Elem(), ""); err != nil {
		return nil, err
	}
	if err := yaml.NodeToValue(f.Docs[0].Body, into, yaml.Strict()); err != nil {
		return nil, d.located(err)
	}
	return d, nil
}

// Check checks a file as Decode does, but decodes nothing. The file may hold any number of YAML
// documents, and each must have the shape of the struct that like points to. In that struct, a
// field named "*" allows all fields that the struct does not name. All errors are InputErrors. If
// two documents have the same field, the place is that of the later one.
// Merge keys (<<) are skipped, since only a decoder resolves them.
func Check(file string, data []byte, like any) (*Document, error) {
	d := newDocument(file)
	d.merges = true
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, d.located(err)
	}
	for _, doc := range f.Docs {
		if doc.Body == nil {
			continue
		}
		if err := d.walk(doc.Body, reflect.TypeOf(like).Elem(), ""); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Errorf returns an InputError at the field. If the file does not have the field, its place is that
// of the nearest field around it that the file has.
func (d *Document) Errorf(field, format string, args ...any) error {
	e := &InputError{File: d.File, Field: field, Problem: fmt.Sprintf(format, args...)}
	for around := field; ; {
		if tok := d.places[around]; tok != nil {
			e.Line, e.Column = tok.Position.Line, tok.Position.Column
			return e
		}
		i := strings.LastIndexAny(around, ".[")
		if i < 0 {
			return e
		}
		around = around[:i]
	}
}

// Known returns an InputError at the field unless its value is one of the names.
func (d *Document) Known(field, value string, names []string) error {
	if slices.Contains(names, value) {
		return nil
	}
	return d.Errorf(field, "unknown %q%s", value, Nearest(value, names))
}

// located makes an error of the YAML library an InputError.
func (d *Document) located(err error) error {
	var placed yaml.Error
	if !errors.As(err, &placed) {
		return d.Errorf("", "%v", err)
	}
	e := &InputError{File: d.File, Problem: problem(placed)}
	if tok := placed.GetToken(); tok != nil {
		e.Line, e.Column = tok.Position.Line, tok.Position.Column
		e.Field = d.paths[tok]
	}
	return e
}
