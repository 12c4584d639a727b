// Package calibrate measures the instrument itself: what the load generator
// reports against what a server of ours knows to be true, and how much it can send
// to a server that does nothing.
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

// Calibration is what is to be measured. The process is expected to be pinned
// where it will be pinned when it measures servers.
type Calibration struct {
	Program     string     // bench, which serves the null and the truth server
	Generator   cpuset.Set // for the record
	Servers     cpuset.Set // the CPUs of the null and the truth server
	Rates       []bench.Rate
	Duration    time.Duration // of each drive
	Connections int           // of the closed loop that finds the capacity
	Progress    func(what string)
	Observe     func(bench.Hit) // is told every request, as in a run; nil for none
}

// DefaultConnections are those of the closed loop that finds the capacity.
const DefaultConnections = 64

// Certify measures. Where the truth cannot be known the certificate says so; an
// error means that nothing could be measured.
func (c Calibration) Certify(ctx context.Context) (bench.Certificate, error) {
	certificate := bench.Certificate{Time: time.Now().UTC(), Generator: c.Generator.String(), Servers: c.Servers.String()}
	if len(c.Servers) == 0 {
		certificate.Warnings = append(certificate.Warnings, "generator and server shared CPUs")
	}
	if err := c.capacity(ctx, &certificate); err != nil {
		return certificate, err
	}
	if runtime.GOOS != "linux" {
		certificate.Warnings = append(certificate.Warnings, "accuracy is not known: this system has no receive stamps")
		return certificate, nil
	}
	if err := c.accuracy(ctx, &certificate); err != nil {
		return certificate, err
	}
	return certificate, nil
}

func (c Calibration) observe(h bench.Hit) {
	if c.Observe != nil {
		c.Observe(h)
	}
}

func workload() bench.Workload {
	return bench.Workload{Driver: "http", Method: "GET", Path: "/", Timeout: bench.Duration{Duration: 5 * time.Second}, Expect: bench.Expect{Status: 200}}
}

// capacity drives the null server in a closed loop.
func (c Calibration) capacity(ctx context.Context, into *bench.Certificate) error {
	c.Progress("calibrating: capacity against a server that does nothing")
	server, err := reference.Start(c.Program, "null", c.Servers)
	if err != nil {
		return err
	}
	driver := &load.HTTP{}
	defer driver.Close()
	var good uint64
	stats, err := driver.Drive(ctx, server.URL, workload(), bench.Schedule{Connections: c.Connections, Duration: bench.Duration{Duration: c.Duration}},
		func(h bench.Hit) {
			c.observe(h)
			if h.Good() {
				good++
			}
		})
	used, stopped := server.Stop()
	switch {
	case err != nil || stopped != nil:
		return errors.Join(err, stopped)
	case ctx.Err() != nil:
		return ctx.Err()
	case good == 0:
		return errors.New("calibrate: the null server gave no good answer")
	}
	seconds := stats.Elapsed.Seconds()
	into.Clock, into.Attackers = stats.Clock, stats.Attackers
	into.Limit = bench.GeneratorLimit{
		Connections: c.Connections, Rate: float64(good) / seconds,
		GeneratorCPU: stats.Generator.Seconds() / seconds, ServerCPU: used.Seconds() / seconds,
	}
	return nil
}

// accuracy drives the truth server at each rate.
func (c Calibration) accuracy(ctx context.Context, into *bench.Certificate) error {
	server, err := reference.Start(c.Program, "truth", c.Servers)
	if err != nil {
		return err
	}
	defer server.Stop()
	driver := &load.HTTP{}
	defer driver.Close()
	for _, rate := range c.Rates {
		c.Progress(fmt.Sprintf("calibrating: accuracy at %s against a server that knows the truth", rate))
		if _, err := server.Truth(ctx); err != nil { // it forgets
			return err
		}
		latency, lag := hdrhistogram.New(1, int64(10*time.Minute), 3), hdrhistogram.New(1, int64(10*time.Minute), 3)
		a := bench.Accuracy{Rate: rate}
		stats, err := driver.Drive(ctx, server.URL, workload(), bench.Schedule{Offered: bench.Offered{Rate: rate}, Arrivals: bench.Poisson, Seed: 1, Duration: bench.Duration{Duration: c.Duration}},
			func(h bench.Hit) {
				c.observe(h)
				lag.RecordValue(int64(h.Lag()))
				if h.Good() {
					latency.RecordValue(int64(h.Latency()))
				} else {
					a.Errors++
				}
			})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		truth, err := server.Truth(ctx)
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
			into.Warnings = append(into.Warnings, fmt.Sprintf("at %s the generator sent %d requests, but the truth is of %d", rate, stats.Sent, truth.Requests))
		}
	}
	return nil
}

func quantiles(h *hdrhistogram.Histogram) bench.Quantiles {
	at := func(q float64) time.Duration { return time.Duration(h.ValueAtQuantile(q)) }
	return bench.Quantiles{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(h.Max())}
}
