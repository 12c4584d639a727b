package report

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/perf/benchfmt"

	"github.com/claimbench/claimbench/internal/bench"
)

var update = flag.Bool("update", false, "write the golden files again")

func TestGolden(t *testing.T) {
	d := document()
	var terminal bytes.Buffer
	if err := d.Terminal(&terminal, TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	markdown, err := d.Encode(context.Background(), "md")
	if err != nil {
		t.Fatal(err)
	}
	var verbose bytes.Buffer
	if err := d.Terminal(&verbose, TerminalOptions{Verbose: true}); err != nil {
		t.Fatal(err)
	}
	golden := map[string][]byte{
		"terminal.golden":         terminal.Bytes(),
		"terminal.verbose.golden": verbose.Bytes(),
		"report.md.golden":        markdown,
	}
	for _, format := range []string{"csv", "junit", "benchfmt", "bigger", "smaller"} {
		if golden[File(format)+".golden"], err = d.Encode(context.Background(), format); err != nil {
			t.Fatal(err)
		}
	}
	if golden["../../../docs/report.schema.json"], err = Schema(); err != nil {
		t.Fatal(err)
	}
	for name, got := range golden {
		path := "testdata/" + name
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs (%v):\n%s", name, err, got)
		}
	}
	if bytes.ContainsAny(terminal.Bytes(), "\x1b\x07\r") || bytes.ContainsAny(verbose.Bytes(), "\x1b\x07\r") {
		t.Error("the terminal can be driven")
	}
	if bytes.Contains(markdown, []byte("<script>")) {
		t.Error("markdown has live markup")
	}
}

// The document keeps to its own schema.
func TestJSONKeepsItsSchema(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = compiler.AddResource("report.schema.json", parsed)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := document().Encode(context.Background(), "json")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../reports/example/report.json")
	if err != nil {
		t.Fatal(err)
	}
	var instance any
	for _, text := range [][]byte{example, data} {
		if instance, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); err != nil {
			t.Error(err)
		}
	}
	instance.(map[string]any)["headline"] = 1
	if schema.Validate(instance) == nil {
		t.Error("the schema takes a number for the headline")
	}
}

// A report of all scenarios with all servers over 30 rounds is still one file that opens anywhere.
func TestSizeOfAFullRun(t *testing.T) {
	const scenarios, rounds = 16, 30 // and 67 servers in all: bench plan --profile evidence
	d := document()
	one := d.Claims[0].Tests[0]
	one.ByRound = nil
	for round := range rounds {
		one.ByRound = append(one.ByRound, Pair{
			PairedRound: bench.PairedRound{Round: round + 1, OfTrial: 1000 + round, ToTrial: 1040 + round},
			OfText:      "2,310/s",
			ToText:      "1,460/s",
			Ratio:       "1.58×",
		})
	}
	d.Claims[0].Tests = slices.Repeat([]Test{one}, 100)
	for _, name := range []string{"environment.json", "journal.jsonl", "certificates.jsonl", "verdicts.json"} {
		d.Hashes[name] = strings.Repeat("0", 64)
	}
	d.Forest = slices.Repeat(d.Forest, 100)
	base := d.Scenarios[0]
	d.Scenarios, d.Trials = nil, nil
	for i := range scenarios {
		s := Scenario{Name: fmt.Sprintf("scenario-%d", i), Columns: base.Columns}
		var lines []Line
		load := base.Loads[0]
		load.Arms = nil
		arms := 4
		if i < 3 {
			arms = 5
		}
		for arm := range arms {
			name := fmt.Sprintf("server-%d[WORKERS=1]", arm)
			row := Row{Name: name, Cells: []string{"1"}}
			s.Rows = append(s.Rows, row)
			under := LoadArm{Arm: name, Capacity: 2000}
			for round := range rounds {
				var points []bench.Point
				for k := range 20 {
					points = append(points, bench.Point{
						Q:     1 - math.Pow(.8, float64(k)),
						Value: time.Duration(1e6 * math.Pow(1.17, float64(k*(round%7+1)))),
					})
				}
				lines = append(lines, Line{name, round + 1, points})
				for probe := range 14 {
					under.Points = append(under.Points, LoadPoint{
						Trial: 1,
						Rate:  100 * float64(1+probe),
						Value: .001 * float64(1+probe*round),
						Held:  probe < 11,
					})
				}
				n := len(d.Trials) + 1
				d.Trials = append(d.Trials, Trial{
					N:      n,
					Round:  round + 1,
					Arm:    s.Name + "/" + name,
					State:  "valid",
					Ready:  "310 ms",
					CPU:    "12.3 s",
					Memory: "101 MiB",
					Folder: fmt.Sprintf("trials/%d-%s-server-%d", n, s.Name, arm),
				})
			}
			for _, m := range dotMetrics()[:6] {
				f := Figure{Arm: name, Metric: m.Name, Column: m.Title, Median: 1}
				for round := range rounds {
					f.Values = append(f.Values, Sample{1, 1 + float64(round)/100, false})
				}
				s.Figures = append(s.Figures, f)
			}
			load.Arms = append(load.Arms, under)
		}
		if i < 4 { // find capacities, and measure at shares of them
			s.Loads = []Load{load}
			s.Spectra = slices.Repeat([]Spectrum{{Title: "Response time", Lines: lines, Columns: []string{"p50"}}}, 4)
		} else if i < 7 {
			s.Spectra = []Spectrum{{Title: "Response time", Lines: lines}}
		}
		d.Scenarios = append(d.Scenarios, s)
	}
	page, err := d.Encode(context.Background(), "html")
	if err != nil {
		t.Fatal(err)
	}
	if len(page) > 1_500_000 {
		t.Errorf("report.html has %d bytes", len(page))
	}
	t.Logf("report.html of %d trials has %d KiB", len(d.Trials), len(page)>>10)
}

// benchstat's own reader takes the file, and finds each launch of each server.
func TestBenchfmtIsRead(t *testing.T) {
	data, err := document().Encode(context.Background(), "benchfmt")
	if err != nil {
		t.Fatal(err)
	}
	r := benchfmt.NewReader(bytes.NewReader(data), "report.bench.txt")
	var got []float64
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			for _, c := range rec.Config {
				if c.File {
					t.Errorf("%s: benchstat would not compare it with another file's", c.Key)
				}
			}
			if x, ok := rec.Value("throughput-req/s"); ok && string(rec.Name) == "Json/server=node-http" {
				got = append(got, x)
			}
		case *benchfmt.SyntaxError:
			t.Error(rec)
		}
	}
	if r.Err() != nil || !slices.Equal(got, []float64{990, 1010}) {
		t.Errorf("throughputs %v, %v", got, r.Err())
	}
	if r.Units().GetBetter("throughput-req/s") != 1 || r.Units().GetBetter("p50-at-500/s-sec") != -1 {
		t.Error("the units do not say what is better")
	}
}

// A server may say a megabyte, or steer a terminal: neither comes into a document.
func TestTidy(t *testing.T) {
	d := document()
	quotes := d.Claims[0].Quotes
	quotes[0].Quote = hostile
	d.Trials[0].State = strings.Repeat("<b>\u00e9\x1b[2J", 100_000)
	d.Claims[0].Tests[0].Warnings = []string{strings.Repeat("x", 1<<20)}
	tidy(reflect.ValueOf(d))
	state := d.Trials[0].State
	if len(state) > longestText+40 {
		t.Errorf("a state has %d bytes", len(state))
	}
	if strings.ContainsRune(state, 0x1b) {
		t.Error("a state can drive a terminal")
	}
	if !strings.HasSuffix(state, "… (of 900000 bytes)") {
		t.Errorf("a state ends in %q", state[len(state)-40:])
	}
	if got := d.Claims[0].Tests[0].Warnings[0]; len(got) > longestText+40 {
		t.Errorf("a warning has %d bytes", len(got))
	}
	if quotes[0].Quote != hostile {
		t.Error("the verdicts have changed, too")
	}
	if !slices.Contains(d.Left, "<script>alert(1)</script>[31m|\"'&") {
		t.Errorf("%q", d.Left)
	}
}

func TestJSONComesBack(t *testing.T) {
	want := document()
	data, err := want.Encode(context.Background(), "json")
	if err != nil {
		t.Fatal(err)
	}
	var got Document
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	again, err := got.Encode(context.Background(), "json")
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the document does not come back as it was: %v", err)
	}
	if _, err := want.Encode(context.Background(), "pdff"); err == nil {
		t.Error("an unknown format was accepted")
	}
}
