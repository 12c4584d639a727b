package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/claimbench/claimbench/internal/reference"
)

// measurement holds what a tool reported in one round, and what was true.
type measurement struct {
	openLoop
	truth reference.Truth
}

// ratio returns how many times larger than the truth the reported quantile is.
func (m measurement) ratio(q float64) float64 {
	return float64(max(m.At(q), 1)) / float64(max(m.truth.At(q), 1))
}

// point is one tool at one rate.
type point struct {
	tool string
	rate int // requests per second
}

// measureAccuracy makes every tool with an open loop drive the truth server.
func (b *bed) measureAccuracy() (map[point][]measurement, error) {
	found := map[point][]measurement{}
	for round := range b.rounds {
		for _, rate := range b.rates {
			for i := range b.tools {
				t := b.tools[(i+round)%len(b.tools)]
				if t.openLoop == nil {
					continue
				}
				fmt.Fprintf(b.stderr, "round %d of %d: %s at %d/s\n", round+1, b.rounds, t.name, rate)
				got, err := b.measureOpenLoop(t, rate)
				if err != nil {
					return nil, err
				}
				at := point{tool: t.name, rate: rate}
				found[at] = append(found[at], got)
			}
		}
	}
	return found, nil
}

// measureOpenLoop makes a tool drive the truth server once.
func (b *bed) measureOpenLoop(t tool, rate int) (got measurement, err error) {
	truth, err := reference.Start(b.path("bench"), "truth", b.server)
	if err != nil {
		return got, err
	}
	got.openLoop, err = t.openLoop(b, truth.URL+"/", rate)
	if err == nil {
		got.truth, err = truth.Truth(context.Background())
	}
	if _, stopErr := truth.Stop(); err == nil {
		err = stopErr
	}
	return got, err
}

// measureLimits makes every tool drive the null server in a closed loop. It returns
// the rate of each round, in requests per second, by tool.
func (b *bed) measureLimits() (map[string][]float64, error) {
	found := map[string][]float64{}
	for round := range b.rounds {
		for i := range b.tools {
			t := b.tools[(i+round)%len(b.tools)]
			fmt.Fprintf(b.stderr, "round %d of %d: %s in a closed loop\n", round+1, b.rounds, t.name)
			null, err := reference.Start(b.path("bench"), "null", b.server)
			if err != nil {
				return nil, err
			}
			rate, err := t.closedLoop(b, null.URL+"/")
			if _, stopErr := null.Stop(); err == nil {
				err = stopErr
			}
			if err != nil {
				return nil, err
			}
			found[t.name] = append(found[t.name], rate)
		}
	}
	return found, nil
}

// middle returns the round with the median error of a reported quantile. The error is
// the ratio to the truth, in either direction.
func middle(rounds []measurement, q float64) measurement {
	sorted := slices.SortedFunc(slices.Values(rounds), func(a, b measurement) int {
		return cmp.Compare(math.Abs(math.Log(a.ratio(q))), math.Abs(math.Log(b.ratio(q))))
	})
	return sorted[len(sorted)/2]
}
