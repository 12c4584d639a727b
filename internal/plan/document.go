package plan

import "github.com/claimbench/claimbench/internal/strictyaml"

// document is a file under validation: each check is a method, and reports the place of a mistake.
type document struct{ *strictyaml.Document }

// decode reads one strict YAML document into the struct that into points to.
func decode(file string, data []byte, into any) (*document, error) {
	d, err := strictyaml.Decode(file, data, into)
	if err != nil {
		return nil, err
	}
	return &document{d}, nil
}
