package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strconv"
	"time"
)

// heyOpenLoop is as close to an open loop as hey gets. Each of its workers sends at
// its own rate, but waits for its answers. It prints times in steps of 100 µs.
func heyOpenLoop(b *bed, url string, rate int) (r openLoop, err error) {
	perWorker := strconv.FormatFloat(float64(rate)/connections, 'f', 3, 64)
	out, err := b.run(nil, "hey",
		"-z", b.seconds()+"s", "-c", strconv.Itoa(connections), "-q", perWorker, "-o", "csv", url)
	if err != nil {
		return r, err
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) < 2 {
		return r, errors.Join(errors.New("hey reported no results"), err)
	}
	var latencies []time.Duration
	for _, row := range rows[1:] {
		seconds, err := strconv.ParseFloat(row[0], 64)
		if err != nil {
			return r, err
		}
		latencies = append(latencies, microseconds(seconds*1e6))
	}
	return newOpenLoop(latencies), nil
}

func heyClosedLoop(b *bed, url string) (float64, error) {
	return printedRate(b.run(nil, "hey", "-z", b.seconds()+"s", "-c", strconv.Itoa(connections), url))
}
