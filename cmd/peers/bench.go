package main

import (
	"encoding/json"
	"strconv"

	"github.com/claimbench/claimbench/internal/bench"
)

func benchOpenLoop(b *bed, url string, rate int) (r openLoop, err error) {
	out, err := b.run(nil, benchName, "load", url, "--rate", strconv.Itoa(rate), "--duration", b.seconds()+"s", "--json")
	if err != nil {
		return r, err
	}
	var loaded struct {
		Requests  int                              `json:"requests"`
		LatencyUS struct{ P50, P99, P999 float64 } `json:"latency_us"`
		LagUS     struct{ P50, P99 float64 }       `json:"lag_us"`
	}
	err = json.Unmarshal(out, &loaded)
	return openLoop{
		requests: loaded.Requests,
		Quantiles: bench.Quantiles{
			P50:  microseconds(loaded.LatencyUS.P50),
			P99:  microseconds(loaded.LatencyUS.P99),
			P999: microseconds(loaded.LatencyUS.P999),
		},
		lag: bench.Quantiles{P50: microseconds(loaded.LagUS.P50), P99: microseconds(loaded.LagUS.P99)},
	}, err
}

func benchClosedLoop(b *bed, url string) (float64, error) {
	out, err := b.run(nil, benchName, "load", url,
		"--connections", strconv.Itoa(connections), "--duration", b.seconds()+"s", "--json")
	if err != nil {
		return 0, err
	}
	var loaded struct {
		AchievedRate float64 `json:"achieved_rate"`
	}
	err = json.Unmarshal(out, &loaded)
	return loaded.AchievedRate, err
}
