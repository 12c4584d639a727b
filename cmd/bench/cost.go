package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/calibrate"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/text"
)

// mostPairs is the most that --live takes.
const mostPairs = 100

// cost is a figure of the instrument without and with the live page: medians over pairs, and how the two compare within
// pairs: the mean with its interval at 95%.
type cost struct {
	Name string  `json:"name"`
	Unit string  `json:"unit"`
	Off  float64 `json:"off"`
	On   float64 `json:"on"`
	// Ratio of on to off, or Difference of on less off where the figure may be near 0.
	Ratio      *float64 `json:"ratio,omitempty"`
	Difference *float64 `json:"difference,omitempty"`
	Low        float64  `json:"low"`
	High       float64  `json:"high"`
}

// livesCost certifies the instrument so many times without and with a live page, in turn: one that is looked at by a viewer and
// scraped each second, both from this process, so that what they cost is charged to it too.
func livesCost(ctx context.Context, c calibrate.Calibration, pairs int) ([]cost, error) {
	var off, on []bench.Certificate
	for pair := range pairs {
		for _, second := range []bool{false, true} {
			watched := second != (pair%2 == 1) // which comes first changes
			with := "without"
			if watched {
				with = "with"
			}
			told := c.Progress
			c.Progress = func(what string) { told(fmt.Sprintf("pair %d of %d, %s the live page: %s", pair+1, pairs, with, what)) }
			measure := c.Certify
			if watched {
				measure = func(ctx context.Context) (bench.Certificate, error) { return certifyWatched(ctx, c) }
			}
			certificate, err := measure(ctx)
			c.Progress = told
			switch {
			case err != nil:
				return nil, err
			case watched:
				on = append(on, certificate)
			default:
				off = append(off, certificate)
			}
		}
	}
	figure := func(name, unit string, ratio bool, of func(bench.Certificate) float64) cost {
		x := cost{Name: name, Unit: unit}
		var without, with, apart []float64
		for i := range off {
			a, b := of(off[i]), of(on[i])
			without, with = append(without, a), append(with, b)
			if ratio {
				apart = append(apart, math.Log(max(b, 1e-9)/max(a, 1e-9)))
			} else {
				apart = append(apart, b-a)
			}
		}
		x.Off, x.On = inference.Median(without), inference.Median(with)
		interval := inference.TInterval(apart, .05)
		x.Low, x.High = interval.Low, interval.High
		if ratio {
			mean := math.Exp(interval.Mean)
			x.Ratio, x.Low, x.High = &mean, math.Exp(x.Low), math.Exp(x.High)
		} else {
			x.Difference = &interval.Mean
		}
		return x
	}
	list := []cost{
		figure("capacity", "1/s", true, func(c bench.Certificate) float64 { return c.Limit.Rate }),
		figure("generator's CPUs at capacity", "", true, func(c bench.Certificate) float64 { return c.Limit.GeneratorCPU }),
	}
	for i := range off[0].Accuracy {
		at := " at " + off[0].Accuracy[i].Rate.String()
		us := func(d time.Duration) float64 { return float64(d) / 1e3 }
		list = append(list,
			figure("p50 reported - true"+at, "µs", false, func(c bench.Certificate) float64 { return us(c.Accuracy[i].Reported.P50 - c.Accuracy[i].Truth.P50) }),
			figure("p99 reported - true"+at, "µs", false, func(c bench.Certificate) float64 { return us(c.Accuracy[i].Reported.P99 - c.Accuracy[i].Truth.P99) }),
			figure("gate: sent"+at, "%", false, func(c bench.Certificate) float64 { return 100 * c.Accuracy[i].Sent }),
			figure("gate: lag p99"+at, "µs", false, func(c bench.Certificate) float64 { return us(c.Accuracy[i].Lag.P99) }),
			figure("gate: generator CPU"+at, "", true, func(c bench.Certificate) float64 { return c.Accuracy[i].GeneratorCPU }),
		)
	}
	return list, nil
}

// certifyWatched measures while a live page is served, looked at and scraped.
func certifyWatched(ctx context.Context, c calibrate.Calibration) (bench.Certificate, error) {
	trial := bench.Trial{N: 1, Round: 1, Scenario: "calibration", Target: "reference"}
	l, err := live.Start("0", c.Program, c.Generator, &bench.Plan{Trials: []bench.Trial{trial}})
	if err != nil {
		return bench.Certificate{}, err
	}
	fill(l)
	watching, leave := context.WithCancel(ctx)
	read := func(path string) error {
		request, err := http.NewRequestWithContext(watching, http.MethodGet, l.URL()+path, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	viewer, scraper := make(chan error, 1), make(chan error, 1)
	go func() { viewer <- read("events") }()
	go func() {
		for tick := time.Tick(time.Second); ; {
			if err := read("metrics"); err != nil {
				scraper <- err
				return
			}
			select {
			case <-tick:
			case <-watching.Done():
			}
		}
	}()
	l.Began(trial)
	c.Observe = func(h bench.Hit) { l.Hit(trial, bench.PhaseID{Kind: "calibration"}, h) }
	certificate, err := c.Certify(ctx)
	for _, looks := range []chan error{viewer, scraper} {
		select {
		case gone := <-looks: // too early
			err = errors.Join(err, fmt.Errorf("the live page was not looked at to the end: %w", gone))
			looks <- gone
		default:
		}
	}
	leave()
	<-viewer
	<-scraper
	return certificate, errors.Join(err, l.Close())
}

// fill puts as much on the page as a run of every scenario has there.
func fill(l *live.Live) {
	drawnPhase := bench.PhaseID{Kind: bench.MeasureLatency, Offered: bench.Offered{Rate: 500}}
	v := &bench.Verdicts{}
	for i := range 17 {
		v.Claims = append(v.Claims, bench.ClaimVerdict{ID: fmt.Sprintf("claim-%d", i), Verdict: bench.Inconclusive, Why: "5 inconclusive; 14 more not tested",
			Quotes: []bench.Quote{{Quote: "With clustering and event-driven design, it easily handles high traffic workloads"}}})
	}
	l.Judged(1, v)
	for i := range 60 {
		t := bench.Trial{N: i + 1, Round: 1, Scenario: fmt.Sprintf("scenario-%d", i/4), Target: fmt.Sprintf("server-%d", i%4), Phases: []bench.Phase{{ID: drawnPhase, Measure: bench.MeasureLatency}}}
		l.Began(t)
		for range 2000 {
			l.Hit(t, drawnPhase, bench.Hit{Done: time.Millisecond, Code: 200})
		}
		p := bench.PhaseResult{ID: drawnPhase, Measure: bench.MeasureLatency, Memory: 64 << 20, Drive: bench.DriveStats{Elapsed: time.Second}}
		for _, name := range bench.GateNames {
			p.Gates = append(p.Gates, bench.Gate{Name: name, Value: .5, Limit: 1, OK: true})
		}
		l.Ended(bench.TrialResult{Trial: t, Valid: true, Phases: []bench.PhaseResult{p}})
	}
}

func printCost(w io.Writer, list []cost, pairs int) error {
	fmt.Fprintf(w, "The instrument without and with a live page that is looked at and scraped each second: medians of %d pairs\n\n", pairs)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tWITHOUT\tWITH\tWITH AGAINST WITHOUT (95%)")
	for _, x := range list {
		change := ""
		if x.Ratio != nil {
			change = fmt.Sprintf("%.3f× (%.3f to %.3f)", *x.Ratio, x.Low, x.High)
		} else {
			change = fmt.Sprintf("%+.1f %s (%+.1f to %+.1f)", *x.Difference, x.Unit, x.Low, x.High)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", x.Name, text.Quantity(x.Off, x.Unit), text.Quantity(x.On, x.Unit), change)
	}
	return t.Flush()
}
