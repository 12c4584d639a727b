package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/calibrate"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/text"
)

func newCalibrate(g *globalOptions) *cobra.Command {
	o := &calibrateOptions{
		global:   g,
		rates:    []bench.Rate{500, 2000, 5000, 10000, 20000},
		duration: bench.Duration{Duration: 5 * time.Second},
	}
	cmd := withExitStatus(&cobra.Command{
		Use:   "calibrate",
		Short: "Measure the load generator itself: its accuracy, capacity and lag on this machine",
		Long: `calibrate drives two servers that are part of bench. The first does nothing: it shows how many
requests per second the load generator can send. The second knows from the kernel's timestamps how
long it held each request: it shows how accurate the reported times are. The load generator and
the servers are pinned to CPUs as in a run.

With --live-overhead-pairs it measures what the live page costs. It then calibrates in pairs,
without and with a live page that is watched and scraped.`,
		Example: `  bench calibrate
  bench calibrate --rate 1000,5000 --duration 3s
  bench calibrate --live-overhead-pairs 6`,
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}, statusDone, statusError, statusInput)
	o.addFlags(cmd)
	return cmd
}

// calibrateOptions are the flags of calibrate.
type calibrateOptions struct {
	global      *globalOptions
	rates       []bench.Rate
	duration    bench.Duration
	connections int
	pairs       int
	asJSON      bool
}

// mostPairs is the largest --live-overhead-pairs.
const mostPairs = 100

func (o *calibrateOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(newRatesFlag(&o.rates), "rate", "rates at which to measure the accuracy")
	f.Var(newDurationFlag(&o.duration), "duration", "how long each measurement takes")
	f.IntVar(&o.connections, "connections", calibrate.DefaultConnections,
		"`number` of connections of the closed loop that finds the capacity")
	f.IntVar(&o.pairs, "live-overhead-pairs", 0, "measure the overhead of the live page over this `number` of pairs")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	renameFlag(cmd, "rates", "rate")
	renameFlag(cmd, "live", "live-overhead-pairs")
}

func (o *calibrateOptions) check() error {
	const hint = "see bench calibrate --help"
	if o.pairs < 0 || o.pairs == 1 || o.pairs > mostPairs {
		return advice.BadInput(hint, "--live-overhead-pairs must be from 2 to %d", mostPairs)
	}
	if o.connections < 1 || o.connections > mostConnections {
		return advice.BadInput(hint, "--connections must be from 1 to %d", mostConnections)
	}
	return nil
}

func (o *calibrateOptions) run(cmd *cobra.Command) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	c := calibrate.Calibration{
		Program:     program,
		Rates:       o.rates,
		Duration:    o.duration.Duration,
		Connections: o.connections,
		Progress: func(what string) {
			if !o.global.quiet {
				fmt.Fprintln(cmd.ErrOrStderr(), what)
			}
		},
	}
	c.Generator, c.Servers, _ = cpuset.Split(cpuset.Allowed().Cores())
	if len(c.Servers) > 0 {
		restore, err := cpuset.PinSelf(c.Generator)
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "! nothing is pinned: %v\n", err)
			c.Generator, c.Servers = nil, nil
		} else {
			defer restore()
		}
	}
	if o.pairs > 0 {
		return o.liveOverhead(cmd, c)
	}
	certificate, err := c.Certify(cmd.Context())
	if err != nil {
		return err
	}
	if o.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(), certificate)
	}
	return printCertificate(cmd.OutOrStdout(), certificate)
}

func (o *calibrateOptions) liveOverhead(cmd *cobra.Command, c calibrate.Calibration) error {
	list, err := c.LiveOverhead(cmd.Context(), o.pairs)
	if err != nil {
		return err
	}
	if o.asJSON {
		return text.WriteJSON(cmd.OutOrStdout(), list)
	}
	return printOverhead(cmd.OutOrStdout(), list, o.pairs)
}

func printCertificate(w io.Writer, c bench.Certificate) error {
	where := "load generator and servers share the CPUs"
	if c.Servers != "" {
		where = placed(c.Generator, c.Servers)
	}
	fmt.Fprintf(w, "clock: %s; %s; attackers: %d\n", c.Clock, where, c.Attackers)
	fmt.Fprintf(w, "capacity: %.0f requests per second over %d connections "+
		"(the load generator used %.2f CPUs, the null server %.2f)\n",
		c.Limit.Rate, c.Limit.Connections, c.Limit.GeneratorCPU, c.Limit.ServerCPU)
	if len(c.Accuracy) > 0 {
		fmt.Fprint(w, "\nmicroseconds, reported/true; the reported time includes the trip there and back\n")
		if err := printAccuracy(w, c.Accuracy); err != nil {
			return err
		}
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "! %s\n", warning)
	}
	return nil
}

func printAccuracy(w io.Writer, list []bench.Accuracy) error {
	us := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e3) }
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "rate\tsent\tp50\tp90\tp99\tp99.9\tlag p50\tlag p99\tgenerator CPU\t")
	for _, a := range list {
		row := []string{a.Rate.String(), fmt.Sprintf("%.1f%%", a.Sent*100)}
		for _, q := range []float64{.5, .9, .99, .999} {
			row = append(row, us(a.Reported.At(q))+"/"+us(a.Truth.At(q)))
		}
		row = append(row, us(a.Lag.P50), us(a.Lag.P99), fmt.Sprintf("%.0f%%", a.GeneratorCPU*100))
		fmt.Fprintf(t, "%s\t\n", strings.Join(row, "\t"))
	}
	return t.Flush()
}

func printOverhead(w io.Writer, list []calibrate.Overhead, pairs int) error {
	fmt.Fprintf(w, "The load generator without and with a live page that is watched and scraped every second: "+
		"medians of %d pairs\n\n", pairs)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tWITHOUT\tWITH\tWITH AGAINST WITHOUT (95%)")
	for _, o := range list {
		change := ""
		if o.Ratio != nil {
			change = fmt.Sprintf("%.3f× (%.3f to %.3f)", *o.Ratio, o.Low, o.High)
		} else {
			change = fmt.Sprintf("%+.1f %s (%+.1f to %+.1f)", *o.Difference, o.Unit, o.Low, o.High)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", o.Name, text.Quantity(o.Off, o.Unit), text.Quantity(o.On, o.Unit), change)
	}
	return t.Flush()
}
