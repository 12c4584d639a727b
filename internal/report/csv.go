package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// csvColumns returns the columns of report.csv, which has one row per comparison. A missing number is an empty
// cell.
func csvColumns() []csvColumn {
	return []csvColumn{
		{"claim", func(c Claim, _ Test) string { return c.ID }},
		{"claim_verdict", func(c Claim, _ Test) string { return string(c.Verdict) }},
		{"scenario", func(_ Claim, t Test) string { return t.Scenario }},
		{"level", func(_ Claim, t Test) string { return t.Level }},
		{"variant", func(_ Claim, t Test) string { return t.Variant.String() }},
		{"metric", func(_ Claim, t Test) string { return t.Metric }},
		{"unit", func(_ Claim, t Test) string { return t.Unit }},
		{"of", func(_ Claim, t Test) string { return t.Of }},
		{"to", func(_ Claim, t Test) string { return t.To }},
		{"tier", func(_ Claim, t Test) string { return t.Tier }},
		{"offered", func(_ Claim, t Test) string { return t.Offered.String() }},
		{"relative_to", csvBase},
		{"expected", func(_ Claim, t Test) string { return t.Expected }},
		{"margin", func(_ Claim, t Test) string { return csvNonzero(t.Margin) }},
		{"bound", func(_ Claim, t Test) string { return csvNonzero(t.Bound) }},
		{"verdict", func(_ Claim, t Test) string { return string(t.Verdict) }},
		{"ratio", func(_ Claim, t Test) string { return csvNumber(t.Ratio) }},
		{"value", func(_ Claim, t Test) string { return csvNumber(t.Value) }},
		{"low", func(_ Claim, t Test) string { return csvNumber(t.Low) }},
		{"high", func(_ Claim, t Test) string { return csvNumber(t.High) }},
		{"confidence", func(_ Claim, t Test) string { return csvNonzero(t.Confidence) }},
		{"p", func(_ Claim, t Test) string { return csvNumber(t.P) }},
		{"sign_flip_p", func(_ Claim, t Test) string { return csvNumber(t.SignFlip) }},
		{"of_median", func(_ Claim, t Test) string { return csvNumber(t.OfMedian) }},
		{"to_median", func(_ Claim, t Test) string { return csvNumber(t.ToMedian) }},
		{"rounds", func(_ Claim, t Test) string { return strconv.Itoa(t.Rounds) }},
		{"why", func(_ Claim, t Test) string { return t.Why }},
		{"warnings", func(_ Claim, t Test) string { return strings.Join(t.Warnings, "; ") }},
	}
}

// csvColumn is a column with its value for a comparison of a claim.
type csvColumn struct {
	name  string
	value func(Claim, Test) string
}

func (d *Document) writeCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	columns := csvColumns()
	row := make([]string, len(columns))
	for i, column := range columns {
		row[i] = column.name
	}
	if err := w.Write(row); err != nil {
		return err
	}
	for _, c := range d.Claims {
		for _, t := range c.Tests {
			for i, column := range columns {
				row[i] = inertCell(column.value(c, t))
			}
			if err := w.Write(row); err != nil {
				return err
			}
		}
	}
	w.Flush()
	return w.Error()
}

// inertCell keeps a spreadsheet from computing a cell that is not a number.
func inertCell(s string) string {
	if strings.IndexAny(s, "=+-@\t\r") == 0 {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			return "'" + s
		}
	}
	return s
}

func csvBase(_ Claim, t Test) string {
	if t.Base == nil {
		return ""
	}
	return base(*t.Base)
}

// csvNumber formats a number that may be missing.
func csvNumber(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}

// csvNonzero formats a number that is 0 if it is missing.
func csvNonzero(x float64) string {
	if x == 0 {
		return ""
	}
	return csvNumber(&x)
}
