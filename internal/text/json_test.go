package text

import (
	"bytes"
	"math"
	"testing"
)

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, map[string]any{"b": "<&>", "a": []int{1}}); err != nil {
		t.Fatal(err)
	}
	const want = "{\n \"a\": [\n  1\n ],\n \"b\": \"<&>\"\n}\n"
	if got := b.String(); got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestWriteJSONFails(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, math.NaN()); err == nil {
		t.Error("NaN was encoded")
	}
	if b.Len() > 0 {
		t.Errorf("wrote %q", b.String())
	}
}
