package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	texttemplate "text/template"
	"unicode"

	"github.com/claimbench/claimbench/internal/bench"
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
}).Parse(htmlSource))

var markdownTemplate = texttemplate.Must(texttemplate.New("report.md").Funcs(texttemplate.FuncMap{
	"cell": markdownCell,
	"rule": func(columns []string) string { return strings.Repeat("---|", len(columns)+1) },
}).Parse(markdownSource))

// markdownCell keeps a text from breaking a table or becoming markup.
func markdownCell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "\r", "", "[", "\\[", "]", "\\]", "`", "\\`").Replace(s)
}

// Formats are the known formats of a report file.
var Formats = []string{"html", "md", "json"}

// Encode renders the document in a format.
func (d *Document) Encode(format string) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch format {
	case "html":
		err = htmlTemplate.Execute(&b, d)
	case "md":
		err = markdownTemplate.Execute(&b, d)
	case "json":
		e := json.NewEncoder(&b)
		e.SetIndent("", " ")
		e.SetEscapeHTML(false)
		err = e.Encode(d)
	default:
		err = fmt.Errorf("unknown format %q; known are %s", format, strings.Join(Formats, ", "))
	}
	return b.Bytes(), err
}

// WriteFiles writes report.FORMAT into the folder for each format. Reports are
// derived from the evidence, so an older one is replaced.
func (d *Document) WriteFiles(dir string, formats ...string) error {
	for _, format := range formats {
		data, err := d.Encode(format)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "report."+format), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Terminal prints the verdicts for a person at a terminal. What servers said is
// part of them, so nothing in it can drive the terminal.
func (d *Document) Terminal(out io.Writer) error {
	w := &bytes.Buffer{}
	fmt.Fprintf(w, "%s: %s\n\n%s\n%s\n\n", d.Guide.Title, d.Guide.Author, d.Headline, d.Scope)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range d.Claims {
		fmt.Fprintf(t, "%s %s\t%s\t%q\n", c.Sign, c.Verdict, c.ID, shorten(c.Quotes[0].Quote, 76))
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
		skipped := map[string]int{} // by reason
		for _, test := range c.Tests {
			if test.Verdict == bench.NotTested {
				skipped[test.Why]++
				continue
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", test.Sign, test.Label, test.Estimate, test.Verdict)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		for _, why := range slices.Sorted(maps.Keys(skipped)) {
			fmt.Fprintf(w, "  %s  %d not tested: %s\n", signs[bench.NotTested], skipped[why], shorten(why, 150))
		}
	}
	fmt.Fprintln(w)
	for _, check := range d.Validity {
		if check.State != "ok" {
			fmt.Fprintf(w, "%s %s: %s\n", map[string]string{"warn": "!", "bad": "!!"}[check.State], check.Name, check.Value)
		}
	}
	_, err := io.WriteString(out, strings.Map(func(r rune) rune {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) { // controls, and what turns the direction of text
			return -1
		}
		return r
	}, w.String()))
	return err
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
