package calibrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/live"
)

// Overhead is one figure of the load generator without and with the live page. Off and On are medians
// over pairs. Ratio or Difference is the mean within pairs, with its interval at 95%.
type Overhead struct {
	Name string  `json:"name"`
	Unit string  `json:"unit"`
	Off  float64 `json:"off"`
	On   float64 `json:"on"`
	// Ratio is On ÷ Off. A figure that may be near 0 has Difference, On − Off, instead.
	Ratio      *float64 `json:"ratio,omitempty"`
	Difference *float64 `json:"difference,omitempty"`
	Low        float64  `json:"low"`
	High       float64  `json:"high"`
}

// certified is one pair of measurements.
type certified struct{ off, on bench.Certificate }

// LiveOverhead certifies the load generator in pairs, once without and once with a live page. A viewer
// keeps the page open, and a scraper reads its metrics every second. Both run in this process, so their
// cost counts too. Which of a pair comes first alternates.
func (c Calibration) LiveOverhead(ctx context.Context, pairs int) ([]Overhead, error) {
	var list []certified
	for n := range pairs {
		pair, err := c.certifyPair(ctx, n, pairs)
		if err != nil {
			return nil, err
		}
		list = append(list, pair)
	}
	return overheads(list), nil
}

func (c Calibration) certifyPair(ctx context.Context, n, pairs int) (pair certified, err error) {
	report := c.Progress
	without := func() {
		c.Progress = func(what string) {
			report(fmt.Sprintf("pair %d of %d, without the live page: %s", n+1, pairs, what))
		}
		if err == nil {
			pair.off, err = c.Certify(ctx)
		}
	}
	with := func() {
		c.Progress = func(what string) {
			report(fmt.Sprintf("pair %d of %d, with the live page: %s", n+1, pairs, what))
		}
		if err == nil {
			pair.on, err = c.certifyWatched(ctx)
		}
	}
	if n%2 == 0 {
		without()
		with()
	} else {
		with()
		without()
	}
	return pair, err
}

// overheads compares the figures of all pairs.
func overheads(pairs []certified) []Overhead {
	list := []Overhead{
		ratio("capacity", "1/s", pairs, func(c bench.Certificate) float64 { return c.Limit.Rate }),
		ratio("generator's CPUs at capacity", "", pairs,
			func(c bench.Certificate) float64 { return c.Limit.GeneratorCPU }),
	}
	micros := func(d time.Duration) float64 { return float64(d) / 1e3 }
	for i, accuracy := range pairs[0].off.Accuracy {
		at := " at " + accuracy.Rate.String()
		list = append(list,
			difference("p50 reported - true"+at, "µs", pairs, func(c bench.Certificate) float64 {
				return micros(c.Accuracy[i].Reported.P50 - c.Accuracy[i].Truth.P50)
			}),
			difference("p99 reported - true"+at, "µs", pairs, func(c bench.Certificate) float64 {
				return micros(c.Accuracy[i].Reported.P99 - c.Accuracy[i].Truth.P99)
			}),
			difference("gate: sent"+at, "%", pairs, func(c bench.Certificate) float64 {
				return 100 * c.Accuracy[i].Sent
			}),
			difference("gate: lag p99"+at, "µs", pairs, func(c bench.Certificate) float64 {
				return micros(c.Accuracy[i].Lag.P99)
			}),
			ratio("gate: generator CPU"+at, "", pairs, func(c bench.Certificate) float64 {
				return c.Accuracy[i].GeneratorCPU
			}),
		)
	}
	return list
}

// ratio compares a figure by its ratio within pairs.
func ratio(name, unit string, pairs []certified, of func(bench.Certificate) float64) Overhead {
	o, interval := paired(pairs, of, func(off, on float64) float64 {
		return math.Log(max(on, 1e-9) / max(off, 1e-9))
	})
	mean := math.Exp(interval.Mean)
	o.Name, o.Unit, o.Ratio = name, unit, &mean
	o.Low, o.High = math.Exp(interval.Low), math.Exp(interval.High)
	return o
}

// difference compares a figure by its difference within pairs.
func difference(name, unit string, pairs []certified, of func(bench.Certificate) float64) Overhead {
	o, interval := paired(pairs, of, func(off, on float64) float64 { return on - off })
	o.Name, o.Unit, o.Difference = name, unit, &interval.Mean
	o.Low, o.High = interval.Low, interval.High
	return o
}

// paired returns the medians of a figure, and the interval at 95% of how its pairs differ.
func paired(pairs []certified, of func(bench.Certificate) float64,
	apart func(off, on float64) float64) (o Overhead, interval inference.Interval) {
	var off, on, between []float64
	for _, p := range pairs {
		a, b := of(p.off), of(p.on)
		off, on = append(off, a), append(on, b)
		between = append(between, apart(a, b))
	}
	o.Off, o.On = inference.Median(off), inference.Median(on)
	return o, inference.TInterval(between, inference.Alpha)
}

// certifyWatched certifies while a live page is served, viewed and scraped.
func (c Calibration) certifyWatched(ctx context.Context) (bench.Certificate, error) {
	trial := bench.Trial{N: 1, Round: 1, Scenario: "calibration", Target: "reference"}
	page, err := live.Start("0", c.Program, c.Generator, &bench.Plan{Trials: []bench.Trial{trial}})
	if err != nil {
		return bench.Certificate{}, err
	}
	fill(page)
	watching, leave := context.WithCancel(ctx)
	defer leave()
	viewer, scraper := make(chan error, 1), make(chan error, 1)
	var readers sync.WaitGroup
	readers.Go(func() { viewer <- read(watching, page.URL()+"events") })
	readers.Go(func() { scraper <- scrape(watching, page.URL()+"metrics") })
	page.Began(trial)
	phase := bench.PhaseID{Kind: "calibration"}
	c.Observe = func(h bench.Hit) { page.Hit(trial, phase, h) }
	certificate, err := c.Certify(ctx)
	for _, reader := range []chan error{viewer, scraper} {
		select {
		case early := <-reader:
			err = errors.Join(err, fmt.Errorf("a reader of the live page stopped before the end: %w", early))
		default:
		}
	}
	leave()
	readers.Wait()
	return certificate, errors.Join(err, page.Close())
}

// scrape reads the address every second until it fails or the context is canceled.
func scrape(ctx context.Context, url string) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := read(ctx, url); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// read reads the address to its end.
func read(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // only read
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// fill puts as much on the page as a run of every scenario does.
func fill(page *live.Live) {
	quote := bench.Quote{Quote: "With clustering and event-driven design, it easily handles high traffic workloads"}
	v := &bench.Verdicts{}
	for i := range 17 {
		v.Claims = append(v.Claims, bench.ClaimVerdict{
			ID:      fmt.Sprintf("claim-%d", i),
			Verdict: bench.Inconclusive,
			Why:     "5 inconclusive; 14 more not tested",
			Quotes:  []bench.Quote{quote},
		})
	}
	page.Judged(1, v)
	phase := bench.PhaseID{Kind: bench.MeasureLatency, Offered: bench.Offered{Rate: 500}}
	result := bench.PhaseResult{
		ID:      phase,
		Measure: bench.MeasureLatency,
		Memory:  64 << 20,
		Drive:   bench.DriveStats{Elapsed: time.Second},
	}
	for _, name := range bench.GateNames {
		result.Gates = append(result.Gates, bench.Gate{Name: name, Value: .5, Limit: 1, OK: true})
	}
	for i := range 60 {
		t := bench.Trial{
			N:        i + 1,
			Round:    1,
			Scenario: fmt.Sprintf("scenario-%d", i/4),
			Target:   fmt.Sprintf("server-%d", i%4),
			Phases:   []bench.Phase{{ID: phase, Measure: bench.MeasureLatency}},
		}
		page.Began(t)
		for range 2000 {
			page.Hit(t, phase, bench.Hit{Done: time.Millisecond, Code: 200})
		}
		page.Ended(bench.TrialResult{Trial: t, Valid: true, Phases: []bench.PhaseResult{result}})
	}
}
