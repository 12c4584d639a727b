package plan

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/claimbench/claimbench/internal/bench"
)

// schemas returns the JSON Schemas of the files that people write, by file name. They come from the Go types
// and their comments, so that editors complete and check what the program reads.
func schemas() (map[string][]byte, error) {
	all := map[string][]byte{}
	for file, of := range map[string]any{
		"scenarios/schema.json": &bench.Scenario{},
		"claims/schema.json":    &bench.Guide{},
	} {
		r := jsonschema.Reflector{ExpandedStruct: true, Mapper: textSchema}
		if err := r.AddGoComments("github.com/claimbench/claimbench/internal/plan", "../bench"); err != nil {
			return nil, err
		}
		data, err := json.MarshalIndent(r.Reflect(of), "", "  ")
		if err != nil {
			return nil, err
		}
		all[file] = append(data, '\n')
	}
	return all, nil
}

// textSchema returns the schema of a type that is written as text with a unit, otherwise nil.
func textSchema(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[bench.Duration]():
		return &jsonschema.Schema{
			Type:     "string",
			Pattern:  `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`,
			Examples: []any{"5s", "250ms"},
		}
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

func TestSchemasAreUpToDate(t *testing.T) {
	all, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		path := filepath.Join(root, name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the Go types say (%v); run go test ./internal/plan -update", name, err)
		}
	}
}
