package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
)

// tool is a load generator, run as its users run it.
type tool struct {
	name   string
	module string // of Go's registry, with its version; empty if it is not from there
	// openLoop drives a URL with constant arrivals at a rate in requests per second; nil
	// if the tool has no open loop.
	openLoop func(b *bed, url string, rate int) (openLoop, error)
	// closedLoop drives a URL over connections, and returns the requests per second.
	closedLoop func(b *bed, url string) (float64, error)
}

// openLoop holds what a tool reports of an open loop.
type openLoop struct {
	requests int
	bench.Quantiles
	lag bench.Quantiles // only bench reports it
}

// benchName is the name of this program among the tools.
const benchName = "bench"

// allTools returns the tools in the order of the tables.
func allTools() []tool {
	return []tool{
		{name: benchName, openLoop: benchOpenLoop, closedLoop: benchClosedLoop},
		{
			name:       "vegeta",
			module:     "github.com/tsenart/vegeta/v12@v12.13.0",
			openLoop:   vegetaOpenLoop,
			closedLoop: vegetaClosedLoop,
		},
		{name: "k6", module: "go.k6.io/k6@v1.8.1", openLoop: k6OpenLoop, closedLoop: k6ClosedLoop},
		{name: "hey", module: "github.com/rakyll/hey@v0.1.5", openLoop: heyOpenLoop, closedLoop: heyClosedLoop},
		{name: "wrk", closedLoop: wrkClosedLoop},
	}
}

// microseconds returns a duration.
func microseconds(us float64) time.Duration { return time.Duration(us * float64(time.Microsecond)) }

// newOpenLoop returns the report of a tool that lists the latency of each request.
func newOpenLoop(latencies []time.Duration) openLoop {
	slices.Sort(latencies)
	return openLoop{
		requests: len(latencies),
		Quantiles: bench.Quantiles{
			P50:  inference.Quantile(latencies, .5),
			P99:  inference.Quantile(latencies, .99),
			P999: inference.Quantile(latencies, .999),
		},
	}
}

// printedRate finds the requests per second in the output of hey or wrk. It passes an
// error on.
func printedRate(out []byte, err error) (float64, error) {
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`).FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("the output has no line Requests/sec: %.200q", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
