package strictyaml_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/strictyaml"
)

// wait is a type with its own text form.
type wait struct{ time.Duration }

func (w *wait) UnmarshalText(text []byte) (err error) {
	if w.Duration, err = time.ParseDuration(string(text)); err != nil {
		return fmt.Errorf("%q is not a duration", text)
	}
	return nil
}

type step struct {
	Name string `json:"name"`
	Wait wait   `json:"wait"`
}

type recipe struct {
	Title  string            `json:"title"`
	Count  int               `json:"count,omitempty"`
	Steps  []step            `json:"steps"`
	First  *step             `json:"first"`
	Named  map[string]step   `json:"named"`
	Labels map[string]string `json:"labels"`
	Other  any               `json:"other"`
	Hidden string            `json:"-"`
}

func lines(text ...string) string { return strings.Join(text, "\n") + "\n" }

func TestDecode(t *testing.T) {
	var r recipe
	_, err := strictyaml.Decode("r.yaml", []byte(lines(
		"title: Soup",
		"count: 2",
		"steps:",
		"- name: boil",
		"  wait: 1m30s",
		"- {name: stir, wait: 5s}",
		"first: &a {name: wash}",
		"named:",
		"  last: {name: serve}",
		"labels: {kind: hot}",
		"other: {anything: [1, two]}",
	)), &r)
	if err != nil {
		t.Fatal(err)
	}
	if r.Title != "Soup" {
		t.Errorf("title is %q", r.Title)
	}
	if r.Count != 2 {
		t.Errorf("count is %d", r.Count)
	}
	want := []step{{"boil", wait{90 * time.Second}}, {"stir", wait{5 * time.Second}}}
	if !slices.Equal(r.Steps, want) {
		t.Errorf("steps are %v, want %v", r.Steps, want)
	}
	if r.First == nil || r.First.Name != "wash" {
		t.Errorf("first is %v", r.First)
	}
	if r.Named["last"].Name != "serve" {
		t.Errorf("named is %v", r.Named)
	}
	if r.Labels["kind"] != "hot" {
		t.Errorf("labels are %v", r.Labels)
	}
	if fmt.Sprint(r.Other) != "map[anything:[1 two]]" {
		t.Errorf("other is %v", r.Other)
	}
}

// Every mistake is an InputError that names the file, the line, the column and the field.
func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown field", "titel: x\n", `r.yaml:1:1: titel: unknown field; did you mean "title"?`},
		{"hidden field", "Hidden: x\n",
			"r.yaml:1:1: Hidden: unknown field; valid names are count, first, labels, named, other, steps, title"},
		{"in a list", "steps:\n- name: a\n- nam: b\n", `r.yaml:3:3: steps[1].nam: unknown field; did you mean "name"?`},
		{"in a flow list", "steps: [{nam: b}]\n", `r.yaml:1:10: steps[0].nam: unknown field; did you mean "name"?`},
		{"behind a pointer", "first:\n  nam: b\n", `r.yaml:2:3: first.nam: unknown field; did you mean "name"?`},
		{"behind an anchor", "first: &a\n  nam: b\n", `r.yaml:2:3: first.nam: unknown field; did you mean "name"?`},
		{"in a map", "named:\n  one: {nam: b}\n", `r.yaml:2:9: named.one.nam: unknown field; did you mean "name"?`},
		{"text form", "steps:\n- wait: soon\n", `r.yaml:2:9: steps[0].wait: "soon" is not a duration`},
		{"text for a number", "title: x\ncount: many\n", "r.yaml:2:8: count: want a whole number, have text"},
		{"huge number", "count: 99999999999999999999\n",
			"r.yaml:1:8: count: the number 99999999999999999999 is out of range"},
		{"list for text", "title: [a]\n", "r.yaml:1:8: title: want text, have a list"},
		{"mapping for text", "labels: {a: {b: c}}\n", "r.yaml:1:13: labels.a: want text, have a mapping"},
		{"text for a list", "steps: boil\n", "r.yaml:1:8: steps: want a list, have text"},
		{"text for a mapping", "first: boil\n", "r.yaml:1:8: first: want a mapping, have text"},
		{"list for the document", "- title\n", "r.yaml:1:1: want a mapping, have a list"},
		{"duplicate", "title: a\ntitle: b\n", "r.yaml:2:1"},
		{"syntax", "title: 'x\n", "r.yaml:1:8: "},
		{"merge key", "first: &a {name: boil}\nnamed: {one: {<<: *a}}\n", "r.yaml:2:15: named.one.<<: unknown field"},
		{"nothing", "", "r.yaml: want one YAML document, have "},
		{"two documents", "title: a\n---\ntitle: b\n", "r.yaml: want one YAML document, have 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := strictyaml.Decode("r.yaml", []byte(c.text), &recipe{})
			if d != nil {
				t.Error("there is a document")
			}
			if err == nil {
				t.Fatal("no error")
			}
			var input *strictyaml.InputError
			if !errors.As(err, &input) {
				t.Errorf("%T is not an InputError", err)
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error is\n%s\nwant\n%s", err, c.want)
			}
		})
	}
}

// The same mistake gives the same message each time.
func TestDecodeErrorsAreDeterministic(t *testing.T) {
	for _, text := range []string{
		"title: [a]\n", "steps: [[[a]]]\n", "steps: {a: {b: c}}\n", "labels: [[a], [b]]\n", "count: [[{a: b}]]\n", "abc: x\n",
	} {
		first := ""
		for range 50 {
			_, err := strictyaml.Decode("r.yaml", []byte(text), &recipe{})
			if err == nil {
				t.Fatalf("%q: no error", text)
			}
			if first == "" {
				first = err.Error()
			}
			if got := err.Error(); got != first {
				t.Fatalf("%q: error is %q, and was %q", text, got, first)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("title: Soup\nsteps: [{name: a, wait: 1s}]\n"))
	f.Add([]byte("title: !!int x\n"))
	f.Add([]byte("first: &a {name: b}\nnamed: {x: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var input *strictyaml.InputError
		if _, err := strictyaml.Decode("r.yaml", data, &recipe{}); err != nil && !errors.As(err, &input) {
			t.Errorf("%T is not an InputError", err)
		}
		if _, err := strictyaml.Check("k.yaml", data, &kitchen{}); err != nil && !errors.As(err, &input) {
			t.Errorf("check: %T is not an InputError", err)
		}
	})
}

// kitchen names two fields. Its tools may have any other field.
type kitchen struct {
	Steps []step `json:"steps"`
	Tools struct {
		Knife struct {
			Length int `json:"length"`
		} `json:"knife"`
		Others any `json:"*"`
	} `json:"tools"`
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"good", "tools: {knife: {length: 2}, pot: {lid: yes}}\n", ""},
		{"nothing", "", ""},
		{"several documents", "steps: []\n---\ntools: {}\n", ""},
		{"merge key", "steps:\n- &a {name: boil}\n- {<<: *a, wait: 1s}\n", ""},
		{"values are not decoded", "tools: {knife: {length: long}}\n", ""},
		{"unknown field", "tool: {}\n", `k.yaml:1:1: tool: unknown field; did you mean "tools"?`},
		{"unknown field of a known one", "tools:\n  knife: {lengt: 2}\n",
			`k.yaml:2:11: tools.knife.lengt: unknown field; did you mean "length"?`},
		{"in the second document", "steps: []\n---\ntool: {}\n", `k.yaml:3:1: tool: unknown field; did you mean "tools"?`},
		{"text form", "steps: [{wait: soon}]\n", `k.yaml:1:16: steps[0].wait: "soon" is not a duration`},
		{"syntax", "steps: [\n", "k.yaml:1:8: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := strictyaml.Check("k.yaml", []byte(c.text), &kitchen{})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if d == nil || d.File != "k.yaml" {
					t.Errorf("the document is %+v", d)
				}
				return
			}
			var input *strictyaml.InputError
			if !errors.As(err, &input) {
				t.Fatalf("error is %v, want an InputError", err)
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error is\n%s\nwant\n%s", err, c.want)
			}
		})
	}
}

// An error is at its field, or at the nearest field around it that the file has.
func TestErrorfPlaces(t *testing.T) {
	d, err := strictyaml.Decode("r.yaml", []byte(lines(
		"title: Soup",
		"steps:",
		"- name: boil",
		"- name: stir",
		"named:",
		"  last:",
		"    name: serve",
	)), &recipe{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ field, want string }{
		{"title", "r.yaml:1:8: title: is bad 7"},
		{"steps", "r.yaml:2:1: steps: is bad 7"},
		{"steps[1].name", "r.yaml:4:9: steps[1].name: is bad 7"},
		{"steps[0].wait", "r.yaml:3:7: steps[0].wait: is bad 7"},
		{"steps[9]", "r.yaml:2:1: steps[9]: is bad 7"},
		{"named.last", "r.yaml:6:3: named.last: is bad 7"},
		{"named.last.wait.unit", "r.yaml:6:3: named.last.wait.unit: is bad 7"},
		{"count", "r.yaml: count: is bad 7"},
		{"", "r.yaml: is bad 7"},
	} {
		t.Run(c.field, func(t *testing.T) {
			if got := d.Errorf(c.field, "is bad %d", 7).Error(); got != c.want {
				t.Errorf("error is %s, want %s", got, c.want)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	d, err := strictyaml.Decode("r.yaml", []byte("title: Sup\n"), &recipe{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Known("title", "Soup", []string{"Bread", "Soup"}); err != nil {
		t.Errorf("a known name is an error: %v", err)
	}
	err = d.Known("title", "Sup", []string{"Bread", "Soup"})
	if want := `r.yaml:1:8: title: unknown "Sup"; did you mean "Soup"?`; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct {
		name    string
		unknown string
		known   []string
		want    string
	}{
		{"one letter off", "metrik", []string{"margin", "metric"}, `; did you mean "metric"?`},
		{"two letters off", "at", []string{"rate"}, `; did you mean "rate"?`},
		{"three letters off", "cat", []string{"dogs"}, "; valid names are dogs"},
		{"a third of a long name", "throughputxyz", []string{"throughput"}, `; did you mean "throughput"?`},
		{"a tie goes to the first by name", "bat", []string{"rat", "cat", "hat"}, `; did you mean "cat"?`},
		{"far off", "unrelated", []string{"c", "a", "b"}, "; valid names are a, b, c"},
		{"none known", "x", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := slices.Clone(c.known)
			if got := strictyaml.Nearest(c.unknown, known); got != c.want {
				t.Errorf("advice is %q, want %q", got, c.want)
			}
			if !slices.Equal(known, c.known) {
				t.Errorf("the known names are %v afterwards", known)
			}
		})
	}
}

func TestInputErrorLeavesOutWhatIsNotKnown(t *testing.T) {
	for _, c := range []struct {
		err  strictyaml.InputError
		want string
	}{
		{strictyaml.InputError{File: "f", Line: 2, Column: 3, Field: "a.b", Problem: "bad"}, "f:2:3: a.b: bad"},
		{strictyaml.InputError{File: "f", Field: "a.b", Problem: "bad"}, "f: a.b: bad"},
		{strictyaml.InputError{File: "f", Line: 2, Column: 3, Problem: "bad"}, "f:2:3: bad"},
		{strictyaml.InputError{File: "f", Problem: "bad"}, "f: bad"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("error is %q, want %q", got, c.want)
		}
	}
}
