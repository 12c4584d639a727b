package report

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	texttemplate "text/template"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/browser"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

//go:embed report.html.tmpl
var htmlSource string

//go:embed report.md.tmpl
var markdownSource string

var htmlTemplate = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"class": func(v bench.Verdict) string { return "v-" + strings.ReplaceAll(string(v), " ", "-") },
	"id": func(parts ...any) string {
		return strings.NewReplacer(" ", "-", "/", "-").Replace(fmt.Sprint(parts...))
	},
	"more": more,
	"logo": func(data string) template.URL { // a report.json from elsewhere may name any other
		if !strings.HasPrefix(data, "data:image/") {
			return ""
		}
		return template.URL(data)
	},
}).Parse(htmlSource))

var markdownTemplate = texttemplate.Must(texttemplate.New("report.md").Funcs(texttemplate.FuncMap{
	"cell": markdownCell, "more": more,
	"rule": func(columns []string) string { return strings.Repeat("---|", len(columns)+1) },
}).Parse(markdownSource))

// more is how many comparisons there are beside the first n.
func more(n int, tests []Test) int { return max(len(tests)-n, 0) }

// markdownCell keeps a text from breaking a table or becoming markup.
func markdownCell(s string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "\n", " ", "<", "&lt;", "\r", "", "[", "\\[", "]", "\\]", "`", "\\`").Replace(s)
}

// endings are the ends of the files of each format.
var endings = map[string]string{
	"html": "html", "md": "md", "json": "json", "csv": "csv", "pdf": "pdf", "junit": "junit.xml", "benchfmt": "bench.txt",
	"bigger": "bigger.json", "smaller": "smaller.json",
}

// Formats are the known formats of a report file.
var Formats = []string{"html", "md", "json", "csv", "pdf", "junit", "benchfmt", "bigger", "smaller"}

// File is the name of the file of a format.
func File(format string) string { return "report." + endings[format] }

// Encode renders the document in a format. PDF takes a browser: see browser.ErrMissing.
func (d *Document) Encode(ctx context.Context, format string) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch format {
	case "html":
		err = htmlTemplate.Execute(&b, d)
	case "md":
		err = markdownTemplate.Execute(&b, d)
	case "json":
		err = text.WriteJSON(&b, d)
	case "csv":
		err = d.writeCSV(&b)
	case "junit":
		err = d.writeJUnit(&b)
	case "benchfmt":
		err = d.writeBenchfmt(&b)
	case "bigger":
		err = d.writePoints(&b, bench.Higher)
	case "smaller":
		err = d.writePoints(&b, bench.Lower)
	case "pdf":
		paper := *d
		paper.printed = true
		page, err := paper.Encode(ctx, "html")
		if err != nil {
			return nil, err
		}
		return browser.PDF(ctx, page)
	default:
		err = fmt.Errorf("unknown format %q; known are %s", format, strings.Join(Formats, ", "))
	}
	return b.Bytes(), err
}

// WriteFiles writes the file of each format into the run directory, and report.sha256. Reports are
// derived from the evidence, so older ones are replaced. report.json is always written: it tells how the others were
// made. What can be written is, whatever becomes of the others; their names are returned.
func (d *Document) WriteFiles(ctx context.Context, dir string, formats ...string) (names []string, failed error) {
	if !slices.Contains(formats, "json") {
		formats = append(formats, "json")
	}
	for _, format := range formats {
		data, err := d.Encode(ctx, format)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, File(format)), data, 0o644)
		}
		if err == nil {
			names = append(names, File(format))
		}
		failed = errors.Join(failed, err)
	}
	return names, errors.Join(failed, record.SealRenderings(dir, names...))
}

// Made is how the reports in a run directory were made: what Build does not know.
type Made struct {
	Generator string          `json:"generator"`
	Brand     *Brand          `json:"brand"`
	FailOn    []bench.Verdict `json:"fail_on"`
}

// ReadMade reads it from report.json.
func ReadMade(dir string) (m Made, err error) {
	data, err := os.ReadFile(filepath.Join(dir, File("json")))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	return m, err
}

// PageOne is the first page in Markdown: the headline, the claims, and what to mind.
func (d *Document) PageOne() (string, error) {
	var b bytes.Buffer
	err := markdownTemplate.ExecuteTemplate(&b, "page one", d)
	return b.String(), err
}

// Title is what the report is called.
func (d *Document) Title() string {
	if d.Brand != nil && d.Brand.Title != "" {
		return d.Brand.Title
	}
	return d.Headline
}

// Terminal prints the verdicts for a person at a terminal. What servers said is
// part of them, so nothing in it can drive the terminal.
func (d *Document) Terminal(out io.Writer) error {
	w := &bytes.Buffer{}
	fmt.Fprintf(w, "%s: %s\n\n%s\n%s\n\n", d.Guide.Title, d.Guide.Author, d.Headline, d.Scope)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range d.Claims {
		fmt.Fprintf(t, "%s %s\t%s\t%q\n", c.Sign, c.Verdict, c.ID, text.Shorten(c.Quotes[0].Quote, 76))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, c := range d.Claims {
		if c.Verdict == bench.NotTested {
			continue
		}
		fmt.Fprintf(w, "\n%s %s: %s (%s)\n", c.Sign, c.ID, c.Verdict, c.Why)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, test := range c.Tested() {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", test.Sign, test.Label, test.Estimate, test.Verdict)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		for _, s := range c.Skipped() {
			fmt.Fprintf(w, "  %s  %d not tested: %s\n", bench.NotTested.Sign(), s.Tests, text.Shorten(s.Why, 150))
		}
	}
	fmt.Fprintln(w)
	for _, check := range d.Validity {
		if check.State != "ok" {
			fmt.Fprintf(w, "%s %s: %s\n", map[string]string{"warn": "!", "bad": "!!"}[check.State], check.Name, check.Value)
		}
	}
	_, err := io.WriteString(out, text.Plain(w.String()))
	return err
}
