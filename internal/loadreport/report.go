package loadreport

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/process"
)

// Report sums up a drive. Every key is always present in its JSON.
type Report struct {
	Requests     uint64            `json:"requests"`
	Errors       map[string]uint64 `json:"errors"`        // by kind
	OfferedRate  float64           `json:"offered_rate"`  // requests per second
	AchievedRate float64           `json:"achieved_rate"` // requests per second
	Clock        string            `json:"clock"`
	LatencyUS    Quantiles         `json:"latency_us"`
	ResponseUS   Quantiles         `json:"response_us"`
	LagUS        Quantiles         `json:"lag_us"`
	CPUSeconds   float64           `json:"cpu_seconds"`
	PeakRSSBytes int64             `json:"peak_rss_bytes"`
	BytesIn      int64             `json:"bytes_in"`
	Warnings     []string          `json:"warnings"`
}

// Quantiles are in microseconds.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

func quantilesOf(h *hdrhistogram.Histogram) Quantiles {
	at := func(percent float64) float64 { return float64(h.ValueAtQuantile(percent)) / 1e3 }
	return Quantiles{
		P50:  at(50),
		P90:  at(90),
		P99:  at(99),
		P999: at(99.9),
		Max:  float64(h.Max()) / 1e3,
		Mean: h.Mean() / 1e3,
	}
}

// Limits beyond which a report warns that the load generator may have measured itself.
const (
	largestLagUS    = 1000 // at p99, in microseconds
	largestLagShare = 20   // or the median response time ÷ this, if that is more
	largestCPU      = .7   // of one CPU
)

// Report sums up the requests of a drive by the schedule.
func (r *Recorder) Report(s bench.Schedule, d bench.DriveStats) Report {
	out := Report{
		Requests:     d.Sent,
		Errors:       r.errors,
		Clock:        d.Clock,
		LatencyUS:    quantilesOf(r.latency),
		ResponseUS:   quantilesOf(r.response),
		LagUS:        quantilesOf(r.lag),
		CPUSeconds:   d.Generator.Seconds(),
		PeakRSSBytes: process.PeakRSS(),
		BytesIn:      r.bytesIn,
		Warnings:     []string{},
	}
	seconds := d.Elapsed.Seconds()
	if seconds > 0 {
		out.AchievedRate = float64(d.Sent) / seconds
	}
	out.OfferedRate = out.AchievedRate
	if s.OpenLoop() {
		out.OfferedRate = float64(s.Rate)
	}
	if len(r.errors) > 0 {
		out.Warn("some requests failed; each counts as %v or more in latency and response time", r.timeout)
	}
	if d.Clock == "user" {
		out.Warn("clock: user; latencies include the load generator's own delay")
	}
	if d.Censored > 0 {
		out.Warn("%d requests were due, but were never sent", d.Censored)
	}
	limit := max(largestLagUS, out.ResponseUS.P50/largestLagShare)
	if s.OpenLoop() && out.LagUS.P99 > limit {
		out.Warn("the load generator sent late: lag is %.0f µs at p99; response time includes it, latency does not",
			out.LagUS.P99)
	}
	if used := out.CPUSeconds / max(seconds, 1e-9); s.OpenLoop() && used > largestCPU {
		out.Warn("the load generator used %.0f%% of a CPU, so it may have measured itself", used*100)
	}
	return out
}

// Warn adds a warning, formatted as by fmt.Sprintf.
func (r *Report) Warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// WriteText prints the report for a person.
func (r Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%d requests, %.1f/s of %.1f/s offered, %d bytes in, clock %s\n",
		r.Requests, r.AchievedRate, r.OfferedRate, r.BytesIn, r.Clock)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "microseconds\tp50\tp90\tp99\tp99.9\tmax\tmean\t")
	for _, row := range []struct {
		name string
		of   Quantiles
	}{{"latency", r.LatencyUS}, {"response time", r.ResponseUS}, {"lag", r.LagUS}} {
		q := row.of
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", row.name, q.P50, q.P90, q.P99, q.P999, q.Max, q.Mean)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Errors)) {
		fmt.Fprintf(w, "%d errors: %s\n", r.Errors[kind], kind)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "! %s\n", warning)
	}
	return nil
}
