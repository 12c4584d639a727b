package report

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/claimbench/claimbench/internal/bench"
)

// Schema returns the JSON Schema of report.json. It is generated from Document.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{
		ExpandedStruct: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case reflect.TypeFor[bench.Rate](), reflect.TypeFor[bench.Percent]():
				return &jsonschema.Schema{Type: "string"}
			}
			return nil
		},
	}
	schema := r.Reflect(&Document{})
	schema.Title = "report.json of claimbench"
	data, err := json.MarshalIndent(schema, "", "  ")
	return append(data, '\n'), err
}
