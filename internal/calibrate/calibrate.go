package calibrate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/load"
	"github.com/claimbench/claimbench/internal/reference"
)

// DefaultConnections is the number of connections of the closed loop that finds the
// load generator's limit.
const DefaultConnections = 64

// requestTimeout limits each request of a calibration.
const requestTimeout = 5 * time.Second

// Calibration says what to measure. Pin the process as it will be pinned when it
// measures servers.
type Calibration struct {
	Program     string     // path of bench, which serves as the null and the truth server
	Generator   cpuset.Set // CPUs of this process; Certify only records them
	Servers     cpuset.Set // CPUs of the null and the truth server; empty for any
	Rates       []bench.Rate
	Duration    time.Duration     // of each drive
	Connections int               // of the closed loop
	Progress    func(what string) // gets one line at the start of each step
	Observe     func(bench.Hit)   // gets every request, as in a run; nil for none
}

// Certify measures the load generator. If the true times are not available here, a
// warning of the certificate says so. An error means that a measurement failed.
func (c Calibration) Certify(ctx context.Context) (bench.Certificate, error) {
	certificate := bench.Certificate{
		Time:      time.Now().UTC(),
		Generator: c.Generator.String(),
		Servers:   c.Servers.String(),
	}
	if len(c.Servers) == 0 {
		certificate.Warnings = append(certificate.Warnings, "load generator and server shared CPUs")
	}
	if err := c.limit(ctx, &certificate); err != nil {
		return certificate, err
	}
	if runtime.GOOS != "linux" {
		certificate.Warnings = append(certificate.Warnings,
			"accuracy was not measured: it needs the kernel's receive stamps, which only Linux gives")
		return certificate, nil
	}
	if err := c.accuracy(ctx, &certificate); err != nil {
		return certificate, err
	}
	return certificate, nil
}

// observe hands a request on.
func (c Calibration) observe(h bench.Hit) {
	if c.Observe != nil {
		c.Observe(h)
	}
}

// workload returns the request of all drives.
func workload() bench.Workload {
	return bench.Workload{
		Driver:  bench.DriverHTTP,
		Method:  "GET",
		Path:    "/",
		Timeout: bench.Duration{Duration: requestTimeout},
		Expect:  bench.Expect{Status: 200},
	}
}

// limit drives the null server in a closed loop.
func (c Calibration) limit(ctx context.Context, into *bench.Certificate) error {
	c.Progress("calibrating: highest rate against a server that does nothing")
	server, err := reference.Start(c.Program, "null", c.Servers)
	if err != nil {
		return err
	}
	driver := &load.HTTP{}
	defer driver.Close()
	closedLoop := bench.Load{
		URL:      server.URL,
		Workload: workload(),
		Schedule: bench.Schedule{Connections: c.Connections, Duration: bench.Duration{Duration: c.Duration}},
	}
	var good uint64
	stats, err := driver.Drive(ctx, closedLoop, func(h bench.Hit) {
		c.observe(h)
		if h.Good() {
			good++
		}
	})
	used, stopErr := server.Stop()
	switch {
	case err != nil || stopErr != nil:
		return errors.Join(err, stopErr)
	case ctx.Err() != nil:
		return ctx.Err()
	case good == 0:
		return errors.New("calibrate: the null server gave no valid answer")
	}
	seconds := stats.Elapsed.Seconds()
	into.Clock, into.Attackers = stats.Clock, stats.Attackers
	into.Limit = bench.GeneratorLimit{
		Connections:  c.Connections,
		Rate:         float64(good) / seconds,
		GeneratorCPU: stats.Generator.Seconds() / seconds,
		ServerCPU:    used.Seconds() / seconds,
	}
	return nil
}

// accuracy drives the truth server at each rate.
func (c Calibration) accuracy(ctx context.Context, into *bench.Certificate) error {
	server, err := reference.Start(c.Program, "truth", c.Servers)
	if err != nil {
		return err
	}
	defer func() { _, _ = server.Stop() }() // the truth was reported before; how the server exits does not change it
	driver := &load.HTTP{}
	defer driver.Close()
	for _, rate := range c.Rates {
		c.Progress(fmt.Sprintf("calibrating: accuracy at %s against a server that records the true times", rate))
		one := drive{Calibration: c, rate: rate, driver: driver, server: server}
		if err := one.measure(ctx, into); err != nil {
			return err
		}
	}
	return nil
}

// drive measures the accuracy at one rate.
type drive struct {
	Calibration
	rate   bench.Rate
	driver *load.HTTP
	server *reference.Child
}

// measure drives the truth server once, and compares what the load generator reports
// with the true times.
func (d drive) measure(ctx context.Context, into *bench.Certificate) error {
	if _, err := d.server.Truth(ctx); err != nil { // makes the server forget earlier requests
		return err
	}
	latency, lag := newHistogram(), newHistogram()
	a := bench.Accuracy{Rate: d.rate}
	openLoop := bench.Load{
		URL:      d.server.URL,
		Workload: workload(),
		Schedule: bench.Schedule{
			Offered:  bench.Offered{Rate: d.rate},
			Arrivals: bench.Poisson,
			Seed:     1,
			Duration: bench.Duration{Duration: d.Duration},
		},
	}
	stats, err := d.driver.Drive(ctx, openLoop, func(h bench.Hit) {
		d.observe(h)
		_ = lag.RecordValue(int64(h.Lag())) // a value out of range is left out
		if h.Good() {
			_ = latency.RecordValue(int64(h.Latency()))
		} else {
			a.Errors++
		}
	})
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	truth, err := d.server.Truth(ctx)
	if err != nil {
		return err
	}
	a.Requests, a.Sent = stats.Sent, float64(stats.Sent)/float64(max(stats.Planned, 1))
	a.Truth, a.Reported, a.Lag = truth.Quantiles, quantiles(latency), quantiles(lag)
	a.GeneratorCPU = stats.Generator.Seconds() / stats.Elapsed.Seconds()
	into.Accuracy = append(into.Accuracy, a)
	if stats.Clock != into.Clock {
		into.Clock = bench.ClockUser
	}
	if uint64(truth.Requests) != stats.Sent-a.Errors {
		into.Warnings = append(into.Warnings, fmt.Sprintf(
			"at %s the load generator sent %d requests, but the server recorded %d", d.rate, stats.Sent, truth.Requests))
	}
	return nil
}

// newHistogram returns a histogram of nanoseconds, up to ten minutes.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(10*time.Minute), 3) }

// quantiles returns the quantiles of a histogram of nanoseconds.
func quantiles(h *hdrhistogram.Histogram) bench.Quantiles {
	at := func(percent float64) time.Duration { return time.Duration(h.ValueAtQuantile(percent)) }
	return bench.Quantiles{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(h.Max())}
}
