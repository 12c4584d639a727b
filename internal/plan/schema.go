package plan

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/claimbench/claimbench/internal/bench"
)

// Schemas are the JSON Schemas of the files people write, by file name. They
// are generated from the Go types, so that editors complete and check them.
func Schemas() (map[string][]byte, error) {
	schemas := map[string][]byte{}
	for file, of := range map[string]any{
		"scenarios/schema.json": &bench.Scenario{},
		"claims/schema.json":    &bench.Guide{},
	} {
		r := jsonschema.Reflector{ExpandedStruct: true, Mapper: textSchema}
		data, err := json.MarshalIndent(r.Reflect(of), "", "  ")
		if err != nil {
			return nil, err
		}
		schemas[file] = append(data, '\n')
	}
	return schemas, nil
}

// textSchema is the schema of the types that are written as text with a unit.
func textSchema(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[bench.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`, Examples: []any{"5s", "250ms"}}
	case reflect.TypeFor[bench.Rate]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9]+(\.[0-9]+)?(/s)?$`, Examples: []any{"200/s"}}
	case reflect.TypeFor[bench.Percent]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9]+(\.[0-9]+)?%$`, Examples: []any{"10%"}}
	case reflect.TypeFor[bench.Variant]():
		return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{
			AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}}}
	}
	return nil
}
