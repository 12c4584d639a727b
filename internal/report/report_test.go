package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/claimbench/claimbench/internal/bench"
)

var update = flag.Bool("update", false, "write the golden files anew")

const hostile = "<script>alert(1)</script>\x1b[31m|\"'&\u202e"

// document is made up, with a server's hostile words wherever they can come in.
func document() *Document {
	f := func(x float64) *float64 { return &x }
	comparison := bench.Comparison{Scenario: "json", Metric: "p50", Unit: "s", Of: "node-http", To: "python-asgi", Tier: "bare", Offered: bench.Offered{Rate: 500},
		Expect: bench.Lower, Margin: 1.1, Verdict: bench.Supported, Why: "the whole interval is beyond the margin, as claimed",
		Ratio: f(.5), Low: f(.4), High: f(.6), OfMedian: f(.0005), ToMedian: f(.001), Rounds: 6, Warnings: []string{hostile}}
	bound := bench.Comparison{Scenario: "json", Metric: "memory_bytes", Unit: "B", Of: "node-http", Bound: 1 << 30, BoundIs: "at_most",
		Verdict: bench.Contradicted, Why: "the interval lies on one side of the bound", Value: f(2 << 30), Low: f(1.9 * (1 << 30)), High: f(2.1 * (1 << 30)), OfMedian: f(2 << 30)}
	skipped := bench.Comparison{Scenario: "json", Metric: "p99", Of: "node-http", To: "python-asgi", Verdict: bench.NotTested, Why: hostile}
	points := []bench.Point{{Q: 0, Value: 300 * time.Microsecond}, {Q: .5, Value: 500 * time.Microsecond}, {Q: .9, Value: 2 * time.Millisecond}}
	return &Document{
		Schema: 1, RunID: "run", Headline: "Of 3 claims: 1 supported, 1 contradicted, 1 not tested.", Scope: "On this machine.",
		Guide: Source{"A guide", "Somebody", "A house", "2026-01-02"},
		Claims: []Claim{
			{ID: "one", Quotes: []bench.Quote{{Quote: "fast", Section: "1"}}, Verdict: bench.Supported, Sign: "✓", Why: "by one comparison", Tests: []Test{newTest(comparison), newTest(skipped)}},
			{ID: "two", Quotes: []bench.Quote{{Quote: "small", Section: "2"}}, Verdict: bench.Contradicted, Sign: "✗", Why: "by one comparison", Tests: []Test{newTest(bound)}},
			{ID: "three", Quotes: []bench.Quote{{Quote: "pretty", Section: "3"}}, Verdict: bench.NotTested, Sign: "–", Why: "taste", Untested: []string{"taste"}},
		},
		Forest:   []Ratio{{"one", label(comparison), .5, f(.4), f(.6), 1.1, bench.Supported, "✓", bench.Lower}},
		Validity: []Check{{"Rounds", "6", "ok", "fresh launches"}, {"Warning", hostile, "warn", ""}},
		NotShown: []string{"Other machines."}, Method: []string{"Launches."}, Environment: []Fact{{"node-http", hostile}},
		Scenarios: []Scenario{{Name: "json", Why: "because", Request: "GET /json", Columns: []string{"throughput"},
			Rows: []Row{{"node-http", []string{"1,000/s"}}, {"python-asgi", []string{"500/s"}}},
			Spectra: []Spectrum{{Title: "Response time at 500/s", Lines: []Line{{"node-http", 1, points}, {"python-asgi", 1, points}},
				Columns: []string{"p50"}, Rows: []Row{{"node-http", []string{"500 µs"}}}}}}},
		Trials: []Trial{{N: 1, Round: 1, Arm: "json/node-http", State: hostile, Folder: "trials/001"}},
		Left:   []string{hostile}, Rerun: "bench run", PlanHash: "abc", Hashes: map[string]string{"plan.json": "abc"},
	}
}

func TestHTMLIsOneSoundFile(t *testing.T) {
	data, err := document().Encode("html")
	if err != nil {
		t.Fatal(err)
	}
	page, err := html.Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			count[n.Data]++
			for _, a := range n.Attr {
				outside := (a.Key == "src" || a.Key == "href") && !strings.HasPrefix(a.Val, "#")
				if outside || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s %s=%q> reaches outside", n.Data, a.Key, a.Val)
				}
			}
			if n.Data == "table" && find(n, "caption") == nil && find(n, "thead") == nil {
				t.Error("a table has neither caption nor head")
			}
			if n.Data == "svg" && (find(n, "title") == nil || find(n, "desc") == nil) {
				t.Error("a picture has no title and description")
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(page)
	for element, want := range map[string]int{"script": 0, "link": 0, "img": 0, "h1": 1, "main": 1, "svg": 2} {
		if count[element] != want {
			t.Errorf("%d <%s>, want %d", count[element], element, want)
		}
	}
	for _, word := range []string{"@import", "url("} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("the page has %s", word)
		}
	}
}

func find(n *html.Node, element string) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.Data == element {
			return c
		}
		if found := find(c, element); found != nil {
			return found
		}
	}
	return nil
}

func TestGolden(t *testing.T) {
	d := document()
	var terminal bytes.Buffer
	if err := d.Terminal(&terminal); err != nil {
		t.Fatal(err)
	}
	markdown, err := d.Encode("md")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"terminal.golden": terminal.Bytes(), "report.md.golden": markdown} {
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
	if bytes.ContainsAny(terminal.Bytes(), "\x1b\x07\r") {
		t.Error("the terminal can be driven")
	}
	if bytes.Contains(markdown, []byte("<script>")) {
		t.Error("markdown has live markup")
	}
}

func TestJSONComesBack(t *testing.T) {
	want := document()
	data, err := want.Encode("json")
	if err != nil {
		t.Fatal(err)
	}
	var got Document
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	again, err := got.Encode("json")
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the document does not come back as it was: %v", err)
	}
	if _, err := want.Encode("pdff"); err == nil {
		t.Error("an unknown format was accepted")
	}
}

func TestQuantities(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{.0000005, "s", "0.5 µs"}, {.00025, "s", "250 µs"}, {.0216, "s", "21.6 ms"}, {1.5, "s", "1.5 s"}, {12345.6, "1/s", "12,346/s"},
		{1234567, "1/s", "1,234,567/s"}, {99.5, "1/s", "99.5/s"}, {10, "1/s", "10/s"}, {52428800, "B", "50 MiB"}, {math.NaN(), "s", "–"},
	} {
		if got := Quantity(c.value, c.unit); got != c.want {
			t.Errorf("%g %s is %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct{ low, high float64 }{{.018, .04}, {.0005, .5}, {.97, 1.03}, {1e-4, 1e4}, {.5, 2}, {.0211, .0219}} {
		ticks := logAxis{low: c.low, high: c.high, to: 1}.ticks()
		if len(ticks) < 3 || len(ticks) > 10 || ticks[0] < c.low*.999 || ticks[len(ticks)-1] > c.high*1.001 {
			t.Errorf("%g to %g: %v", c.low, c.high, ticks)
		}
	}
}

// Points are drawn inside the picture however far apart the figures are.
func TestPlotsStayInTheirFrame(t *testing.T) {
	d := document()
	low, high, one := 1e-9, 1e12, 1.0
	d.Forest = append(d.Forest, Ratio{Label: "x", Ratio: 1e9, Low: &low, High: &high, Margin: 1.1},
		Ratio{Label: "y", Ratio: 1, Low: &one, High: &one, Margin: 1}, Ratio{Label: "open", Ratio: 1, Margin: 1})
	for _, picture := range []string{string(d.ForestPlot()), string(d.Scenarios[0].Spectra[0].Plot("s")), string(Spectrum{}.Plot("empty"))} {
		if strings.Contains(picture, "NaN") || strings.Contains(picture, "Inf") {
			t.Errorf("a picture has no place for its points: %s", picture)
		}
	}
}
