package judge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/record"
)

// userClockError is how close two latencies must be at least to count as equal where
// the transport reads the user's clock: what a busy generator may add to either.
// kernelClockError is the same for kernel receive stamps. Where the run's
// certificate shows a larger error, differences within that decide nothing.
const (
	userClockError   = 250 * time.Microsecond
	kernelClockError = 50 * time.Microsecond
)

// court is a run under judgement.
type court struct {
	run      *record.Run
	trials   map[string]map[int]*trial // valid ones, by arm and round
	invalid  map[string]int            // trials that are not valid, by arm
	reasons  map[string]string         // of the last of those
	excluded map[string]string         // cells that do not keep the contract, with the reason
	missing  map[string]string         // cells that need what is not to be had, with the reason
	launched map[string]map[int]bool   // trials that were made, whatever became of them, by arm and round
	ends     map[int]time.Time         // when the last trial of a round began
	userFrom int                       // first round with a phase by the user's clock; 0 for none
	family   int                       // claims that are judged together
	looks    []look                    // at which the run is judged; at least one
	spent    map[float64][]float64     // levels of the looks, by the alpha that they spend
	cpus     float64                   // that the generator may use
	warnings []string
}

// trial is a valid trial that was read.
type trial struct {
	result   bench.TrialResult
	summary  *bench.Summary
	scenario bench.Scenario
	profile  bench.Profile
}

// Judge gives the verdicts of a run, and the summaries of its valid trials that
// they were reached by.
func Judge(run *record.Run) (*bench.Verdicts, []bench.Summary, error) {
	c, summaries, err := newCourt(run)
	if err != nil {
		return nil, nil, err
	}
	claims := c.claims()
	v := &bench.Verdicts{PlanHash: run.PlanHash, Profile: run.Plan.Profile.Name, Analysis: c.analysis(claims), Claims: []bench.ClaimVerdict{}}
	for _, x := range claims {
		v.Claims = append(v.Claims, x.ClaimVerdict)
	}
	v.Twins, v.Controls, v.Scaling = c.twins(), c.controls(), c.scaling()
	v.Warnings = c.runWarnings()
	if run.Plan.Profile.Evidence {
		v.Void = c.void(v)
	}
	return v, summaries, nil
}

// newCourt reads the run.
func newCourt(run *record.Run) (*court, []bench.Summary, error) {
	c := &court{
		run: run, trials: map[string]map[int]*trial{}, invalid: map[string]int{}, reasons: map[string]string{}, spent: map[float64][]float64{},
		excluded: run.Excluded(), missing: run.Missing(), launched: map[string]map[int]bool{}, ends: map[int]time.Time{}, warnings: []string{},
	}
	generator, err := cpuset.Parse(run.Plan.CPUs.Generator)
	if err != nil {
		return nil, nil, fmt.Errorf("the plan's CPUs: %w", err)
	}
	if c.cpus = float64(len(generator)); c.cpus == 0 {
		c.cpus = float64(max(run.Environment.CPUs, 1))
	}
	summaries, err := c.read()
	if err != nil {
		return nil, nil, err
	}
	c.lookUp()
	for i := range summaries {
		c.qualify(&summaries[i])
	}
	return c, summaries, nil
}

// qualify says of each of a trial's values what limits it, for those who take values from the
// summary.
func (c *court) qualify(s *bench.Summary) {
	arm, round := s.Trial.Arm(), s.Trial.Round
	for i := range s.Values {
		v := &s.Values[i]
		x := &cell{metric: bench.Metrics[v.Metric]}
		x.Offered = v.Offered
		at := side{arm, v.Level}
		v.LowerBound = c.caveats(x, at, round)
		if _, p, err := c.phase(x, at, round); err == nil && x.metric.Steady {
			v.Unsteady = p.Steady.Examined() && !p.Steady.Reached()
		}
		if x.metric.Quantile > 0 {
			v.Error = c.instrument(x.metric.Quantile, 0, round).Seconds()
		}
	}
}

// read summarises every valid trial.
func (c *court) read() ([]bench.Summary, error) {
	var summaries []bench.Summary
	for _, t := range c.run.Plan.Trials {
		if c.run.Launched(t.N) {
			if c.launched[t.Arm()] == nil {
				c.launched[t.Arm()] = map[int]bool{}
			}
			c.launched[t.Arm()][t.Round] = true
		}
	}
	for _, result := range c.run.Results {
		arm, round := result.Trial.Arm(), result.Trial.Round
		if result.Start.After(c.ends[round]) {
			c.ends[round] = result.Start
		}
		if !result.Valid {
			c.invalid[arm]++
			c.reasons[arm] = result.Reason
			continue
		}
		scenario, ok := c.run.Plan.Scenario(result.Trial.Scenario)
		if !ok {
			return nil, fmt.Errorf("trial %d is of scenario %q, which the plan does not have", result.Trial.N, result.Trial.Scenario)
		}
		t, err := summarise(c.run, result, scenario)
		if err != nil {
			c.warn("trial %d is left out: %s", result.Trial.N, c.run.Relative(err))
			c.invalid[arm]++
			continue
		}
		summaries = append(summaries, *t.summary)
		if c.trials[arm] == nil {
			c.trials[arm] = map[int]*trial{}
		}
		c.trials[arm][result.Trial.Round] = t
		for _, phase := range result.Phases {
			if phase.Measure != "" && phase.Drive.Clock != "" && phase.Drive.Clock != bench.ClockKernel && (c.userFrom == 0 || round < c.userFrom) {
				c.userFrom = round
			}
		}
	}
	return summaries, nil
}

// clock is the least error of the instrument in the rounds up to that one.
func (c *court) clock(round int) time.Duration {
	if c.userFrom > 0 && c.userFrom <= round {
		return userClockError
	}
	return kernelClockError
}

// instrument is how close two percentiles must be for the instrument not to tell
// them apart in the rounds up to that one: by its clock, by its certificates until then, or by lag, which is part of a
// response time, where one side had more of it than the other.
func (c *court) instrument(quantile float64, lag time.Duration, round int) time.Duration {
	end := time.Time{}
	for r, at := range c.ends {
		if r <= round && at.After(end) {
			end = at
		}
	}
	least := max(c.clock(round), lag.Abs())
	for i, certificate := range c.run.Certificates {
		if i > 0 && certificate.Time.After(end) { // of a later session
			continue
		}
		if certified, ok := certificate.Error(quantile); ok {
			least = max(least, certified)
		}
	}
	return least
}

func (c *court) warn(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(c.warnings, w) {
		c.warnings = append(c.warnings, w)
	}
}

// runWarnings are what a reader must know of the run as a whole.
func (c *court) runWarnings() []string {
	plan := c.run.Plan
	if !plan.Profile.Evidence {
		c.warn("profile %s is a first look of %d rounds: not evidence", plan.Profile.Name, plan.Profile.Rounds)
	}
	if c.userFrom > 0 {
		c.warn("clock: user. Latencies closer than %v count as equal", userClockError)
	}
	if n := c.unmade(); n > 0 {
		why := ""
		if c.run.OutOfTime() {
			why = ": the budget was used up"
		}
		c.warn("%d of %d trials were not made%s", n, len(plan.Trials), why)
	}
	if cells := c.voidPhases(); len(cells) > 0 {
		c.warn("phases that do not count: %s", strings.Join(cells, ", "))
	}
	for _, arm := range slices.Sorted(maps.Keys(c.invalid)) {
		c.warn("%s: %d trials are not valid", arm, c.invalid[arm])
	}
	for _, r := range c.run.Results {
		for _, w := range slices.Concat(r.Placement.Warnings, r.Warnings) {
			c.warn("%s: %s", r.Trial.Target, w)
		}
	}
	for _, w := range slices.Concat(c.run.Environment.Warnings, c.run.Environment.Void, c.run.Warnings) {
		c.warn("%s", w)
	}
	return c.warnings
}

// voidPhases are the cells with phases of valid trials that do not count, with how many.
func (c *court) voidPhases() (list []string) {
	count := map[string]int{}
	for _, rounds := range c.trials {
		for _, t := range rounds {
			for _, p := range t.result.Phases {
				if p.Void != "" && p.Measure != "" && !strings.HasSuffix(p.Name, bench.Again) {
					count[bench.CellName(t.result.Trial.Arm(), p.Level)]++
				}
			}
		}
	}
	for _, cell := range slices.Sorted(maps.Keys(count)) {
		list = append(list, fmt.Sprintf("%d of %s", count[cell], cell))
	}
	return list
}

// unmade is how many trials of the plan were neither made nor left out, nor needed no more.
func (c *court) unmade() (n int) {
	for _, t := range c.run.Plan.Trials {
		if c.isUnmade(t) {
			n++
		}
	}
	return n
}

func (c *court) isUnmade(t bench.Trial) bool {
	return !c.run.Done(t.N) && slices.ContainsFunc(t.Phases, func(p bench.Phase) bool {
		cell := bench.CellName(t.Arm(), p.Level)
		return c.excluded[cell] == "" && c.missing[cell] == "" && !c.run.Dropped(cell, t.Round)
	})
}

// void is why a run that was to be evidence is none.
func (c *court) void(v *bench.Verdicts) []string {
	var why []string
	for _, arm := range slices.Sorted(maps.Keys(c.excluded)) {
		why = append(why, fmt.Sprintf("%s does not keep its contract", arm))
	}
	if n := c.unmade(); n > 0 && !c.run.OutOfTime() {
		why = append(why, fmt.Sprintf("%d of %d trials were not made", n, len(c.run.Plan.Trials)))
	}
	why = append(why, c.run.Unusable...)
	why = append(why, v.Analysis.Unlike...)
	for _, r := range c.run.Results {
		if r.Valid && r.Placement.CPUs != r.Trial.CPUs {
			why = append(why, fmt.Sprintf("%s ran on CPUs %q, not on %s", r.Trial.Target, r.Placement.CPUs, r.Trial.CPUs))
			break
		}
	}
	if len(v.Twins) == 0 {
		why = append(why, "no A/A arm was measured")
	}
	for _, x := range different(v.Twins) {
		why = append(why, fmt.Sprintf("the A/A arm is decided different: %s of %s under two names", x.Metric, x.Of))
	}
	if len(v.Controls) == 0 {
		why = append(why, "no positive control was measured")
	}
	for _, x := range v.Controls {
		if !x.Found {
			found := fmt.Sprintf("%.3f times (%.3f to %.3f)", x.Ratio, x.Low, x.High)
			if x.Rounds < 2 {
				found = "known of too few rounds"
			}
			why = append(why, fmt.Sprintf("the positive control was not found: %s of %s is %s for %.3f times the work", x.Metric, x.Target, found, x.Work))
		}
	}
	return append(why, c.run.Environment.Void...)
}
