package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// vegetaAttack runs vegeta, and returns the latencies and the time that all requests
// took. The results stay in vegeta's own file format until it has exited: making a
// report of them meanwhile would take its CPU.
func vegetaAttack(b *bed, url string, args ...string) (latencies []time.Duration, span time.Duration, err error) {
	file := filepath.Join(b.folder, "vegeta.gob")
	defer func() { _ = os.Remove(file) }() // a temporary file
	args = append([]string{"attack", "-duration=" + b.seconds() + "s", "-max-body=0", "-output=" + file}, args...)
	if _, err := b.run(strings.NewReader("GET "+url), "vegeta", args...); err != nil {
		return nil, 0, err
	}
	results, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = results.Close() }() // only read
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
		return nil, 0, errors.New("vegeta reported no results")
	}
	return latencies, last.Sub(first), nil
}

// vegetaOpenLoop limits the workers. Without a limit, on a single core, each delay makes
// vegeta dial more connections than it has time for; at 10,000 per second it collapses.
func vegetaOpenLoop(b *bed, url string, rate int) (r openLoop, err error) {
	n := strconv.Itoa(connections)
	latencies, _, err := vegetaAttack(b, url, "-rate="+strconv.Itoa(rate)+"/s", "-workers="+n, "-max-workers="+n)
	if err != nil {
		return r, err
	}
	return newOpenLoop(latencies), nil
}

func vegetaClosedLoop(b *bed, url string) (float64, error) {
	n := strconv.Itoa(connections)
	latencies, span, err := vegetaAttack(b, url,
		"-rate=0", "-workers="+n, "-max-workers="+n, "-connections="+n, "-max-connections="+n)
	return float64(len(latencies)) / max(span.Seconds(), 1e-9), err
}
