package judge

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

var update = flag.Bool("update", false, "write the numbers of the kept example to testdata")

// exampleNumbers holds every verdict word, number, interval and level of reports/example, as the program
// judged it at commit 28233fe. They must not change.
const exampleNumbers = "testdata/example-numbers.json"

func TestExampleKeepsItsNumbers(t *testing.T) {
	r, err := record.Open("../../reports/example")
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := Judge(r)
	if err != nil {
		t.Fatal(err)
	}
	data, err := text.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	got = withoutSentences(got)
	if *update {
		data, err := text.JSON(got)
		if err == nil {
			err = os.WriteFile(exampleNumbers, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(exampleNumbers)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(kept, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		now, _ := text.JSON(got)
		t.Errorf("the example is judged differently; it gives\n%s", now)
	}
}

// withoutSentences removes the fields that hold prose, which may be reworded.
func withoutSentences(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			switch key {
			case "why", "warnings", "untested", "void":
				delete(v, key)
			default:
				v[key] = withoutSentences(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutSentences(v[i])
		}
	}
	return v
}
