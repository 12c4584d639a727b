package judge

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

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
	kept, err := os.ReadFile(exampleNumbers)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(kept, &want); err != nil {
		t.Fatal(err)
	}
	for _, difference := range differences("", want, got) {
		t.Error(difference)
	}
}

// differences lists where two decoded JSON values differ. Numbers may differ in their last digits, as they do
// between processors.
func differences(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		if other, ok := got.(map[string]any); ok {
			return mapDifferences(path, want, other)
		}
	case []any:
		if other, ok := got.([]any); ok && len(other) == len(want) {
			var list []string
			for i := range want {
				list = append(list, differences(fmt.Sprintf("%s[%d]", path, i), want[i], other[i])...)
			}
			return list
		}
	case float64:
		if other, ok := got.(float64); ok && math.Abs(other-want) <= 1e-9*math.Abs(want) {
			return nil
		}
	default:
		if got == want {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %v, want %v", path, got, want)}
}

func mapDifferences(path string, want, got map[string]any) (list []string) {
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		list = append(list, differences(path+"."+key, want[key], got[key])...)
	}
	return list
}

// withoutSentences removes the fields that hold prose, which may be reworded.
func withoutSentences(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			switch key {
			case "why", "warnings", "untested":
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
