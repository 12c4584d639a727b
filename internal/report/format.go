package report

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/browser"
	"github.com/claimbench/claimbench/internal/text"
)

// Formats lists the known formats of a report file.
var Formats = []string{"html", "md", "json", "csv", "pdf", "junit", "benchfmt", "bigger", "smaller"}

// File returns the name of the file of a format.
func File(format string) string {
	switch format {
	case "junit":
		return "report.junit.xml"
	case "benchfmt":
		return "report.bench.txt"
	case "bigger", "smaller":
		return "report." + format + ".json"
	}
	return "report." + format
}

// Encode renders the document in a format. PDF needs a browser: without one, the error is
// browser.ErrMissing.
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
		return d.pdf(ctx)
	default:
		err = fmt.Errorf("unknown format %q; known are %s", format, strings.Join(Formats, ", "))
	}
	return b.Bytes(), err
}

func (d *Document) pdf(ctx context.Context) ([]byte, error) {
	paper := *d
	paper.printed = true
	page, err := paper.Encode(ctx, "html")
	if err != nil {
		return nil, err
	}
	return browser.PDF(ctx, page)
}
