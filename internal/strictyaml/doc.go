// Package strictyaml reads YAML files that people write. It refuses unknown fields and values that
// do not parse. Every error names the file, the line, the column and the field.
package strictyaml
