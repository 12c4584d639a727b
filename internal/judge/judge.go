package judge

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/plan"
	"github.com/claimbench/claimbench/internal/record"
)

// judgment is a run while it is judged.
type judgment struct {
	run       *record.Run
	gates     bench.Gates                      // that the run was planned with
	trials    map[string]map[int]*metric.Trial // valid ones, by arm and round
	invalid   map[string]int                   // number of invalid trials, by arm
	reasons   map[string]string                // why the last of those is invalid
	excluded  map[bench.Cell]string            // cells that do not keep the contract, with the reason
	missing   map[bench.Cell]string            // cells that need what this machine lacks, with the reason
	launched  map[string]map[int]bool          // trials that were made, valid or not, by arm and round
	starts    map[int]time.Time                // start of the last trial of each round
	userFrom  int                              // first round with a phase timed by the user's clock; 0 for none
	family    int                              // claims that are judged together
	looks     []look                           // at which the run is judged; at least one
	spent     map[float64][]float64            // levels of the looks, by the alpha that they spend
	generator float64                          // CPUs that the load generator may use
	warnings  []string
}

// Judge returns the verdicts of a run, and the summaries of its valid trials from which they follow.
func Judge(run *record.Run) (*bench.Verdicts, []bench.Summary, error) {
	j, summaries, err := newJudgment(run)
	if err != nil {
		return nil, nil, err
	}
	claims := j.claims()
	v := &bench.Verdicts{
		PlanHash: run.PlanHash,
		Profile:  run.Plan.Profile.Name,
		Analysis: j.analysis(claims),
		Claims:   []bench.ClaimVerdict{},
	}
	for _, c := range claims {
		v.Claims = append(v.Claims, c.ClaimVerdict)
	}
	v.Twins, v.Controls, v.Scaling = j.twins(), j.controls(), j.scaling()
	v.Warnings = j.runWarnings()
	if run.Plan.Profile.Evidence {
		v.Void = j.void(v)
	}
	return v, summaries, nil
}

// newJudgment reads the run's trials.
func newJudgment(run *record.Run) (*judgment, []bench.Summary, error) {
	j := &judgment{
		run:      run,
		gates:    gatesOf(run.Plan),
		trials:   map[string]map[int]*metric.Trial{},
		invalid:  map[string]int{},
		reasons:  map[string]string{},
		excluded: run.Excluded(),
		missing:  run.Missing(),
		launched: map[string]map[int]bool{},
		starts:   map[int]time.Time{},
		spent:    map[float64][]float64{},
		warnings: []string{},
	}
	generator, err := cpuset.Parse(run.Plan.CPUs.Generator)
	if err != nil {
		return nil, nil, fmt.Errorf("read the plan's CPUs: %w", err)
	}
	if j.generator = float64(len(generator)); j.generator == 0 {
		j.generator = float64(max(run.Environment.CPUs, 1))
	}
	summaries, err := j.read()
	if err != nil {
		return nil, nil, err
	}
	j.findLooks()
	for i := range summaries {
		j.qualify(&summaries[i])
	}
	return j, summaries, nil
}

// gatesOf returns the limits that the run is judged by: those of its plan. A plan without one, because it is old
// or was made with --no-gates, is judged by the usual one.
func gatesOf(p bench.Plan) bench.Gates {
	g, usual := p.Gates, plan.StandardGates
	g.Sent = cmp.Or(g.Sent, usual.Sent)
	g.Late = cmp.Or(g.Late, usual.Late)
	g.Service = cmp.Or(g.Service, usual.Service)
	return g
}

// read summarizes every valid trial.
func (j *judgment) read() (summaries []bench.Summary, err error) {
	for _, t := range j.run.Plan.Trials {
		if j.run.Launched(t.N) {
			if j.launched[t.Arm()] == nil {
				j.launched[t.Arm()] = map[int]bool{}
			}
			j.launched[t.Arm()][t.Round] = true
		}
	}
	for _, result := range j.run.Results {
		arm, round := result.Trial.Arm(), result.Trial.Round
		if result.Start.After(j.starts[round]) {
			j.starts[round] = result.Start
		}
		if !result.Valid {
			j.invalid[arm]++
			j.reasons[arm] = result.Reason
			continue
		}
		scenario, ok := j.run.Plan.Scenario(result.Trial.Scenario)
		if !ok {
			return nil, fmt.Errorf("trial %d runs scenario %q, which the plan does not have",
				result.Trial.N, result.Trial.Scenario)
		}
		t, err := summarize(j.run, result, scenario)
		if err != nil {
			j.warn("trial %d is left out: %s", result.Trial.N, j.run.Relative(err))
			j.invalid[arm]++
			continue
		}
		summaries = append(summaries, *t.Summary)
		if j.trials[arm] == nil {
			j.trials[arm] = map[int]*metric.Trial{}
		}
		j.trials[arm][round] = t
		if timedByUser(result) && (j.userFrom == 0 || round < j.userFrom) {
			j.userFrom = round
		}
	}
	return summaries, nil
}

// timedByUser reports whether a measured phase of the trial lacks the kernel's receive stamps.
func timedByUser(r bench.TrialResult) bool {
	return slices.ContainsFunc(r.Phases, func(p bench.PhaseResult) bool {
		return p.Measure != "" && p.Drive.Clock != "" && p.Drive.Clock != bench.ClockKernel
	})
}

// qualify marks what limits each of a trial's values, for readers that take values from the summary.
func (j *judgment) qualify(s *bench.Summary) {
	round := s.Trial.Round
	for i := range s.Values {
		v := &s.Values[i]
		m := metric.Find(v.Metric)
		q := quantity{metric: m, offered: v.Offered}
		cell := bench.Cell{Arm: s.Trial.Arm(), Level: v.Level}
		v.LowerBound = j.limits(q, cell, round).lowerBound
		if _, p, err := j.phase(q, cell, round); err == nil && m.Steady {
			v.Unsteady = p.Steady.Examined() && !p.Steady.Reached()
		}
		if m.Quantile > 0 {
			v.Error = j.resolution(m.Quantile, 0, round).Seconds()
		}
	}
}

// A difference of two latencies that is smaller than the clock's own error counts as none:
// userClockError if the transport reads the user's clock, kernelClockError with the kernel's receive
// stamps. If the run's certificate shows a larger error, differences within that decide nothing.
const (
	userClockError   = 250 * time.Microsecond
	kernelClockError = 50 * time.Microsecond
)

// clockError returns the clock's error in the rounds up to that one.
func (j *judgment) clockError(round int) time.Duration {
	if j.userFrom > 0 && j.userFrom <= round {
		return userClockError
	}
	return kernelClockError
}

// resolution returns the smallest difference of two percentiles that the load generator could show in
// the rounds up to that one. It is the largest of the clock's error, the error in the certificates that
// were made by then, and the difference of the two sides' lag, since lag is part of a response time.
func (j *judgment) resolution(quantile float64, lag time.Duration, round int) time.Duration {
	end := time.Time{}
	for r, start := range j.starts {
		if r <= round && start.After(end) {
			end = start
		}
	}
	least := max(j.clockError(round), lag.Abs())
	for i, certificate := range j.run.Certificates {
		if i > 0 && certificate.Time.After(end) { // made in a later session
			continue
		}
		if certified, ok := certificate.Error(quantile, j.gates.Sent); ok {
			least = max(least, certified)
		}
	}
	return least
}

// warn adds a warning about the whole run, once.
func (j *judgment) warn(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(j.warnings, w) {
		j.warnings = append(j.warnings, w)
	}
}

// because returns why the arm's trials are invalid, by the last of them.
func (j *judgment) because(arm string) string {
	if why := j.reasons[arm]; why != "" {
		return ": " + why
	}
	return ""
}
