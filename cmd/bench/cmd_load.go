package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load"
	"github.com/claimbench/claimbench/internal/loadreport"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

func newLoad() *cobra.Command {
	o := &loadOptions{
		duration: bench.Duration{Duration: 10 * time.Second},
		timeout:  bench.Duration{Duration: 5 * time.Second},
		arrivals: string(bench.Constant),
	}
	cmd := withExitStatus(&cobra.Command{
		Use:   "load URL",
		Short: "Send requests to one address, and print how long they took",
		Long: `load sends requests to one address. With --rate, which is the default, it sends them on schedule,
however slow the answers are: an open loop. With --connections it sends the next request of a
connection when the last is answered: a closed loop. Every request counts; there is no warm-up.

Requests that fail do not change the exit status. They are counted by kind.`,
		Example: `  bench load http://127.0.0.1:8080/json --rate 1000 --duration 30s
  bench load http://127.0.0.1:8080/json --connections 64 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}, "0  requests were sent and measured", statusError, statusInput)
	o.addFlags(cmd)
	return cmd
}

// loadOptions are the flags of load.
type loadOptions struct {
	rate        bench.Rate
	connections int
	arrivals    string
	seed        uint64
	duration    bench.Duration
	timeout     bench.Duration
	method      string
	headers     []string
	body        string
	raw         string
	asJSON      bool
}

// Limits of the flags.
const (
	defaultRate     = 100    // requests per second
	mostConnections = 60_000 // from one address to another
)

func (o *loadOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(newRateFlag(&o.rate), "rate", "requests per second of an open loop (default: 100/s without --connections)")
	f.IntVar(&o.connections, "connections", 0, "`number` of connections of a closed loop")
	f.Var(newChoiceFlag(&o.arrivals, bench.ArrivalsNames...), "arrivals", "arrivals of an open loop")
	f.Uint64Var(&o.seed, "seed", 1, "`number` that sets Poisson arrivals")
	f.Var(newDurationFlag(&o.duration), "duration", "how long to send requests")
	f.Var(newDurationFlag(&o.timeout), "timeout", "how long to wait for an answer")
	f.StringVar(&o.method, "method", http.MethodGet, "request `method`")
	f.StringArrayVar(&o.headers, "header", nil, "request `header`, as \"Name: value\"; may be repeated")
	f.StringVar(&o.body, "body", "", "request body, as `text`")
	f.StringVarP(&o.raw, "raw", "o", "", "write one row per request to this new Parquet `file`")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	completeWords(cmd, "arrivals", bench.ArrivalsNames...)
}

// load checks the flags, and returns what to send, where and when.
func (o *loadOptions) load(address string) (l bench.Load, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return l, advice.BadInput("write it as http://HOST:PORT/PATH", "%q is not an http address", address)
	}
	if _, err := http.NewRequest(o.method, address, nil); err != nil {
		return l, advice.BadInput("use a method such as GET or POST", "--method: %w", err)
	}
	l.URL = u.Scheme + "://" + u.Host
	l.Workload = bench.Workload{
		Driver:  bench.DriverHTTP,
		Method:  o.method,
		Path:    u.RequestURI(),
		Body:    o.body,
		Timeout: o.timeout,
		Headers: map[string]string{},
	}
	for _, h := range o.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return l, advice.BadInput("write it as \"Name: value\"", "--header: %q has no colon", h)
		}
		l.Workload.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	l.Schedule = bench.Schedule{
		Seed:        o.seed,
		Connections: o.connections,
		Arrivals:    bench.Arrivals(o.arrivals),
		Duration:    o.duration,
	}
	switch {
	case o.connections < 0 || o.connections > mostConnections:
		return l, advice.BadInput("see bench load --help", "--connections must be from 1 to %d", mostConnections)
	case o.connections > 0 && o.rate > 0:
		return l, advice.BadInput("--rate makes an open loop, --connections a closed one",
			"use --rate or --connections, not both")
	case o.connections == 0:
		l.Schedule.Rate = defaultRate
		if o.rate > 0 {
			l.Schedule.Rate = o.rate
		}
	}
	return l, nil
}

func (o *loadOptions) run(cmd *cobra.Command, address string) error {
	l, err := o.load(address)
	if err != nil {
		return err
	}
	recorder := loadreport.NewRecorder(l.Workload.Timeout.Duration)
	stats, err := o.drive(cmd, l, recorder)
	if err != nil {
		return err
	}
	out := recorder.Report(l.Schedule, stats)
	if cmd.Context().Err() != nil {
		out.Warn("interrupted before the end")
	}
	if o.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(), out)
	}
	return out.WriteText(cmd.OutOrStdout())
}

// drive sends the requests. It records each of them, and writes it to the raw file if one is wanted.
func (o *loadOptions) drive(
	cmd *cobra.Command,
	l bench.Load,
	recorder *loadreport.Recorder,
) (bench.DriveStats, error) {
	var raw *record.Hits
	if o.raw != "" {
		var err error
		if raw, err = record.CreateHits(o.raw); err != nil {
			return bench.DriveStats{}, advice.BadInput("choose a new file in a folder that you may write to", "--raw: %w", err)
		}
		raw.Begin("load")
	}
	driver := &load.HTTP{}
	defer driver.Close()
	var broken error
	stats, err := driver.Drive(cmd.Context(), l, func(h bench.Hit) {
		recorder.Record(h)
		if raw != nil && broken == nil {
			broken = raw.Record(h)
		}
	})
	if raw != nil {
		broken = errors.Join(broken, raw.Close())
	}
	if err == nil && broken != nil {
		err = fmt.Errorf("--raw: write %s: %w", o.raw, broken)
	}
	return stats, err
}
