package record

import (
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// Verdicts may differ in the last digits only: processors fuse multiplications and additions or do not.
func TestJSONDifference(t *testing.T) {
	half, third := .5, 1./3
	verdicts := func(p *float64, ids ...string) string {
		v := &bench.Verdicts{}
		for _, id := range ids {
			v.Claims = append(v.Claims, bench.ClaimVerdict{ID: id, P: p})
		}
		encoded, err := text.JSON(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	a := verdicts(&third, "a")
	rounded := strings.Replace(a, "0.3333333333333333", "0.33333333333333326", 1)
	another := strings.Replace(a, "0.3333333333333333", "0.3334", 1)
	twice := strings.Replace(a, `"id"`, `"id":"x","id"`, 1)
	for _, c := range []struct{ name, stored, now, want string }{
		{"the same", a, a, ""},
		{"last digits", rounded, a, ""},
		{"another number", another, a, "claims[0].p is 0.3334 in the file, and 0.3333333333333333 now"},
		{"one more", verdicts(&third, "a", "b"), a, `claims[1] is {"id":"b"`},
		{"missing", verdicts(&half, "a"), verdicts(nil, "a"), "claims[0].p is 0.5 in the file, and missing now"},
		{"another text", verdicts(nil, "a"), verdicts(nil, "b"), `claims[0].id is "a" in the file, and "b" now`},
		{"two values", a + "{}", a, "the file is damaged"},
		{"a key twice", twice, a, "the content is the same, but not the bytes that bench writes"},
		{"cut short", "tru", a, "the file is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := JSONDifference[bench.Verdicts]([]byte(c.stored), []byte(c.now))
			if c.name == "one more" { // the rest of the object does not matter here
				got = got[:min(len(got), len(c.want))]
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
