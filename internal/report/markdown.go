package report

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"
)

//go:embed report.md.tmpl
var markdownSource string

var markdownTemplate = template.Must(template.New("report.md").Funcs(template.FuncMap{
	"cell": markdownCell,
	"more": more,
	"rule": func(columns []string) string { return strings.Repeat("---|", len(columns)+1) },
	"twin": foundInTwin,
}).Parse(markdownSource))

// markdownCell keeps a text from breaking a table or becoming markup.
func markdownCell(s string) string {
	return strings.NewReplacer(
		"\\", "\\\\",
		"|", "\\|",
		"\n", " ",
		"<", "&lt;",
		"\r", "",
		"[", "\\[",
		"]", "\\]",
		"`", "\\`",
	).Replace(s)
}

// PageOne returns the first page in Markdown: the headline, the claims, and the checks that need attention.
func (d *Document) PageOne() (string, error) {
	var b bytes.Buffer
	err := markdownTemplate.ExecuteTemplate(&b, "page one", d)
	return b.String(), err
}
