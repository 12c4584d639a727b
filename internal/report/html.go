package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

//go:embed report.html.tmpl
var htmlSource string

var htmlTemplate = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"class": verdictClass,
	"id":    elementID,
	"more":  more,
	"logo":  logoURL,
	"state": stateNote,
	"twin":  foundInTwin,
}).Parse(htmlSource))

// verdictClass returns the CSS class of a verdict.
func verdictClass(v bench.Verdict) string { return "v-" + strings.ReplaceAll(string(v), " ", "-") }

// elementID returns the id of an element that the parts name.
func elementID(parts ...any) string {
	return strings.NewReplacer(" ", "-", "/", "-").Replace(fmt.Sprint(parts...))
}

// logoURL returns a picture's data URL. It refuses any other URL, which an edited report.json may hold.
func logoURL(data string) template.URL {
	if !strings.HasPrefix(data, "data:image/") {
		return ""
	}
	return template.URL(data)
}

// stateNote returns a state in words, so that color is not its only sign; empty for StateOK.
func stateNote(s State) string {
	switch s {
	case StateWarn:
		return "Needs attention:"
	case StateBad:
		return "Failed:"
	}
	return ""
}

// more returns the number of comparisons after the first n.
func more(n int, tests []Test) int { return max(len(tests)-n, 0) }

// foundInTwin returns what an A/A comparison shows.
func foundInTwin(v bench.Verdict) string {
	switch v {
	case bench.Inconclusive:
		return "undecided"
	case bench.PracticallyEqual:
		return "practically equal"
	}
	return "different"
}
