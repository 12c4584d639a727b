package strictyaml

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// problem returns the message of an error of the YAML library, in the words of YAML instead of Go.
func problem(err yaml.Error) string {
	var value *yaml.TypeError
	var node *yaml.UnexpectedNodeTypeError
	var overflow *yaml.OverflowError
	switch {
	case errors.As(err, &value) && value.DstType != nil && value.SrcType != nil:
		return fmt.Sprintf("want %s, have %s", nounOfType(value.DstType), nounOfType(value.SrcType))
	case errors.As(err, &node):
		return fmt.Sprintf("want %s, have %s", nounOfNode(node.Expected), nounOfNode(node.Actual))
	case errors.As(err, &overflow):
		return fmt.Sprintf("the number %s is out of range", overflow.SrcNum)
	}
	return err.GetMessage()
}

const (
	aText        = "text"
	aBool        = "true or false"
	aWholeNumber = "a whole number"
	aNumber      = "a number"
	aList        = "a list"
	aMapping     = "a mapping"
	nothing      = "nothing"
)

// nounOfType returns what a YAML file calls values of the type.
func nounOfType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return nounOfType(t.Elem())
	case reflect.String:
		return aText
	case reflect.Bool:
		return aBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return aWholeNumber
	case reflect.Float32, reflect.Float64:
		return aNumber
	case reflect.Slice, reflect.Array:
		return aList
	case reflect.Map, reflect.Struct:
		return aMapping
	}
	return t.String()
}

// nounOfNode is nounOfType for a node of a YAML file.
func nounOfNode(t ast.NodeType) string {
	switch t {
	case ast.StringType, ast.LiteralType:
		return aText
	case ast.BoolType:
		return aBool
	case ast.IntegerType:
		return aWholeNumber
	case ast.FloatType, ast.InfinityType, ast.NanType:
		return aNumber
	case ast.SequenceType:
		return aList
	case ast.MappingType, ast.MappingValueType:
		return aMapping
	case ast.NullType:
		return nothing
	case ast.TagType:
		return "a tag"
	}
	return t.YAMLName()
}
