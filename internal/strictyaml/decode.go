package strictyaml

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Document is a decoded YAML file that remembers the place of each of its fields.
type Document struct {
	File   string
	places map[string]*token.Token // by path, as in InputError.Field
	merges bool                    // merge keys (<<) are allowed; the caller's decoder resolves them
}

// Errorf is an InputError at the field, or at the nearest field around it that is written.
func (d *Document) Errorf(field, format string, args ...any) error {
	e := &InputError{File: d.File, Field: field, Problem: fmt.Sprintf(format, args...)}
	for at := field; ; {
		if tok := d.places[at]; tok != nil {
			e.Line, e.Column = tok.Position.Line, tok.Position.Column
			return e
		}
		i := strings.LastIndexAny(at, ".[")
		if i < 0 {
			return e
		}
		at = at[:i]
	}
}

// Decode reads one strict YAML document into the struct that into points to:
// fields must be known by their JSON names, and values must parse. All errors
// are InputErrors.
func Decode(file string, data []byte, into any) (d *Document, err error) {
	d = &Document{File: file, places: map[string]*token.Token{}}
	defer func() { // the library panics on some malformed tags
		if p := recover(); p != nil {
			d, err = nil, d.Errorf("", "no YAML that can be read: %v", p)
		}
	}()
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, d.decodeError(err)
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return nil, d.Errorf("", "want one YAML document, have %d", len(f.Docs))
	}
	if err := d.check(f.Docs[0].Body, reflect.TypeOf(into).Elem(), ""); err != nil {
		return nil, err
	}
	if err := yaml.NodeToValue(f.Docs[0].Body, into, yaml.Strict()); err != nil {
		return nil, d.decodeError(err)
	}
	return d, nil
}

// Check reads the file, which may hold several YAML documents, for the places of its fields. It holds
// each document against the shape of the struct that like points to: a field named "*" stands for all
// fields that the struct does not know. Check skips merge keys (<<): only a decoder resolves them.
// Nothing is decoded. All errors are InputErrors.
func Check(file string, data []byte, like any) (*Document, error) {
	d := &Document{File: file, places: map[string]*token.Token{}, merges: true}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, d.decodeError(err)
	}
	for _, doc := range f.Docs {
		if doc.Body == nil {
			continue
		}
		if err := d.check(doc.Body, reflect.TypeOf(like).Elem(), ""); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Known returns an error if the value at the field is not one of the names.
func (d *Document) Known(field, value string, names []string) error {
	if slices.Contains(names, value) {
		return nil
	}
	return d.Errorf(field, "unknown %q%s", value, Nearest(value, names))
}

func (d *Document) decodeError(err error) error {
	var at yaml.Error
	if !errors.As(err, &at) {
		return d.Errorf("", "%v", err)
	}
	e := &InputError{File: d.File, Problem: at.GetMessage()}
	if tok := at.GetToken(); tok != nil {
		e.Line, e.Column = tok.Position.Line, tok.Position.Column
		for field, other := range d.places {
			if other == tok {
				e.Field = field
			}
		}
	}
	return e
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// check walks node and type together: it notes places, refuses unknown fields
// by the nearest known name, and tries values that have a text form of their
// own, for which the YAML library would lose the place.
func (d *Document) check(node ast.Node, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := node.(type) {
	case *ast.AnchorNode:
		return d.check(n.Value, t, path)
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if err := d.checkPair(pair, t, path); err != nil {
				return err
			}
		}
	case *ast.MappingValueNode:
		return d.checkPair(n, t, path)
	case *ast.SequenceNode:
		for i, value := range n.Values {
			at := fmt.Sprintf("%s[%d]", path, i)
			d.places[at] = value.GetToken()
			if t.Kind() == reflect.Slice {
				if err := d.check(value, t.Elem(), at); err != nil {
					return err
				}
			}
		}
	case ast.ScalarNode:
		if path != "" {
			d.places[path] = n.GetToken()
		}
		if reflect.PointerTo(t).Implements(textUnmarshaler) {
			value := reflect.New(t).Interface().(encoding.TextUnmarshaler)
			if err := value.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
				return d.Errorf(path, "%v", err)
			}
		}
	}
	return nil
}

func (d *Document) checkPair(pair *ast.MappingValueNode, t reflect.Type, path string) error {
	if d.merges && pair.Key.IsMergeKey() {
		return nil
	}
	key := pair.Key.GetToken().Value
	at := strings.TrimPrefix(path+"."+key, ".")
	d.places[at] = pair.Key.GetToken()
	switch t.Kind() {
	case reflect.Struct:
		fields := fieldsOf(t)
		field, ok := fields[key]
		if others, open := fields["*"]; !ok && open { // a struct that knows only some of its fields
			field, ok = others, true
		}
		if !ok {
			names := make([]string, 0, len(fields))
			for name := range fields {
				names = append(names, name)
			}
			return d.Errorf(at, "unknown field%s", Nearest(key, names))
		}
		return d.check(pair.Value, field, at)
	case reflect.Map:
		return d.check(pair.Value, t.Elem(), at)
	}
	return d.check(pair.Value, t, at) // any: only places are noted
}

// fieldsOf are the types of a struct's fields by JSON name.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = t.Field(i).Type
		}
	}
	return fields
}

// Nearest is "; did you mean …?" with the known name closest to the given one,
// and the known names where none is close.
func Nearest(name string, known []string) string {
	best, distance := "", 1+max(2, len(name)/3)
	for _, k := range known {
		if d := levenshtein.ComputeDistance(name, k); d < distance || d == distance && k < best {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	sorted := append([]string(nil), known...)
	slices.Sort(sorted)
	return "; known are " + strings.Join(sorted, ", ")
}
