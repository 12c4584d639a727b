package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load"
	"github.com/claimbench/claimbench/internal/process"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

// loader is one invocation of load.
type loader struct {
	rate        string
	connections int
	arrivals    string
	seed        uint64
	duration    string
	timeout     string
	method      string
	headers     []string
	body        string
	raw         string
	asJSON      bool
}

// Loaded is what load prints with --json; every key is always there.
type Loaded struct {
	Requests     uint64            `json:"requests"`
	Errors       map[string]uint64 `json:"errors"`
	OfferedRate  float64           `json:"offered_rate"`
	AchievedRate float64           `json:"achieved_rate"`
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

func newLoad() *cobra.Command {
	l := &loader{}
	cmd := &cobra.Command{
		Use: "load URL", Short: "Drive requests at one address and print what it took",
		Long: "load sends requests to one address, at a rate (an open loop, the default) or over a number of\n" +
			"connections as fast as they are answered (a closed loop). Every request counts: there is no warm-up.",
		Example: "  bench load http://127.0.0.1:8080/json --rate 1000 --duration 30s\n  bench load http://127.0.0.1:8080/json --connections 64 --json",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return l.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&l.rate, "rate", "", "requests a second, open loop (default 100, where --connections is not given)")
	f.IntVar(&l.connections, "connections", 0, "connections of a closed loop")
	f.StringVar(&l.arrivals, "arrivals", string(bench.Constant), "arrivals of an open loop: constant or poisson")
	f.Uint64Var(&l.seed, "seed", 1, "seed of poisson arrivals")
	f.StringVar(&l.duration, "duration", "10s", "how long requests are sent")
	f.StringVar(&l.timeout, "timeout", "5s", "most that a request may take")
	f.StringVar(&l.method, "method", http.MethodGet, "request method")
	f.StringArrayVar(&l.headers, "header", nil, "request header, as Name: value; may be given again")
	f.StringVar(&l.body, "body", "", "request body")
	f.StringVar(&l.raw, "raw", "", "write every request to this Parquet file, which must not exist")
	f.BoolVar(&l.asJSON, "json", false, "print JSON")
	cmd.RegisterFlagCompletionFunc("arrivals", cobra.FixedCompletions(bench.ArrivalsNames, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// What is taken to be meant: requests a second, and connections from one address to another.
const (
	largestRate     = 10_000_000
	mostConnections = 60_000
)

// input turns the flags into a workload and a schedule.
func (l *loader) input(address string) (base string, w bench.Workload, s bench.Schedule, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", w, s, badInput("write it as http://HOST:PORT/PATH", "%q is no http address", address)
	}
	if _, err := http.NewRequest(l.method, address, nil); err != nil {
		return "", w, s, badInput("", "--method: %w", err)
	}
	base, w.Path = u.Scheme+"://"+u.Host, u.RequestURI()
	w.Driver, w.Method, w.Body, w.Headers = "http", l.method, l.body, map[string]string{}
	for _, h := range l.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return "", w, s, badInput("write it as Name: value", "%q is no header", h)
		}
		w.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	if err := w.Timeout.UnmarshalText([]byte(l.timeout)); err != nil {
		return "", w, s, badInput("", "--timeout: %w", err)
	}
	if err := s.Duration.UnmarshalText([]byte(l.duration)); err != nil {
		return "", w, s, badInput("", "--duration: %w", err)
	}
	s.Seed, s.Connections, s.Arrivals = l.seed, l.connections, bench.Arrivals(l.arrivals)
	switch {
	case l.arrivals != string(bench.Constant) && l.arrivals != string(bench.Poisson):
		return "", w, s, badInput("known are constant and poisson", "unknown arrivals %q", l.arrivals)
	case l.connections < 0 || l.connections > mostConnections:
		return "", w, s, badInput("", "--connections must be from 1 to %d", mostConnections)
	case l.connections > 0 && l.rate != "":
		return "", w, s, badInput("--rate makes an open loop, --connections a closed one", "give --rate or --connections, not both")
	case l.connections > 0:
		return base, w, s, nil
	case l.rate == "":
		l.rate = "100"
	}
	if err := s.Rate.UnmarshalText([]byte(l.rate)); err != nil {
		return "", w, s, badInput("", "--rate: %w", err)
	}
	if s.Rate > largestRate {
		return "", w, s, badInput("", "--rate: no machine sends %s", s.Rate)
	}
	return base, w, s, nil
}

func (l *loader) run(cmd *cobra.Command, address string) error {
	base, w, s, err := l.input(address)
	if err != nil {
		return err
	}
	t := newTally(w.Timeout.Duration)
	var raw *record.Hits
	if l.raw != "" {
		if raw, err = record.CreateHits(l.raw); err != nil {
			return badInput("choose a file that does not exist in a folder that can be written", "--raw: %w", err)
		}
		raw.Begin("load")
	}
	driver := &load.HTTP{}
	defer driver.Close()
	var broken error
	stats, err := driver.Drive(cmd.Context(), bench.Load{URL: base, Workload: w, Schedule: s}, func(h bench.Hit) {
		t.add(h)
		if raw != nil && broken == nil {
			broken = raw.Record(h)
		}
	})
	if raw != nil {
		broken = errors.Join(broken, raw.Close())
	}
	switch {
	case err != nil:
		return err
	case broken != nil:
		return fmt.Errorf("--raw: %w", broken)
	}
	out := t.loaded(s, stats)
	if cmd.Context().Err() != nil {
		out.Warnings = append(out.Warnings, "interrupted before the end")
	}
	if l.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(), out)
	}
	return out.print(cmd.OutOrStdout())
}

// tally counts hits in bounded memory.
type tally struct {
	latency, response, lag *hdrhistogram.Histogram // nanoseconds
	errors                 map[string]uint64
	bytesIn                int64
	timeout                time.Duration
}

func newTally(timeout time.Duration) *tally {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(10*time.Minute), 3) }
	return &tally{histogram(), histogram(), histogram(), map[string]uint64{}, 0, timeout}
}

func (t *tally) add(h bench.Hit) {
	if h.Err != "" {
		t.errors[h.Err]++
	}
	latency, response := h.Latency(), h.ResponseTime()
	if !h.Good() { // so that a fast refusal cannot improve a percentile
		latency, response = max(latency, t.timeout), max(response, t.timeout)
	}
	t.latency.RecordValue(int64(latency))
	t.response.RecordValue(int64(response))
	t.lag.RecordValue(int64(h.Lag()))
	t.bytesIn += h.BytesIn
}

func (t *tally) loaded(s bench.Schedule, d bench.DriveStats) Loaded {
	us := func(h *hdrhistogram.Histogram) Quantiles {
		at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
		return Quantiles{at(50), at(90), at(99), at(99.9), float64(h.Max()) / 1e3, h.Mean() / 1e3}
	}
	out := Loaded{
		Requests: d.Sent, Errors: t.errors, Clock: d.Clock, LatencyUS: us(t.latency), ResponseUS: us(t.response), LagUS: us(t.lag),
		CPUSeconds: d.Generator.Seconds(), PeakRSSBytes: process.PeakRSS(), BytesIn: t.bytesIn, Warnings: []string{},
	}
	seconds := d.Elapsed.Seconds()
	if seconds > 0 {
		out.AchievedRate = float64(d.Sent) / seconds
	}
	out.OfferedRate = out.AchievedRate
	if s.OpenLoop() {
		out.OfferedRate = float64(s.Rate)
	}
	if len(t.errors) > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("requests failed; they count as %v in latency and response time", t.timeout))
	}
	if d.Clock == "user" {
		out.Warnings = append(out.Warnings, "clock: user; latencies hold the generator's own delay")
	}
	if d.Censored > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%d requests were due but never sent", d.Censored))
	}
	if limit := max(1000, out.ResponseUS.P50/20); s.OpenLoop() && out.LagUS.P99 > limit {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the generator sent late: lag is %.0f µs at p99; response time holds it, latency does not", out.LagUS.P99))
	}
	if used := out.CPUSeconds / max(seconds, 1e-9); s.OpenLoop() && used > .7 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the generator used %.0f%% of a CPU: it may measure itself", used*100))
	}
	return out
}

func (l Loaded) print(w io.Writer) error {
	fmt.Fprintf(w, "%d requests, %.1f/s of %.1f/s offered, %d bytes in, clock %s\n", l.Requests, l.AchievedRate, l.OfferedRate, l.BytesIn, l.Clock)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "microseconds\tp50\tp90\tp99\tp99.9\tmax\tmean\t")
	for _, row := range []struct {
		name string
		q    Quantiles
	}{{"latency", l.LatencyUS}, {"response time", l.ResponseUS}, {"lag", l.LagUS}} {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", row.name, row.q.P50, row.q.P90, row.q.P99, row.q.P999, row.q.Max, row.q.Mean)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for kind, n := range l.Errors {
		fmt.Fprintf(w, "%d errors: %s\n", n, kind)
	}
	for _, warning := range l.Warnings {
		fmt.Fprintf(w, "! %s\n", warning)
	}
	return nil
}
