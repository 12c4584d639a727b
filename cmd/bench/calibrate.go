package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/calibrate"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/text"
)

func newCalibrate() *cobra.Command {
	rates, duration, asJSON, watched := []string{"500", "2000", "5000", "10000", "20000"}, "5s", false, 0
	connections := calibrate.DefaultConnections
	cmd := &cobra.Command{
		Use: "calibrate", Short: "Measure the instrument itself: its accuracy, capacity and lag on this machine",
		Long: `calibrate drives two servers of our own: one that does nothing, to find how much this generator can send,
and one that knows by the kernel's stamps how long it held each request, to find how true its figures are.
Generator and servers are pinned as they are in a run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := calibrate.Calibration{Connections: connections, Progress: func(what string) { fmt.Fprintln(cmd.ErrOrStderr(), what) }}
			var d bench.Duration
			if err := d.UnmarshalText([]byte(duration)); err != nil {
				return badInput("", "--duration: %w", err)
			}
			c.Duration = d.Duration
			for _, text := range rates {
				var rate bench.Rate
				if err := rate.UnmarshalText([]byte(text)); err != nil {
					return badInput("", "--rates: %w", err)
				}
				if rate > largestRate {
					return badInput("", "--rates: no machine sends %s", rate)
				}
				c.Rates = append(c.Rates, rate)
			}
			if watched < 0 || watched == 1 || watched > mostPairs {
				return badInput("", "--live must be from 2 to %d", mostPairs)
			}
			if connections < 1 || connections > mostConnections {
				return badInput("", "--connections must be from 1 to %d", mostConnections)
			}
			var err error
			if c.Program, err = os.Executable(); err != nil {
				return err
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
			if watched > 0 {
				cost, err := livesCost(cmd.Context(), c, watched)
				switch {
				case err != nil:
					return err
				case asJSON:
					return text.WriteJSON(cmd.OutOrStdout(), cost)
				}
				return printCost(cmd.OutOrStdout(), cost, watched)
			}
			certificate, err := c.Certify(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return text.WriteJSON(cmd.OutOrStdout(), certificate)
			}
			return printCertificate(cmd.OutOrStdout(), certificate)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&rates, "rates", rates, "requests a second at which accuracy is measured")
	f.StringVar(&duration, "duration", duration, "how long each of the measurements takes")
	f.IntVar(&connections, "connections", connections, "connections of the closed loop that finds the capacity")
	f.IntVar(&watched, "live", 0, "measure what the live page costs: so many times without and with a page that is looked at, in turn")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printCertificate(w io.Writer, c bench.Certificate) error {
	where := "generator and servers share the CPUs"
	if c.Servers != "" {
		where = fmt.Sprintf("generator on CPUs %s, servers on %s", c.Generator, c.Servers)
	}
	fmt.Fprintf(w, "clock: %s; %s; attackers: %d\n", c.Clock, where, c.Attackers)
	fmt.Fprintf(w, "capacity: %.0f requests a second over %d connections (generator used %.2f CPUs, the null server %.2f)\n",
		c.Limit.Rate, c.Limit.Connections, c.Limit.GeneratorCPU, c.Limit.ServerCPU)
	if len(c.Accuracy) > 0 {
		fmt.Fprint(w, "\nmicroseconds, reported/true; the way there and back is in what is reported\n")
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "rate\tsent\tp50\tp90\tp99\tp99.9\tlag p50\tlag p99\tgenerator CPU\t")
		for _, a := range c.Accuracy {
			us := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e3) }
			pair := func(q float64) string { return us(a.Reported.At(q)) + "/" + us(a.Truth.At(q)) }
			fmt.Fprintln(t, strings.Join([]string{a.Rate.String(), fmt.Sprintf("%.1f%%", a.Sent*100), pair(.5), pair(.9), pair(.99), pair(.999),
				us(a.Lag.P50), us(a.Lag.P99), fmt.Sprintf("%.0f%%", a.GeneratorCPU*100), ""}, "\t"))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "! %s\n", warning)
	}
	return nil
}
