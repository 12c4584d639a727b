package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"

	"github.com/claimbench/claimbench/internal/inference"
)

// printMachine prints what was measured where.
func printMachine(w io.Writer, b *bed) {
	var model, kernel string
	if info, err := cpu.Info(); err == nil && len(info) > 0 {
		model = info[0].ModelName
	}
	if info, err := host.Info(); err == nil {
		kernel = strings.TrimSpace(info.Platform + " " + info.PlatformVersion + ", kernel " + info.KernelVersion)
		if info.VirtualizationRole == "guest" {
			kernel += ", a virtual machine"
		}
	}
	fmt.Fprintf(w, "%s, %s.\nTools on CPU %s, server on another; %d rounds of %v, %s.\n",
		model, kernel, b.generator, b.rounds, b.duration, time.Now().Format("2 January 2006"))
	var versions []string
	for _, t := range b.tools {
		if _, version, ok := strings.Cut(t.module, "@"); ok {
			versions = append(versions, t.name+" "+version)
		}
	}
	fmt.Fprintf(w, "%s; wrk from the distribution.\n\n", strings.Join(versions, ", "))
}

// printAccuracy prints how accurate each tool is, and how accurate bench is in detail.
func printAccuracy(w io.Writer, b *bed, found map[point][]measurement) {
	fmt.Fprint(w, "Accuracy: latency in microseconds as reported/true, in the round with the median error.\n\n")
	fmt.Fprint(w, "| tool | rate | sent | p50 | p99 | p99.9 | p99 off by |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, t := range b.tools {
		for _, rate := range b.rates {
			rounds := found[point{tool: t.name, rate: rate}]
			if len(rounds) == 0 {
				continue
			}
			pair := func(q float64) string {
				m := middle(rounds, q)
				return fmt.Sprintf("%d / %d", m.At(q).Microseconds(), m.truth.At(q).Microseconds())
			}
			sent := median(rounds, func(m measurement) float64 {
				return float64(m.requests) / (float64(rate) * b.duration.Seconds()) * 100
			})
			fmt.Fprintf(w, "| %s | %d/s | %.0f%% | %s | %s | %s | %.2f× |\n",
				t.name, rate, sent, pair(.5), pair(.99), pair(.999), middle(rounds, .99).ratio(.99))
		}
	}
	printOwnAccuracy(w, b, found)
}

// printOwnAccuracy prints the errors of bench, and what is allowed.
func printOwnAccuracy(w io.Writer, b *bed, found map[point][]measurement) {
	fmt.Fprint(w, "\nAccuracy of bench: the median error over the rounds, |reported - true|, of an allowed\n"+
		"max(20 µs, 5% of the truth), in microseconds. Lag is the median over the rounds too.\n\n")
	fmt.Fprint(w, "| rate | p50 | p99 | p99.9 | lag p50 | lag p99 |\n|---:|---:|---:|---:|---:|---:|\n")
	for _, rate := range b.rates {
		rounds := found[point{tool: benchName, rate: rate}]
		off := func(q float64) string {
			return fmt.Sprintf("%.0f of %.0f",
				median(rounds, func(m measurement) float64 { return math.Abs((m.At(q) - m.truth.At(q)).Seconds()) * 1e6 }),
				median(rounds, func(m measurement) float64 { return max(20, m.truth.At(q).Seconds()*1e6/20) }))
		}
		lag := func(q float64) string {
			us := func(m measurement) float64 { return float64(m.lag.At(q).Microseconds()) }
			return fmt.Sprintf("%.0f", median(rounds, us))
		}
		fmt.Fprintf(w, "| %d/s | %s | %s | %s | %s | %s |\n", rate, off(.5), off(.99), off(.999), lag(.5), lag(.99))
	}
}

// printLimits prints the highest rate of each tool.
func printLimits(w io.Writer, b *bed, found map[string][]float64) {
	fmt.Fprintf(w, "\nCapacity: requests per second in a closed loop over %d connections, median of the rounds.\n\n",
		connections)
	fmt.Fprint(w, "| tool | requests/s | of wrk's | of vegeta's | rounds |\n|---|---:|---:|---:|---|\n")
	wrk, vegeta := inference.Median(found["wrk"]), inference.Median(found["vegeta"])
	for _, t := range b.tools {
		var all []string
		for _, rate := range found[t.name] {
			all = append(all, fmt.Sprintf("%.0f", rate))
		}
		rate := inference.Median(found[t.name])
		fmt.Fprintf(w, "| %s | %.0f | %.2f | %.2f | %s |\n", t.name, rate, rate/wrk, rate/vegeta, strings.Join(all, ", "))
	}
}

// median returns the median of a figure over the rounds.
func median(rounds []measurement, figure func(measurement) float64) float64 {
	var all []float64
	for _, m := range rounds {
		all = append(all, figure(m))
	}
	return inference.Median(all)
}
