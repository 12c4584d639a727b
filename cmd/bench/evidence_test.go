package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/claimbench/claimbench/internal/bench"
)

// evidence is a run directory that is read by code that shares nothing with the judge.
type evidence struct {
	dir  string
	plan bench.Plan
}

// agreeWithRawHits computes figures of verdicts.json again from the raw Parquet files.
func agreeWithRawHits(t *testing.T, dir string, least int) {
	t.Helper()
	e := evidence{dir: dir}
	var verdicts bench.Verdicts
	readFile(t, filepath.Join(dir, "plan.json"), &e.plan)
	readFile(t, filepath.Join(dir, "verdicts.json"), &verdicts)
	compared := 0
	for _, claim := range verdicts.Claims {
		for _, c := range claim.Tests {
			measured := c.Verdict != bench.NotTested && c.Base == nil
			if measured && (c.Metric == "throughput" || c.Metric == "p50") {
				e.check(t, c)
				compared++
			}
		}
	}
	if compared < least {
		t.Errorf("only %d figures could be compared, want %d", compared, least)
	}
}

func readFile(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// check compares a ratio with the geometric mean of the ratios of the rounds.
func (e evidence) check(t *testing.T, c bench.Comparison) {
	t.Helper()
	rounds, sum := 0, 0.0
	for round := 1; round <= e.plan.Profile.Rounds; round++ {
		of, ok := e.figure(t, c, place{server: c.Of, round: round})
		to, ok2 := e.figure(t, c, place{server: c.To, round: round})
		if ok && ok2 {
			rounds++
			sum += math.Log(of / to)
		}
	}
	want := math.Exp(sum / float64(rounds))
	if math.Abs(*c.Ratio/want-1) > 1e-9 || rounds != c.Rounds {
		t.Errorf("%s %s %s/%s: ratio %g over %d rounds, raw hits give %g over %d",
			c.Scenario, c.Metric, c.Of, c.To, *c.Ratio, c.Rounds, want, rounds)
	}
}

// place names the trial of a figure.
type place struct {
	server string
	round  int
}

// figure returns a trial's throughput or median response time; false if the trial is not valid.
func (e evidence) figure(t *testing.T, c bench.Comparison, at place) (float64, bool) {
	t.Helper()
	for _, trial := range e.plan.Trials {
		if trial.Round != at.round || trial.Scenario != c.Scenario || trial.Target != at.server {
			continue
		}
		folder := fmt.Sprintf("%03d-%s-%s", trial.N, trial.Scenario, trial.Target)
		dir := filepath.Join(e.dir, "trials", folder)
		phase := phaseOf(c)
		void, ok := voidPhases(dir)
		if !ok {
			return 0, false
		}
		if void(phase) { // it was made a second time
			if phase += "~2"; void(phase) {
				return 0, false
			}
		}
		if c.Metric == "throughput" {
			return throughput(t, dir, phase), true
		}
		return median(t, dir, phase), true
	}
	return 0, false
}

func phaseOf(c bench.Comparison) string {
	if c.Metric == "p50" {
		return strings.TrimPrefix(fmt.Sprintf("%s/latency@%g/s", c.Level, float64(c.Rate)), "/")
	}
	return strings.TrimPrefix(c.Level+"/throughput", "/")
}

// voidPhases returns which phases of a trial are void or missing; false if the trial is not valid.
func voidPhases(dir string) (void func(phase string) bool, ok bool) {
	var result struct {
		Valid  bool
		Phases []struct{ Name, Void string }
	}
	data, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil || json.Unmarshal(data, &result) != nil || !result.Valid {
		return nil, false
	}
	return func(phase string) bool {
		for _, p := range result.Phases {
			if p.Name == phase {
				return p.Void != ""
			}
		}
		return true
	}, true
}

// row is a request in a Parquet file.
type row struct {
	Phase     string `parquet:"phase"`
	LagNS     int64  `parquet:"lag_ns"`
	DueNS     int64  `parquet:"due_ns"`
	LatencyNS int64  `parquet:"latency_ns"`
	Err       string `parquet:"err"`
}

func rowsOf(t *testing.T, dir, phase string) (list []row) {
	t.Helper()
	rows, err := parquet.ReadFile[row](filepath.Join(dir, "hits.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Phase == phase {
			list = append(list, r)
		}
	}
	return list
}

// throughput returns the good answers per second until the last answer.
func throughput(t *testing.T, dir, phase string) float64 {
	t.Helper()
	var good, last float64
	for _, r := range rowsOf(t, dir, phase) {
		if r.Err == "" {
			good++
		}
		last = max(last, float64(r.DueNS+r.LagNS+r.LatencyNS)/1e9)
	}
	return good / last
}

// median returns the median response time in seconds.
func median(t *testing.T, dir, phase string) float64 {
	t.Helper()
	var responses []float64
	for _, r := range rowsOf(t, dir, phase) {
		responses = append(responses, float64(r.LagNS+r.LatencyNS)/1e9)
	}
	slices.Sort(responses)
	return responses[(len(responses)+1)/2-1]
}
