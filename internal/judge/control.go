package judge

import (
	"math"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
)

// controls are what each server's levels of known work showed.
func (c *court) controls() (list []bench.Control) {
	for _, s := range c.run.Plan.Scenarios {
		for _, l := range s.Levels {
			if l.ControlOf == "" {
				continue
			}
			for _, target := range slices.Sorted(slices.Values(s.Targets)) {
				arm := bench.ArmName(s.Name, target, s.Variants[0])
				var logs []float64
				for round := 1; round <= c.run.Plan.Profile.Rounds; round++ {
					x, err := c.relative([2]side{{arm, l.Name}, {arm, l.ControlOf}}, round, bench.Metrics["cpu_seconds_per_1k"], 0)
					if err == nil {
						logs = append(logs, math.Log(x))
					}
				}
				if len(logs) == 0 {
					continue
				}
				control := bench.Control{Scenario: s.Name, Target: target, Level: l.Name, Work: l.Work, Rounds: len(logs)}
				i := TInterval(logs, Alpha)
				control.Ratio = math.Exp(i.Mean)
				if len(logs) > 1 {
					control.Low, control.High = math.Exp(i.Low), math.Exp(i.High)
				}
				list = append(list, control)
			}
		}
	}
	return list
}
