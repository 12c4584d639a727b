package strictyaml

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// anyOther is the JSON name of a struct field that stands for all fields without their own.
const anyOther = "*"

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// walk walks through the node and its type together. It notes the places of fields and refuses
// unknown ones. It also parses values of types that unmarshal text, since the YAML library would
// lose their place.
func (d *Document) walk(node ast.Node, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	d.paths[node.GetToken()] = path
	switch n := node.(type) {
	case *ast.AnchorNode:
		return d.walk(n.Value, t, path)
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if err := d.walkPair(pair, t, path); err != nil {
				return err
			}
		}
	case *ast.MappingValueNode:
		return d.walkPair(n, t, path)
	case *ast.SequenceNode:
		return d.walkSequence(n, t, path)
	case ast.ScalarNode:
		return d.parseText(n, t, path)
	}
	return nil
}

func (d *Document) walkPair(pair *ast.MappingValueNode, t reflect.Type, path string) error {
	if d.merges && pair.Key.IsMergeKey() {
		return nil
	}
	key := pair.Key.GetToken().Value
	at := strings.TrimPrefix(path+"."+key, ".")
	d.places[at] = pair.Key.GetToken()
	d.paths[pair.Key.GetToken()] = at
	switch t.Kind() {
	case reflect.Struct:
		fields := fieldsOf(t)
		field, ok := fields[key]
		if !ok {
			field, ok = fields[anyOther]
		}
		if !ok {
			return d.Errorf(at, "unknown field%s", Nearest(key, slices.Collect(maps.Keys(fields))))
		}
		return d.walk(pair.Value, field, at)
	case reflect.Map:
		return d.walk(pair.Value, t.Elem(), at)
	}
	return d.walk(pair.Value, t, at) // an interface: only places are noted
}

func (d *Document) walkSequence(n *ast.SequenceNode, t reflect.Type, path string) error {
	for i, value := range n.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.places[at] = value.GetToken()
		d.paths[value.GetToken()] = at
		if t.Kind() != reflect.Slice {
			continue
		}
		if err := d.walk(value, t.Elem(), at); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) parseText(n ast.ScalarNode, t reflect.Type, path string) error {
	if path != "" {
		d.places[path] = n.GetToken()
	}
	if !reflect.PointerTo(t).Implements(textUnmarshaler) {
		return nil
	}
	value := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	if err := value.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
		return d.Errorf(path, "%v", err)
	}
	return nil
}

// fieldsOf returns the types of a struct's fields by their JSON names.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = t.Field(i).Type
		}
	}
	return fields
}
