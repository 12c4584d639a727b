package record

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/claimbench/claimbench/internal/text"
)

// lastDigits is the largest difference of two numbers that were computed alike, as a share of them or
// of a thousandth. Processors round the last digits differently.
const lastDigits = 1e-9

// JSONDifference returns the first place at which two JSON files of a T differ by more than the last
// digits of a number; empty if they do not. It also returns a text if stored is damaged, or if it is
// not written as this program writes a T.
func JSONDifference[T any](stored, now []byte) string {
	a, err := decodeNumbers(stored)
	b, other := decodeNumbers(now)
	var v T
	if err == nil {
		err = json.Unmarshal(stored, &v)
	}
	if err != nil || other != nil {
		return "the file is damaged"
	}
	if difference := diff("", a, b); difference != "" {
		return difference
	}
	if again, err := text.JSON(&v); err != nil || !bytes.Equal(again, stored) {
		return "the content is the same, but not the bytes that bench writes"
	}
	return ""
}

// decodeNumbers decodes JSON and keeps its numbers as text.
func decodeNumbers(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// diff compares two decoded values at a path, such as "claims[0].verdict".
func diff(path string, stored, now any) string {
	switch a := stored.(type) {
	case map[string]any:
		if b, ok := now.(map[string]any); ok {
			return diffObjects(path, a, b)
		}
	case []any:
		if b, ok := now.([]any); ok {
			return diffArrays(path, a, b)
		}
	case json.Number:
		if b, ok := now.(json.Number); ok && sameNumber(a, b) {
			return ""
		}
	default:
		if stored == now {
			return ""
		}
	}
	return fmt.Sprintf("%s is %s in the file, and %s now",
		cmp.Or(path, "the whole value"), excerpt(stored), excerpt(now))
}

func diffObjects(path string, stored, now map[string]any) string {
	all := maps.Clone(stored)
	maps.Copy(all, now)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		if difference := diff(at, stored[key], now[key]); difference != "" {
			return difference
		}
	}
	return ""
}

func diffArrays(path string, stored, now []any) string {
	for i := range max(len(stored), len(now)) {
		var a, b any
		if i < len(stored) {
			a = stored[i]
		}
		if i < len(now) {
			b = now[i]
		}
		if difference := diff(fmt.Sprintf("%s[%d]", path, i), a, b); difference != "" {
			return difference
		}
	}
	return ""
}

func sameNumber(a, b json.Number) bool {
	x, _ := a.Float64()
	y, _ := b.Float64()
	return a == b || math.Abs(x-y) <= lastDigits*max(math.Abs(x), 1e-3)
}

// longestExcerpt is the most of a value that a difference shows, in bytes.
const longestExcerpt = 80

func excerpt(v any) string {
	if v == nil {
		return "missing"
	}
	encoded, err := json.Marshal(v)
	switch {
	case err != nil:
		return "unreadable"
	case len(encoded) > longestExcerpt:
		return string(encoded[:longestExcerpt]) + "…"
	}
	return string(encoded)
}
