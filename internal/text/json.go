package text

import (
	"bytes"
	"encoding/json"
	"io"
)

// JSON encodes v as every JSON file and every --json output of this program is written: indented by
// one space, without HTML escapes, with a line feed at the end.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// WriteJSON writes JSON of v to w.
func WriteJSON(w io.Writer, v any) error {
	data, err := JSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
