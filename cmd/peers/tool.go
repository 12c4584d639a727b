package main

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/inference"
)

//go:embed open.js
var openScript string

//go:embed closed.js
var closedScript string

// reported is what a tool says of an open loop.
type reported struct {
	requests int
	bench.Quantiles
	lag bench.Quantiles // of ours only
}

// tool is a load generator that is run as its users run it.
type tool struct {
	name   string
	module string // of the Go registry, with its version; "" where it is not from there
	// open reports on an open loop of constant arrivals; nil where the tool has none.
	open func(b *bed, url string, rate int) (reported, error)
	// closed is the rate, in requests a second, of a closed loop.
	closed func(b *bed, url string) (float64, error)
}

var tools = []tool{
	{"bench", "", benchOpen, benchClosed},
	{"vegeta", "github.com/tsenart/vegeta/v12@v12.13.0", vegetaOpen, vegetaClosed},
	{"k6", "go.k6.io/k6@v1.8.1", k6Open, k6Closed},
	{"hey", "github.com/rakyll/hey@v0.1.5", heyOpen, heyClosed},
	{"wrk", "", nil, wrkClosed},
}

// bed is where the tools run.
type bed struct {
	folder    string // with the tools in bin/
	generator cpuset.Set
	duration  time.Duration
	tools     []tool
}

func (b *bed) seconds() string { return strconv.FormatFloat(b.duration.Seconds(), 'f', -1, 64) }

func (b *bed) path(name string) string {
	if own := filepath.Join(b.folder, "bin", name); exists(own) {
		return own
	}
	return name
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// run runs a tool on the generator's CPUs and returns what it printed.
func (b *bed) run(input io.Reader, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(b.path(name), args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &out, &complaint
	cmd.Env = append(os.Environ(), "K6_NO_USAGE_REPORT=true", "K6_AUTO_EXTENSION_RESOLUTION=false")
	if err := cpuset.StartOn(b.generator, cmd.Start); err != nil {
		return nil, err
	}
	kill := time.AfterFunc(b.duration+time.Minute, func() { cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, complaint.Bytes())
	}
	return out.Bytes(), nil
}

const connections = 64

func us(x float64) time.Duration { return time.Duration(x * float64(time.Microsecond)) }

func benchOpen(b *bed, url string, rate int) (r reported, err error) {
	out, err := b.run(nil, "bench", "load", url, "--rate", strconv.Itoa(rate), "--duration", b.seconds()+"s", "--json")
	if err != nil {
		return r, err
	}
	var loaded struct {
		Requests  int                              `json:"requests"`
		LatencyUS struct{ P50, P99, P999 float64 } `json:"latency_us"`
		LagUS     struct{ P50, P99 float64 }       `json:"lag_us"`
	}
	err = json.Unmarshal(out, &loaded)
	r.requests = loaded.Requests
	r.P50, r.P99, r.P999 = us(loaded.LatencyUS.P50), us(loaded.LatencyUS.P99), us(loaded.LatencyUS.P999)
	r.lag.P50, r.lag.P99 = us(loaded.LagUS.P50), us(loaded.LagUS.P99)
	return r, err
}

func benchClosed(b *bed, url string) (float64, error) {
	out, err := b.run(nil, "bench", "load", url, "--connections", strconv.Itoa(connections), "--duration", b.seconds()+"s", "--json")
	if err != nil {
		return 0, err
	}
	var loaded struct {
		AchievedRate float64 `json:"achieved_rate"`
	}
	err = json.Unmarshal(out, &loaded)
	return loaded.AchievedRate, err
}

// attack runs vegeta's command; its results stay in its own file format, since to
// turn them into a report meanwhile would take its CPU.
func attack(b *bed, url string, args ...string) (latencies []time.Duration, span time.Duration, err error) {
	file := filepath.Join(b.folder, "vegeta.gob")
	defer os.Remove(file)
	args = append([]string{"attack", "-duration=" + b.seconds() + "s", "-max-body=0", "-output=" + file}, args...)
	if _, err := b.run(strings.NewReader("GET "+url), "vegeta", args...); err != nil {
		return nil, 0, err
	}
	results, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	defer results.Close()
	decode := vegeta.NewDecoder(results)
	var first, last time.Time
	for {
		var r vegeta.Result
		if err := decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, 0, err
		}
		latencies = append(latencies, r.Latency)
		if first.IsZero() || r.Timestamp.Before(first) {
			first = r.Timestamp
		}
		if end := r.Timestamp.Add(r.Latency); end.After(last) {
			last = end
		}
	}
	if len(latencies) == 0 {
		return nil, 0, errors.New("vegeta: no results")
	}
	return latencies, last.Sub(first), nil
}

func quantiles(latencies []time.Duration) bench.Quantiles {
	slices.Sort(latencies)
	return bench.Quantiles{P50: inference.Quantile(latencies, .5), P99: inference.Quantile(latencies, .99), P999: inference.Quantile(latencies, .999)}
}

// vegetaOpen bounds the workers: without that, on a single core, each delay makes it
// dial more connections than it has time for, and at 10,000 a second it collapses.
func vegetaOpen(b *bed, url string, rate int) (r reported, err error) {
	n := strconv.Itoa(connections)
	latencies, _, err := attack(b, url, "-rate="+strconv.Itoa(rate)+"/s", "-workers="+n, "-max-workers="+n)
	if err != nil {
		return r, err
	}
	return reported{requests: len(latencies), Quantiles: quantiles(latencies)}, nil
}

func vegetaClosed(b *bed, url string) (float64, error) {
	n := strconv.Itoa(connections)
	latencies, span, err := attack(b, url, "-rate=0", "-workers="+n, "-max-workers="+n, "-connections="+n, "-max-connections="+n)
	return float64(len(latencies)) / max(span.Seconds(), 1e-9), err
}

func k6(b *bed, script, url string, env ...string) ([]byte, error) {
	args := []string{"run", "--quiet", "--no-color", "--address=", "-e", "URL=" + url, "-e", "DURATION=" + b.seconds()}
	for _, e := range env {
		args = append(args, "-e", e)
	}
	return b.run(strings.NewReader(script), "k6", append(args, "-")...)
}

func k6Open(b *bed, url string, rate int) (r reported, err error) {
	out, err := k6(b, openScript, url, "RATE="+strconv.Itoa(rate))
	if err != nil {
		return r, err
	}
	var summary struct {
		Requests       int
		P50, P99, P999 float64
	}
	err = json.Unmarshal(out, &summary)
	return reported{requests: summary.Requests, Quantiles: bench.Quantiles{P50: us(summary.P50), P99: us(summary.P99), P999: us(summary.P999)}}, err
}

func k6Closed(b *bed, url string) (float64, error) {
	out, err := k6(b, closedScript, url, "CONNECTIONS="+strconv.Itoa(connections))
	if err != nil {
		return 0, err
	}
	var summary struct{ Rate float64 }
	err = json.Unmarshal(out, &summary)
	return summary.Rate, err
}

// heyOpen is as near to an open loop as hey comes: each of its workers sends at a
// rate of its own, but waits for its answers. It prints times in steps of 100 µs.
func heyOpen(b *bed, url string, rate int) (r reported, err error) {
	perWorker := strconv.FormatFloat(float64(rate)/connections, 'f', 3, 64)
	out, err := b.run(nil, "hey", "-z", b.seconds()+"s", "-c", strconv.Itoa(connections), "-q", perWorker, "-o", "csv", url)
	if err != nil {
		return r, err
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) < 2 {
		return r, errors.Join(errors.New("hey: no results"), err)
	}
	var latencies []time.Duration
	for _, row := range rows[1:] {
		seconds, err := strconv.ParseFloat(row[0], 64)
		if err != nil {
			return r, err
		}
		latencies = append(latencies, us(seconds*1e6))
	}
	return reported{requests: len(latencies), Quantiles: quantiles(latencies)}, nil
}

var perSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

func textRate(out []byte, err error) (float64, error) {
	if err != nil {
		return 0, err
	}
	found := perSecond.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("no rate in %.200q", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

func heyClosed(b *bed, url string) (float64, error) {
	return textRate(b.run(nil, "hey", "-z", b.seconds()+"s", "-c", strconv.Itoa(connections), url))
}

func wrkClosed(b *bed, url string) (float64, error) {
	return textRate(b.run(nil, "wrk", "-t1", "-c"+strconv.Itoa(connections), "-d"+b.seconds()+"s", url))
}
