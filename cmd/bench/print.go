package main

import (
	"encoding/json"
	"io"
)

// printJSON prints what a script would want.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
