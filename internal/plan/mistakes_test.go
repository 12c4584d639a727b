package plan

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

// edit replaces a part of a good file with a mistake. The error must hold the wanted text.
type edit struct{ old, new, want string }

func TestUnknownChoices(t *testing.T) {
	c, s, g := project(t)
	for want, choice := range map[string]Choice{
		`unknown profile "quik"; did you mean "quick"?`:              {Profile: "quik"},
		`unknown scenario "jsn"; did you mean "json"?`:               {Profile: "demo", Scenarios: []string{"jsn"}},
		`unknown server "node-exprss"; did you mean "node-express"?`: {Profile: "demo", Targets: []string{"node-exprss"}},
	} {
		if _, err := New(choice, c, s, g); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

const goodScenario = `name: s
why: because
workload:
  driver: http
  path: /json
  expect: {status: 200}
measure: [latency, throughput]
rates: [100/s]
`

func TestScenarioMistakes(t *testing.T) {
	if _, err := parseScenario("s.yaml", []byte(goodScenario), &Catalogue{}); err != nil {
		t.Fatal(err)
	}
	catalogue := &Catalogue{Services: []bench.Service{{Target: bench.Target{Name: "upstream"}}}}
	for _, m := range []edit{
		{
			old:  "why: because",
			new:  "wyh: because",
			want: `s.yaml:2:1: wyh: unknown field; did you mean "why"?`,
		},
		{
			old:  "path: /json",
			new:  "pth: /json",
			want: `s.yaml:5:3: workload.pth: unknown field; did you mean "path"?`,
		},
		{
			old:  "name: s",
			new:  "name: t",
			want: `s.yaml:1:7: name: is "t", but the file is named "s"`,
		},
		{
			old:  "driver: http",
			new:  "driver: htp",
			want: `s.yaml:4:11: workload.driver: unknown "htp"; did you mean "http"?`,
		},
		{
			old:  "latency, throughput",
			new:  "latencies",
			want: `s.yaml:7:11: measure[0]: unknown "latencies"; did you mean "latency"?`,
		},
		{
			old:  "[100/s]",
			new:  "[-5/s]",
			want: `s.yaml:8:9: rates[0]: rate "-5/s" must be positive`,
		},
		{
			old:  "[100/s]",
			new:  "[fast]",
			want: `s.yaml:8:9: rates[0]: "fast" is not a rate; write requests per second, such as 200/s`,
		},
		{
			old:  "rates: [100/s]",
			new:  "connections: 5",
			want: `s.yaml: rates: latency and delivery are measured at common rates; give at least one`,
		},
		{
			old:  "path: /json",
			new:  "timeout: \"10\"\n  path: /json",
			want: `s.yaml:5:12: workload.timeout: "10" is not a duration; write a number with a unit, such as 10s or 250ms`,
		},
		{
			old:  "path: /json",
			new:  "path: json",
			want: `s.yaml:5:9: workload.path: "json" must start with /`,
		},
		{
			old:  "status: 200",
			new:  "status: ok",
			want: `s.yaml:6:20: workload.expect.status: want a whole number, have text`,
		},
		{
			old:  "status: 200",
			new:  "status: 99",
			want: `s.yaml:6:20: workload.expect.status: give the HTTP status of a good answer`,
		},
		{
			old:  "rates: [100/s]",
			new:  "rates: [100/s]\nneeds: [postgres]",
			want: `s.yaml:9:9: needs[0]: unknown "postgres"`,
		},
		{
			old:  "rates: [100/s]",
			new:  "rates: [100/s]\nrates: [1/s]",
			want: `s.yaml:9:1: mapping key "rates" already defined at [8:1]`,
		},
		{
			old:  "[100/s]",
			new:  "[100/s, 5/s, 100/s]",
			want: `s.yaml:8:21: rates[2]: 100/s is listed twice`,
		},
		{
			old:  "rates: [100/s]",
			new:  "rates: [100/s]\nvariants: [{WORKERS: 1}, {WORKERS: 1}]",
			want: `s.yaml:9:26: variants[1]: WORKERS=1 is listed twice`,
		},
		{
			old:  "rates: [100/s]",
			new:  "rates: [100/s]\nslo: {errors: 1%}",
			want: `s.yaml:9:1: slo: give both p99 and errors`,
		},
		{
			old:  "rates: [100/s]",
			new:  "rates: [100/s",
			want: `s.yaml:8:8: sequence end token ']' not found`,
		},
		{
			old:  "rates: [100/s]",
			new:  "rates: [100/s]\n---\nname: x",
			want: `s.yaml: want one YAML document, have 2`,
		},
	} {
		t.Run(m.new, func(t *testing.T) {
			text := strings.Replace(goodScenario, m.old, m.new, 1)
			_, err := parseScenario("s.yaml", []byte(text), catalogue)
			if err == nil || !strings.HasPrefix(err.Error(), m.want) {
				t.Errorf("%q for %q:\n got %v\nwant %s", m.new, m.old, err, m.want)
			}
		})
	}
}

const goodGuide = `name: g
title: T
author: A
published: 2026-04-14
claims:
  - id: one
    quotes: [{quote: "Q", section: S}]
    tests:
      - {scenario: json, metric: p50, of: node, to: python, expect: lower, margin: 10%}
`

func TestGuideMistakes(t *testing.T) {
	c, s, _ := project(t)
	if _, err := parseGuide("g.yaml", []byte(goodGuide), c, s); err != nil {
		t.Fatal(err)
	}
	for _, m := range []edit{
		{
			old:  "metric: p50",
			new:  "metric: p59",
			want: `g.yaml:9:34: claims[0].tests[0].metric: unknown "p59"; did you mean "p50"?`,
		},
		{
			old:  "scenario: json",
			new:  "scenario: jsno",
			want: `g.yaml:9:20: claims[0].tests[0].scenario: unknown "jsno"; did you mean "json"?`,
		},
		{
			old:  "scenario: json",
			new:  "scenario: compute",
			want: `g.yaml:9:37: claims[0].tests[0].metric: p50 comes from latency, which scenario compute does not measure`,
		},
		{
			old:  "to: python",
			new:  "to: node",
			want: `g.yaml:9:53: claims[0].tests[0].to: compares "node" with itself`,
		},
		{
			old:  "of: node, to: python",
			new:  "of: node-http, to: node",
			want: `g.yaml:9:58: claims[0].tests[0].to: compares "node-http" with itself`,
		},
		{
			old:  "of: node",
			new:  "of: nod",
			want: `g.yaml:9:43: claims[0].tests[0].of: unknown "nod"; did you mean "node"?`,
		},
		{
			old:  "expect: lower",
			new:  "expect: less",
			want: `g.yaml:9:69: claims[0].tests[0].expect: unknown "less"; valid names are higher, lower`,
		},
		{
			old: "margin: 10%",
			new: "margin: 10",
			want: `g.yaml:9:84: claims[0].tests[0].margin: "10" is not a percentage; ` +
				`write a number with a percent sign, such as 10%`,
		},
		{
			old:  "margin: 10%",
			new:  "tiers: [modrn]",
			want: `g.yaml:9:84: claims[0].tests[0].tiers[0]: unknown "modrn"; did you mean "modern"?`,
		},
		{
			old:  "margin: 10%",
			new:  "variant: {WORKERS: 2}",
			want: `g.yaml:9:76: claims[0].tests[0].variant: scenario json has no variant WORKERS=2`,
		},
		{
			old:  "margin: 10%",
			new:  "at_most: 2",
			want: `g.yaml:9:9: claims[0].tests[0]: a test with at_most or at_least is a bound`,
		},
		{
			old:  ", to: python, expect: lower, margin: 10%",
			new:  ", at_most: -1",
			want: `g.yaml:9:9: claims[0].tests[0]: a bound must be positive`,
		},
		{
			old:  ", to: python",
			new:  "",
			want: `g.yaml:9:9: claims[0].tests[0]: give to and expect, or a bound`,
		},
		{
			old:  "published: 2026-04-14",
			new:  "published: April",
			want: `g.yaml:4:12: published: "April" is not a date; write YYYY-MM-DD`,
		},
		{
			old:  "quotes: [{quote: \"Q\", section: S}]",
			new:  "quotes: []",
			want: `g.yaml:6:7: claims[0]: claim "one" has no quote`,
		},
		{
			old:  "    tests:\n      - {scenario: json, metric: p50, of: node, to: python, expect: lower, margin: 10%}\n",
			new:  "",
			want: `claim "one" has no test; give the reason under untested`,
		},
	} {
		t.Run(m.new, func(t *testing.T) {
			text := strings.Replace(goodGuide, m.old, m.new, 1)
			_, err := parseGuide("g.yaml", []byte(text), c, s)
			if err == nil || !strings.Contains(err.Error(), m.want) {
				t.Errorf("%q for %q:\n got %v\nwant %s", m.new, m.old, err, m.want)
			}
		})
	}
}

func TestCatalogueMistakes(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(root, ComposeFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []edit{
		{
			old:  "framework: express",
			new:  "framwork: express",
			want: `unknown field; did you mean "framework"?`,
		},
		{
			old:  "tier: mainstream",
			new:  "tier: [mainstream]",
			want: "services.node-express.x-bench",
		},
		{
			old:  "command: [\"node\", \"express/server.js\"]",
			new:  "comand: [\"node\"]",
			want: "services.node-express",
		},
		{
			old:  "framework: express",
			new:  "framework: \"\"",
			want: "give runtime, framework and tier",
		},
		{
			old:  "command: [\"node\", \"express/server.js\"]",
			new:  "command: [\"node\", \"express/server.js\"]\n    entrypoint: [\"sh\"]",
			want: "services.node-express.entrypoint: bench does not apply this field",
		},
		{ // in an anchor
			old:  "version: [\"node\"",
			new:  "vrsion: [\"node\"",
			want: `services.node-express.x-bench: json: unknown field "vrsion"`,
		},
		{
			old:  "locks: [\"package.json\"",
			new:  "locks: [\"pakage.json\"",
			want: "targets/node has no file pakage.json",
		},
	} {
		t.Run(m.new, func(t *testing.T) {
			text := strings.Replace(string(good), m.old, m.new, 1)
			if text == string(good) {
				t.Fatalf("%q is not in the file", m.old)
			}
			_, err := LoadCatalogue(context.Background(), copyProject(t, map[string]string{ComposeFile: text}))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{m.want, ComposeFile + ":"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q for %q:\n got %v\nwant %s", m.new, m.old, err, want)
				}
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodScenario))
	f.Add([]byte("a: &x {b: *x}"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = parseScenario("s.yaml", data, &Catalogue{}) // must not panic
	})
}
