package main

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
)

//go:embed open.js
var k6OpenScript string

//go:embed closed.js
var k6ClosedScript string

// k6 runs a script, which prints one line of JSON.
func k6(b *bed, script, url string, env ...string) ([]byte, error) {
	args := []string{"run", "--quiet", "--no-color", "--address=", "-e", "URL=" + url, "-e", "DURATION=" + b.seconds()}
	for _, e := range env {
		args = append(args, "-e", e)
	}
	return b.run(strings.NewReader(script), "k6", append(args, "-")...)
}

func k6OpenLoop(b *bed, url string, rate int) (r openLoop, err error) {
	out, err := k6(b, k6OpenScript, url, "RATE="+strconv.Itoa(rate))
	if err != nil {
		return r, err
	}
	var summary struct {
		Requests       int
		P50, P99, P999 float64 // microseconds
	}
	err = json.Unmarshal(out, &summary)
	return openLoop{
		requests: summary.Requests,
		Quantiles: bench.Quantiles{
			P50:  microseconds(summary.P50),
			P99:  microseconds(summary.P99),
			P999: microseconds(summary.P999),
		},
	}, err
}

func k6ClosedLoop(b *bed, url string) (float64, error) {
	out, err := k6(b, k6ClosedScript, url, "CONNECTIONS="+strconv.Itoa(connections))
	if err != nil {
		return 0, err
	}
	var summary struct{ Rate float64 }
	err = json.Unmarshal(out, &summary)
	return summary.Rate, err
}
