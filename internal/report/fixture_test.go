package report

import (
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

const hostile = "<script>alert(1)</script>\x1b[31m|\"'&\u202e"

func pointer(x float64) *float64 { return &x }

// document returns a made-up document, with a server's hostile words wherever they can come in.
func document() *Document {
	ratio := ratioComparison()
	skipped := bench.Comparison{
		Scenario: "json",
		Metric:   "p99",
		Of:       "node-http",
		To:       "python-asgi",
		Verdict:  bench.NotTested,
		Why:      hostile,
		Warnings: []string{},
	}
	return &Document{
		Schema:    DocumentSchema,
		Generator: "v1",
		RunID:     "run",
		Date:      "2026-01-02",
		Headline:  "Of 3 claims: 1 supported, 1 contradicted, 1 not tested.",
		Scope:     "On this machine.",
		Counts:    []Count{{bench.Supported, "✓", 1}, {bench.Contradicted, "✗", 1}, {bench.NotTested, "–", 1}},
		Void:      []string{hostile},
		FailOn:    []bench.Verdict{bench.Contradicted},
		Guide: Source{
			Title:     "A guide",
			Author:    "Somebody",
			Publisher: "A publisher",
			Published: "2026-01-02",
		},
		Claims: []Claim{
			{
				ID:      "one",
				Quotes:  []bench.Quote{{Quote: "fast", Section: "1"}},
				Verdict: bench.Supported,
				Sign:    "✓",
				Why:     "by one comparison",
				Tests:   []Test{newTest(ratio), newTest(skipped)},
			},
			{
				ID:      "two",
				Quotes:  []bench.Quote{{Quote: "small", Section: "2"}},
				Verdict: bench.Contradicted,
				Sign:    "✗",
				Why:     "by one comparison",
				Tests:   []Test{newTest(boundComparison())},
			},
			{
				ID:       "three",
				Quotes:   []bench.Quote{{Quote: "pretty", Section: "3"}},
				Verdict:  bench.NotTested,
				Sign:     "–",
				Why:      "taste",
				Tests:    []Test{},
				Untested: []string{"taste"},
			},
		},
		Forest: []Ratio{newRatio("one", ratio)},
		Validity: []Check{
			{
				Name:  "Rounds",
				Value: "6",
				State: StateOK,
				Why:   "fresh launches",
			},
			{
				Name:  "Warning",
				Value: hostile,
				State: StateWarn,
			},
		},
		NotShown:    []string{"Other machines."},
		Method:      []string{"Launches."},
		Environment: []Fact{{"node-http", hostile}},
		Scenarios:   []Scenario{scenario()},
		Trials: []Trial{{
			N:      1,
			Round:  1,
			Arm:    "json/node-http",
			State:  hostile,
			Folder: "trials/001",
		}},
		Left:     []string{hostile},
		Rerun:    "bench run",
		PlanHash: "abc",
		Hashes:   map[string]string{"plan.json": "abc"},
	}
}

// ratioComparison returns a comparison of two servers.
func ratioComparison() bench.Comparison {
	return bench.Comparison{
		Pairs:    []bench.PairedRound{{Round: 1, Of: .0005, OfTrial: 1, To: .001, ToTrial: 2}},
		Scenario: "json",
		Metric:   "p50",
		Unit:     "s",
		Of:       "node-http",
		To:       "python-asgi",
		Tier:     "bare",
		Offered:  bench.Offered{Rate: 500},
		Expect:   bench.Lower,
		Margin:   1.1,
		Verdict:  bench.Supported,
		Why:      "the whole interval is beyond the margin, as claimed",
		Ratio:    pointer(.5),
		Low:      pointer(.4),
		High:     pointer(.6),
		OfMedian: pointer(.0005),
		ToMedian: pointer(.001),
		Rounds:   6,
		Warnings: []string{hostile},
	}
}

// boundComparison returns a comparison of one server with a bound.
func boundComparison() bench.Comparison {
	return bench.Comparison{
		Scenario: "json",
		Metric:   "memory_bytes",
		Unit:     "B",
		Of:       "node-http",
		Bound:    1 << 30,
		BoundIs:  "at_most",
		Verdict:  bench.Contradicted,
		Why:      "the interval lies on one side of the bound",
		Value:    pointer(2 << 30),
		Low:      pointer(1.9 * (1 << 30)),
		High:     pointer(2.1 * (1 << 30)),
		OfMedian: pointer(2 << 30),
		Warnings: []string{},
	}
}

// scenario returns a section with every kind of plot.
func scenario() Scenario {
	points := []bench.Point{
		{Q: 0, Value: 300 * time.Microsecond},
		{Q: .5, Value: 500 * time.Microsecond},
		{Q: .9, Value: 2 * time.Millisecond},
	}
	return Scenario{
		Name:    "json",
		Why:     "because",
		Request: "GET /json",
		Head:    "Server",
		Columns: []string{"throughput"},
		Rows:    []Row{{"node-http", []string{"1,000/s"}}, {"python-asgi", []string{"500/s"}}},
		Figures: []Figure{
			{
				Arm:    "node-http",
				Metric: "throughput",
				Unit:   "1/s",
				Better: bench.Higher,
				Column: "throughput",
				Median: 1000,
				Values: []Sample{{1, 990, false}, {2, 1010, true}},
			},
			{
				Arm:    "node-http",
				Metric: "p50",
				Unit:   "s",
				Better: bench.Lower,
				Column: "median response time at 500/s",
				Median: .0005,
				Values: []Sample{{1, .0005, false}},
				load:   bench.Offered{Rate: 500},
			},
		},
		Loads: []Load{{
			Title:    "Response time against the offered rate",
			Quantile: .9,
			Columns:  []string{"to 25% of capacity"},
			Rows:     []Row{{"node-http, capacity 900/s", []string{"1 ms"}}},
			Arms: []LoadArm{{
				Arm:      "node-http",
				Capacity: 900,
				Points:   []LoadPoint{{1, 500, .001, true}, {1, 1000, .4, false}},
			}},
		}},
		Spectra: []Spectrum{{
			Title:   "Response time at 500/s",
			Lines:   []Line{{"node-http", 1, points}, {"python-asgi", 1, points}},
			Columns: []string{"p50"},
			Rows:    []Row{{"node-http", []string{"500 µs"}}},
		}},
	}
}
