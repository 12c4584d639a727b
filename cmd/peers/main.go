// Command peers compares the load generator of bench with those that people use: vegeta,
// k6, hey and wrk. Against a server that records the true times, it measures how accurate
// their figures are. Against a server that does nothing, it measures how much they send.
//
// It builds bench, and installs vegeta, k6 and hey from Go's registry; wrk must be
// installed. Everything runs on this machine: the tools on one CPU, the server on
// another. One tool runs at a time, in an order that shifts with each round. It prints
// Markdown.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/claimbench/claimbench/internal/cpuset"
)

func main() {
	rounds := flag.Int("rounds", 3, "measure each tool this many times")
	duration := flag.Duration("duration", 5*time.Second, "how long each measurement takes")
	flag.Parse()
	if err := run(os.Stdout, os.Stderr, *rounds, *duration); err != nil {
		fmt.Fprintln(os.Stderr, "peers: error:", err)
		os.Exit(1)
	}
}

func run(stdout, stderr io.Writer, rounds int, duration time.Duration) error {
	cores := cpuset.Allowed().Cores()
	if len(cores) < 2 {
		return errors.New("peers needs two cores, one for the tools and one for the server: run it on a larger machine")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	b := &bed{
		folder:    filepath.Join(cache, "claimbench", "peers"),
		generator: cores[0][:1],
		server:    cores[1][:1],
		duration:  duration,
		rounds:    rounds,
		rates:     []int{2000, 10000, 20000},
		stderr:    stderr,
	}
	if err := b.install(); err != nil {
		return err
	}
	accuracy, err := b.measureAccuracy()
	if err != nil {
		return err
	}
	limits, err := b.measureLimits()
	if err != nil {
		return err
	}
	printMachine(stdout, b)
	printAccuracy(stdout, b, accuracy)
	printLimits(stdout, b, limits)
	return nil
}
