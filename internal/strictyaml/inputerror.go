package strictyaml

import (
	"fmt"
	"strings"
)

// InputError is a mistake in a file that a person wrote.
type InputError struct {
	File         string
	Line, Column int    // from 1; 0 if the place is not known
	Field        string // a path such as claims[3].tests[0].metric; "" for the whole file
	Problem      string
}

// Error returns FILE:LINE:COLUMN: FIELD: PROBLEM, without the parts that are not known.
func (e *InputError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	return b.String() + ": " + e.Problem
}
