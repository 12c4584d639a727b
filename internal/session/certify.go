package session

import (
	"context"
	"os"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/calibrate"
	"github.com/claimbench/claimbench/internal/cpuset"
)

// shareRate is the highest rate of a certificate if a plan has shares of capacities that no trial has
// found yet.
const shareRate = 10_000

// certifier returns a function that measures the load generator briefly: its capacity, and its
// accuracy at the lowest and the highest rate of the plan.
func certifier(p *bench.Plan) (func(context.Context, cpuset.Set, cpuset.Set) (bench.Certificate, error), error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	rates := certifiedRates(p)
	return func(ctx context.Context, generator, servers cpuset.Set) (bench.Certificate, error) {
		return calibrate.Calibration{
			Program:     program,
			Generator:   generator,
			Servers:     servers,
			Rates:       rates,
			Duration:    p.Profile.Measure.Duration,
			Connections: calibrate.DefaultConnections,
			Progress:    func(string) {},
		}.Certify(ctx)
	}, nil
}

// certifiedRates returns the lowest and the highest rate of the plan; none if the plan has no rates.
func certifiedRates(p *bench.Plan) []bench.Rate {
	var rates []bench.Rate
	for _, t := range p.Trials {
		for _, phase := range t.Phases {
			if phase.Measure == bench.MeasureLatency && phase.Schedule.Rate > 0 {
				rates = append(rates, phase.Schedule.Rate)
			}
		}
	}
	if len(p.Profile.Shares) > 0 {
		rates = append(rates, shareRate)
	}
	if len(rates) == 0 {
		return nil
	}
	return slices.Compact([]bench.Rate{slices.Min(rates), slices.Max(rates)})
}
