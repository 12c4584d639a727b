package text

import (
	"bytes"
	"encoding/json"
	"io"
)

// JSON encodes v in the form of every JSON file and every --json output of this program.
// It indents by one space, escapes no HTML, and ends with a line feed.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// WriteJSON writes the JSON of v to w. It writes nothing if v cannot be encoded.
func WriteJSON(w io.Writer, v any) error {
	data, err := JSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
