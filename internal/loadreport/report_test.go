package loadreport

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// drive returns a report of 100 requests that took 1 ms to 100 ms, the first of which failed.
func drive(s bench.Schedule, stats bench.DriveStats) Report {
	r := NewRecorder(5 * time.Second)
	for i := range 100 {
		h := bench.Hit{Sent: time.Millisecond, Done: time.Duration(i+2) * time.Millisecond, Code: 200, BytesIn: 10}
		if i == 0 {
			h.Err = "status"
		}
		r.Record(h)
	}
	return r.Report(s, stats)
}

func TestReport(t *testing.T) {
	open := bench.Schedule{Offered: bench.Offered{Rate: 100}}
	stats := bench.DriveStats{
		Sent:      100,
		Elapsed:   2 * time.Second,
		Clock:     "user",
		Censored:  3,
		Generator: 1900 * time.Millisecond,
	}
	got := drive(open, stats)
	if got.AchievedRate != 50 || got.OfferedRate != 100 {
		t.Errorf("rates are %g of %g, want 50 of 100", got.AchievedRate, got.OfferedRate)
	}
	if got.BytesIn != 1000 {
		t.Errorf("%d bytes, want 1000", got.BytesIn)
	}
	if got.Errors["status"] != 1 {
		t.Errorf("errors are %v, want one of status", got.Errors)
	}
	if got.LatencyUS.Max < 5e6 { // a failed request counts as the timeout
		t.Errorf("the longest latency is %g µs, want the timeout", got.LatencyUS.Max)
	}
	if p := got.LatencyUS.P50; p < 50_000 || p > 52_500 {
		t.Errorf("the median latency is %g µs, want about 51,000", p)
	}
	var b bytes.Buffer
	if err := got.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"100 requests, 50.0/s of 100.0/s offered, 1000 bytes in, clock user\n",
		"1 errors: status\n",
		"! some requests failed; each counts as 5s or more",
		"! clock: user; latencies include",
		"! 3 requests were due, but were never sent\n",
		"! the load generator used 95% of a CPU",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// A closed loop has no schedule to be late for.
func TestReportOfAClosedLoop(t *testing.T) {
	got := drive(bench.Schedule{Connections: 4}, bench.DriveStats{Sent: 100, Elapsed: time.Second, Clock: "kernel"})
	if got.OfferedRate != got.AchievedRate {
		t.Errorf("%g/s offered, want the achieved %g/s", got.OfferedRate, got.AchievedRate)
	}
	if len(got.Warnings) != 1 { // of the failed request
		t.Errorf("warnings are %q", got.Warnings)
	}
}
