package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"golang.org/x/perf/benchfmt"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/text"
)

// csvHeader names the columns of report.csv: a row a comparison.
var csvHeader = []string{"claim", "claim_verdict", "scenario", "level", "variant", "metric", "unit", "of", "to", "tier", "offered", "relative_to",
	"expected", "margin", "bound", "verdict", "ratio", "value", "low", "high", "confidence", "p", "sign_flip_p", "of_median", "to_median", "rounds", "why", "warnings"}

// writeCSV writes a row for each comparison; a number that there is none of is empty.
func (d *Document) writeCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	w.Write(csvHeader)
	text := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	given := func(x float64) string { // 0 for none
		if x == 0 {
			return ""
		}
		return text(&x)
	}
	for _, c := range d.Claims {
		for _, t := range c.Tests {
			relative := ""
			if t.Base != nil {
				relative = base(*t.Base)
			}
			row := []string{c.ID, string(c.Verdict), t.Scenario, t.Level, t.Variant.String(), t.Metric, t.Unit, t.Of, t.To, t.Tier, t.Offered.String(), relative,
				t.Expected, given(t.Margin), given(t.Bound), string(t.Verdict), text(t.Ratio), text(t.Value), text(t.Low), text(t.High), given(t.Confidence),
				text(t.P), text(t.SignFlip), text(t.OfMedian), text(t.ToMedian), strconv.Itoa(t.Rounds), t.Why, strings.Join(t.Warnings, "; ")}
			for i, cell := range row {
				if strings.IndexAny(cell, "=+-@\t\r") == 0 { // a spreadsheet would compute it
					if _, err := strconv.ParseFloat(cell, 64); err != nil {
						row[i] = "'" + cell
					}
				}
			}
			w.Write(row)
		}
	}
	w.Flush()
	return w.Error()
}

// writeJUnit writes a test case for each claim and for each check of validity. A claim whose verdict is in FailOn is
// a failure, what is not tested or inconclusive was skipped, and a bad check is an error.
func (d *Document) writeJUnit(out io.Writer) error {
	all := junit.Testsuites{Name: d.Guide.Title}
	claims := junit.Testsuite{Name: "claims"}
	for _, c := range d.Claims {
		var lines []string
		for _, t := range c.Tested() {
			lines = append(lines, fmt.Sprintf("%s %s: %s: %s", t.Sign, t.Label, t.Estimate, t.Verdict))
		}
		text := strings.Join(lines, "\n")
		x := junit.Testcase{Classname: d.Guide.Title, Name: c.ID, SystemOut: &junit.Output{Data: fmt.Sprintf("%q: %s: %s\n%s", c.Quotes[0].Quote, c.Verdict, c.Why, text)}}
		switch {
		case slices.Contains(d.FailOn, c.Verdict):
			x.Failure = &junit.Result{Message: string(c.Verdict) + ": " + c.Why, Type: string(c.Verdict), Data: text}
		case c.Verdict == bench.NotTested || c.Verdict == bench.Inconclusive:
			x.Skipped = &junit.Result{Message: string(c.Verdict) + ": " + c.Why}
		}
		claims.AddTestcase(x)
	}
	all.AddSuite(claims)
	validity := junit.Testsuite{Name: "validity"}
	for _, check := range d.Validity {
		x := junit.Testcase{Classname: "validity", Name: check.Name, SystemOut: &junit.Output{Data: check.State + ": " + check.Value + " (" + check.Why + ")"}}
		if check.State == "bad" {
			x.Error = &junit.Result{Message: check.Value, Type: "validity", Data: check.Why}
		}
		validity.AddTestcase(x)
	}
	all.AddSuite(validity)
	return all.WriteXML(out)
}

// writeBenchfmt writes the Go benchmark format: a line for each trial of each server, with all its metrics as units, so
// that benchstat finds the launches that it needs.
func (d *Document) writeBenchfmt(out io.Writer) error {
	w := benchfmt.NewWriter(out)
	seen := map[string]bool{}
	for _, s := range d.Scenarios {
		for _, f := range s.Figures {
			if unit := benchUnit(f); f.Better != "" && !seen[unit] {
				seen[unit] = true
				if err := w.Write(&benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "better"}, OrigUnit: unit, Value: f.Better}); err != nil {
					return err
				}
			}
		}
	}
	for _, s := range d.Scenarios {
		lines := map[string]*benchfmt.Result{} // by trial and server at a level
		var order []string
		for _, f := range s.Figures {
			for _, v := range f.Values {
				key := fmt.Sprintf("%09d %s", v.Trial, f.Arm)
				if lines[key] == nil {
					name := strings.ToUpper(s.Name[:1]) + s.Name[1:] + "/server=" + strings.ReplaceAll(f.Arm, " ", "/level=")
					lines[key] = &benchfmt.Result{Name: benchfmt.Name(name), Iters: 1}
					order = append(order, key)
				}
				lines[key].Values = append(lines[key].Values, benchfmt.Value{Value: v.Value, Unit: benchUnit(f)})
			}
		}
		slices.Sort(order)
		for _, key := range order {
			if err := w.Write(lines[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchUnit is a metric with its unit as benchstat knows them: sec, B, and a rate.
func benchUnit(f Figure) string {
	unit := map[string]string{"s": "-sec", "B": "-B", "1/s": "-req/s"}[f.Unit]
	return strings.ReplaceAll(f.Column, " ", "-") + unit
}

// point is what github.com/benchmark-action/github-action-benchmark takes.
type point struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Range string  `json:"range"`
	Extra string  `json:"extra"`
}

// writePoints writes the medians of which more, or less, is better, as
// customBiggerIsBetter and customSmallerIsBetter take them.
func (d *Document) writePoints(out io.Writer, better string) error {
	list := []point{}
	for _, s := range d.Scenarios {
		for _, f := range s.Figures {
			if f.Better != better {
				continue
			}
			numbers := f.numbers()
			extra := fmt.Sprintf("median of %d launches; run %s", len(numbers), d.RunID)
			if f.open() > 0 {
				extra += "; a lower bound in some"
			}
			list = append(list, point{
				Name: s.Name + "/" + f.Arm + " " + f.Column, Unit: f.Unit, Value: f.Median,
				Range: fmt.Sprintf("%s to %s", text.Quantity(slices.Min(numbers), f.Unit), text.Quantity(slices.Max(numbers), f.Unit)),
				Extra: extra,
			})
		}
	}
	return text.WriteJSON(out, list)
}
