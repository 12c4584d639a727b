package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

// fewRounds is the number of rounds below which the report warns.
const fewRounds = 6

// validity returns the checks that show how far the run can be trusted.
func validity(r *record.Run, v *bench.Verdicts, summaries []bench.Summary) []Check {
	t := newTally(r)
	checks := []Check{checkEvidence(r.Plan.Profile), checkRounds(r), t.trials(), checkConformance(r)}
	checks = append(checks, t.requests(r.Plan.Gates)...)
	checks = append(checks, checkFamily(v.Analysis))
	checks = append(checks, checkSignFlips(v)...)
	checks = append(checks, checkForced(v), checkSteady(r.Plan.Profile, summaries))
	checks = append(checks, checkConfirmed(summaries)...)
	checks = append(checks, checkTwins(v.Twins), checkPinning(r))
	checks = append(checks, checkControls(v.Controls, r.Plan.Profile)...)
	checks = append(checks, checkGates(r)...)
	checks = append(checks, checkCertificates(r)...)
	checks = append(checks, checkVersions(r.Environment))
	for _, why := range v.Void {
		checks = append(checks, Check{
			Name:  "Void as evidence",
			Value: why,
			State: StateBad,
			Why:   "this run's verdicts must not be used as evidence",
		})
	}
	for _, w := range v.Warnings {
		checks = append(checks, Check{
			Name:  "Warning",
			Value: w,
			State: StateWarn,
		})
	}
	return checks
}

func checkEvidence(p bench.Profile) Check {
	return Check{
		Name:    "Evidence",
		Value:   "profile " + p.Name,
		State:   warnIf(!p.Evidence),
		Why:     "demo and quick are a preview; ci and evidence have more rounds",
		preview: !p.Evidence,
	}
}

// checkRounds compares the rounds that were made with the plan.
func checkRounds(r *record.Run) Check {
	made := 0
	for _, t := range r.Results {
		made = max(made, t.Trial.Round)
	}
	value := fmt.Sprint(made)
	if planned := r.Plan.Profile.Rounds; planned != made {
		value = fmt.Sprintf("%d of at most %d", made, planned)
	}
	return Check{
		Name:  "Rounds",
		Value: value,
		State: warnIf(made < fewRounds),
		Why: "a round launches every server once, in shuffled order; " +
			"if a look decides all claims of a server, later rounds leave it out",
		preview: !r.Plan.Profile.Evidence,
		lacks:   "few rounds",
	}
}

func checkConformance(r *record.Run) Check {
	all := map[bench.Cell]bool{}
	for _, t := range r.Plan.Trials {
		for _, p := range t.Phases {
			all[bench.Cell{Arm: t.Arm(), Level: p.Level}] = true
		}
	}
	excluded, missing := len(r.Excluded()), len(r.Missing())
	value := fmt.Sprintf("%d of %d cells keep the contract", len(all)-excluded-missing, len(all)-missing)
	if missing > 0 {
		value += fmt.Sprintf("; %d more need something that this machine lacks", missing)
	}
	return Check{
		Name:  "Conformance",
		Value: value,
		State: warnIf(excluded > 0),
		Why: "a cell is a server at one level; servers must give the same status, headers and bodies, " +
			"make the same calls to services, and finish their requests on SIGTERM",
	}
}

func checkPinning(r *record.Run) Check {
	return Check{
		Name:  "Pinning",
		Value: cmp.Or(r.Environment.Pinned, "unknown"),
		State: badIf(r.Plan.CPUs.Target == ""),
		Why:   "the load generator and the servers run on separate CPUs",
	}
}

// checkVersions lists the versions that the servers reported.
func checkVersions(e bench.Environment) Check {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(e.Runtimes)) {
		list = append(list, name+": "+e.Runtimes[name])
	}
	return Check{
		Name:  "Versions",
		Value: cmp.Or(strings.Join(list, "; "), "not reported"),
		State: warnIf(len(list) == 0),
		Why:   "reported by the servers before the first trial; the verdicts hold for these versions",
	}
}

// checkSteady counts the phases by their steady state.
func checkSteady(profile bench.Profile, summaries []bench.Summary) Check {
	var whole, later, never, short int
	for _, s := range summaries {
		for _, p := range s.Phases {
			switch {
			case !p.Measured:
			case !p.Steady.Examined():
				short++
			case !p.Steady.Reached():
				never++
			case p.Steady.From > 0:
				later++
			default:
				whole++
			}
		}
	}
	return Check{
		Name: "Steady state",
		Value: fmt.Sprintf("phases steady throughout: %d; after a warm-up: %d; never: %d; too short to judge: %d",
			whole, later, never, short),
		State: warnIf(never > 0, short > whole+later),
		Why: "requests before the steady state do not count; " +
			"if more than a fifth of a side's trials have no steady state, nothing is decided",
		preview: !profile.Evidence && never == 0,
		lacks:   "phases too short to judge their steady state",
	}
}

// checkConfirmed counts the capacities that held in the next launch, too.
func checkConfirmed(summaries []bench.Summary) []Check {
	held, tried := 0, 0
	for _, s := range summaries {
		for _, p := range s.Phases {
			if p.Confirms {
				tried++
				if p.Held {
					held++
				}
			}
		}
	}
	if tried == 0 {
		return nil
	}
	return []Check{{
		Name:  "Capacities confirmed",
		Value: fmt.Sprintf("%d of %d", held, tried),
		State: warnIf(2*held < tried),
		Why: "the next launch tries each capacity again; " +
			"the highest rate may have held by luck, on both sides alike",
	}}
}

// tally counts requests and trials of a run.
type tally struct {
	planned, censored, checked, good, failed, retried uint64

	made       int // trials
	invalid    int
	faults     int // invalid trials in which a gate failed
	voidPhases int // of valid trials
	repeated   int // phases that were made a second time

	clock string        // that most requests were timed with, or another that some were
	wake  time.Duration // mean of the worst phase
}

func newTally(r *record.Run) tally {
	t := tally{
		made:  len(r.Results),
		clock: bench.ClockKernel,
	}
	for _, result := range r.Results {
		fault := false
		for _, p := range result.Phases {
			t.add(p)
			if p.Void != "" && result.Valid {
				t.voidPhases++
			}
			failed := slices.ContainsFunc(p.Gates, func(g bench.Gate) bool { return !g.OK })
			fault = fault || p.Probe == nil && failed
		}
		if !result.Valid {
			t.invalid++
			if fault {
				t.faults++
			}
		}
	}
	return t
}

func (t *tally) add(p bench.PhaseResult) {
	t.planned += p.Drive.Planned
	t.censored += p.Drive.Censored
	t.checked += p.Drive.Checked
	t.retried += p.Drive.Retried
	t.good += p.GoodHits
	t.failed += p.FailedHits
	t.wake = max(t.wake, p.Drive.Wake)
	if p.Drive.Clock != "" && p.Drive.Clock != bench.ClockKernel {
		t.clock = p.Drive.Clock
	}
	if p.ID.Repeated {
		t.repeated++
	}
}

func (t tally) trials() Check {
	parts := []string{fmt.Sprintf("%d made", t.made)}
	if t.invalid > 0 {
		parts = append(parts, fmt.Sprintf("%d not valid, of which the load generator spoiled %d", t.invalid, t.faults))
	}
	if t.voidPhases > 0 {
		parts = append(parts, fmt.Sprintf("phases of valid trials that do not count: %d", t.voidPhases))
	}
	if t.repeated > 0 {
		parts = append(parts, fmt.Sprintf("phases repeated: %d", t.repeated))
	}
	return Check{
		Name:  "Trials",
		Value: strings.Join(parts, "; "),
		State: warnIf(t.invalid > 0, t.voidPhases > 0),
		Why:   "the appendix lists the invalid ones with their reasons; they do not enter any verdict",
	}
}

// requests returns the checks of single requests, in a run with these gates.
func (t tally) requests(gates bench.Gates) []Check {
	number := func(n uint64) string { return text.Number(float64(n)) }
	neverSent := "due, but not sent by the load generator"
	if gates.Sent > 0 {
		neverSent += fmt.Sprintf("; if it sends less than %.3g%% of a phase, the phase does not count", gates.Sent*100)
	}
	return []Check{
		{
			Name:  "Bodies checked under load",
			Value: number(t.checked),
			State: warnIf(t.checked == 0),
			Why:   "each whole body is compared with the agreed one",
		},
		{
			Name:  "Failed requests",
			Value: number(t.failed) + " of " + number(t.failed+t.good),
			State: warnIf(t.failed > 0),
			Why:   "in percentiles, they count as if they had taken the full timeout",
		},
		{
			Name:  "Never sent",
			Value: number(t.censored) + " of " + number(t.planned),
			State: warnIf(t.censored > 0),
			Why:   neverSent,
		},
		{
			Name:  "Sent twice",
			Value: number(t.retried),
			State: StateOK,
			Why:   "the server had closed a kept connection; each was sent again once, and only if HTTP allows it",
		},
		{
			Name:  "Clock",
			Value: t.clock,
			State: warnIf(t.clock != bench.ClockKernel),
			Why: "it stamps the end of a request; in the worst phase, the program itself saw it " +
				text.Quantity(t.wake.Seconds(), "s") + " later on average",
		},
	}
}
