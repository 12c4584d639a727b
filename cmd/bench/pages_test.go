package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/browser"
	"github.com/claimbench/claimbench/internal/record/recordtest"
	"github.com/claimbench/claimbench/internal/rejudge"
)

// inBrowser starts a browser.
func inBrowser(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel, err := browser.Start(t.Context())
	if errors.Is(err, browser.ErrMissing) && os.Getenv("CLAIMBENCH_REQUIRE_DOCKER") == "" {
		t.Skip("SKIPPED: no Chromium or Chrome on this machine (apt-get install chromium)")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	return ctx
}

// axe is the source of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/axe")); err != nil {
		t.Fatal(err)
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v: %s", err, out)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// violations are axe's findings on the page that is open, by WCAG 2.2 AA and best practices.
const violations = `axe.run(document, {resultTypes: ["violations"]}).then(r =>
  r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")))`

// The pages open without a network and without a word on the console, in light and dark, and axe finds nothing.
func TestPages(t *testing.T) {
	ctx := inBrowser(t)
	source := axe(t)
	study := faster()
	study.Control = 1.25
	dir := finished(t, study)
	brand := filepath.Join(t.TempDir(), "brand.yaml")
	const about = "title: A title\nclient: A client\nauthor: An author\nlogo: logo.svg\n"
	if err := os.WriteFile(brand, []byte(about), 0o644); err != nil {
		t.Fatal(err)
	}
	const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>`
	if err := os.WriteFile(filepath.Join(filepath.Dir(brand), "logo.svg"), []byte(logo), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(t, "report", dir, "--brand", brand); code != exitDone {
		t.Fatal(stderr)
	}
	trial := bench.Trial{
		N:        1,
		Round:    1,
		Scenario: "json",
		Target:   "node-http",
		Phases:   []bench.Phase{{ID: recordtest.ID("latency@500/s"), Measure: bench.MeasureLatency}},
	}
	l := shown(t, &bench.Plan{Trials: []bench.Trial{trial}, Guide: bench.Guide{Title: "A guide"}})
	defer func() { _ = l.Close() }()
	l.Began(trial)
	for range 1000 {
		l.Hit(trial, recordtest.ID("latency@500/s"), bench.Hit{Done: time.Millisecond, Code: 200})
	}
	phase := bench.PhaseResult{
		ID:      recordtest.ID("latency@500/s"),
		Measure: bench.MeasureLatency,
		Memory:  1,
		Drive:   bench.DriveStats{Elapsed: 1},
		Gates:   []bench.Gate{{Name: bench.GateSent, Value: .5, Limit: .99}},
	}
	l.Ended(bench.TrialResult{Trial: trial, Phases: []bench.PhaseResult{phase}})
	l.Judged(1, &bench.Verdicts{Claims: []bench.ClaimVerdict{
		{ID: "c", Quotes: []bench.Quote{{Quote: "q"}}, Verdict: bench.Contradicted, Why: "w"},
	}})
	pages := map[string]string{"report": "file://" + filepath.Join(dir, "report.html"), "live": l.URL()}
	if example, err := filepath.Abs("../../reports/example/report.html"); err != nil {
		t.Fatal(err)
	} else {
		pages["example"] = "file://" + example
	}
	for name, url := range pages {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				tab, cancel := chromedp.NewContext(ctx)
				defer cancel()
				if err := chromedp.Do(tab); err != nil {
					t.Fatal(err)
				}
				var seen sync.Mutex
				var said, asked []string
				messages, requests := chromedp.Console(tab), chromedp.Events(tab, network.RequestWillBeSent)
				go func() {
					for m, err := range messages {
						if err != nil {
							return
						}
						seen.Lock()
						said = append(said, m.String())
						seen.Unlock()
					}
				}()
				go func() {
					for r, err := range requests {
						if err != nil {
							return
						}
						seen.Lock()
						asked = append(asked, r.Request.URL)
						seen.Unlock()
					}
				}()
				must := func(err error) {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
				}
				_, err := chromedp.Call(tab, network.Enable, network.EnableParams{})
				must(err)
				colors := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
				_, err = chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: colors})
				must(err)
				must(chromedp.Do(tab, chromedp.Navigate(url)))
				if name == "live" { // what the script has put there
					_, err = chromedp.Run(tab, chromedp.Poll[bool](`document.querySelector(".v-contradicted") !== null`))
					must(err)
				}
				// Its own word is the last on the console; what it asked for came before.
				_, err = chromedp.Run(tab, chromedp.Evaluate[any](`console.log("the end"); null`))
				must(err)
				for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
					seen.Lock()
					over := slices.Contains(said, "log: the end") && len(asked) > 0
					seen.Unlock()
					if over {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("the console said %q, and the page asked for %q", said, asked)
					}
				}
				seen.Lock()
				for _, m := range said {
					if m != "log: the end" {
						t.Errorf("console: %s", m)
					}
				}
				for _, r := range asked {
					if !strings.HasPrefix(r, "data:") && !strings.HasPrefix(r, url) {
						t.Errorf("the page asked for %s", r)
					}
				}
				seen.Unlock()
				_, err = chromedp.Call(tab, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}) // for axe
				must(err)
				must(chromedp.Do(tab, chromedp.Navigate(url)))
				_, err = chromedp.Run(tab, chromedp.Evaluate[any](source+"; null"))
				must(err)
				found, err := chromedp.Run(tab, chromedp.Evaluate[[]string](violations, chromedp.EvalAwaitPromise))
				must(err)
				for _, v := range found {
					t.Errorf("axe: %s", v)
				}
			})
		}
	}
}

// The PDF is made of the same page: it has pages, tags for screen readers, and the words.
func TestPDF(t *testing.T) {
	inBrowser(t)
	dir := finished(t, faster())
	if code, _, stderr := command(t, "report", dir, "--format", "pdf"); code != exitDone {
		t.Fatal(stderr)
	}
	pdf, err := os.ReadFile(filepath.Join(dir, "report.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"%PDF-", "/StructTreeRoot", "/Outlines", "/Lang"} {
		if !bytes.Contains(pdf, []byte(want)) {
			t.Errorf("the PDF has no %s", want)
		}
	}
	if code, _, stderr := command(t, "verify", dir); code != exitDone {
		t.Error(stderr)
	}
}

// BenchmarkReport judges and renders a run of ten million hits.
func BenchmarkReport(b *testing.B) {
	const hits = 10_000_000
	dir := recordtest.Study{
		Rounds: 2,
		Claims: faster().Claims,
		Speed:  recordtest.Speeds(8*time.Millisecond, 9*time.Millisecond),
		Scale:  hits / 4 / recordtest.Requests,
		Change: func(r *bench.TrialResult, _ *[]bench.Hit) {
			r.Phases[0].Drive.Planned, r.Phases[0].Drive.Sent = hits/4, hits/4
		},
	}.Write(b)
	for b.Loop() {
		d, err := rejudge.Document(dir)
		if err != nil {
			b.Fatal(err)
		}
		for _, format := range []string{"html", "md", "json"} {
			if _, err := d.Encode(b.Context(), format); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(hits*float64(b.N)/b.Elapsed().Seconds(), "hits/s")
}
