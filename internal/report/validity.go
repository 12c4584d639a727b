package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// validity is the strip that tells how far the run can be trusted.
func validity(r *record.Run, v *bench.Verdicts, summaries []bench.Summary) []Check {
	var worstLag, worstLate time.Duration
	var censored, planned, checked, failed, good uint64
	generator := 0.0
	clock := "kernel"
	for _, t := range r.Results {
		for _, p := range t.Phases {
			planned += p.Drive.Planned
			censored += p.Drive.Censored
			checked += p.Drive.Checked
			good += p.GoodHits
			failed += p.FailedHits
			worstLate = max(worstLate, p.Late)
			if p.Drive.Clock != "kernel" {
				clock = p.Drive.Clock
			}
			if p.Drive.Elapsed > 0 && strings.HasPrefix(p.Name, bench.MeasureLatency) {
				generator = max(generator, float64(p.Drive.Generator)/float64(p.Drive.Elapsed))
			}
		}
	}
	for _, s := range summaries {
		for _, p := range s.Phases {
			worstLag = max(worstLag, p.LagP99)
		}
	}
	invalid := 0
	for _, t := range r.Results {
		if !t.Valid {
			invalid++
		}
	}
	arms := map[string]bool{}
	for _, t := range r.Plan.Trials {
		arms[t.Arm()] = true
	}
	excluded := len(r.Excluded())
	state := func(bad bool, otherwise string) string {
		if bad {
			return otherwise
		}
		return "ok"
	}
	checks := []Check{
		{"Evidence", "profile " + r.Plan.Profile.Name, state(!r.Plan.Profile.Evidence, "warn"),
			"demo and quick are a first look; ci and evidence have the rounds for more"},
		{"Rounds", fmt.Sprint(r.Plan.Profile.Rounds), state(r.Plan.Profile.Rounds < 6, "warn"), "each is a fresh launch of every server, in shuffled order"},
		{"Trials", fmt.Sprintf("%d made, %d not valid", len(r.Results), invalid), state(invalid > 0, "warn"), "those not valid are listed with their reason and enter no verdict"},
		{"Conformance", fmt.Sprintf("%d of %d arms keep the contract", len(arms)-excluded, len(arms)), state(excluded > 0, "warn"),
			"same status, headers and bodies; upstream calls counted; SIGTERM drains"},
		{"Bodies checked under load", group(fmt.Sprint(checked)), state(checked == 0, "warn"), "each compared whole with the agreed body"},
		{"Failed requests", fmt.Sprintf("%s of %s", group(fmt.Sprint(failed)), group(fmt.Sprint(failed+good))), state(failed > 0, "warn"), "they enter percentiles at the timeout"},
		{"Never sent", fmt.Sprintf("%s of %s", group(fmt.Sprint(censored)), group(fmt.Sprint(planned))), state(censored > 0, "warn"), "due, but not sent by the generator; under 99% sent and the trial is not valid"},
		{"Clock", clock, state(clock != "kernel", "warn"), "what the end of a request is read from; the user's clock adds the generator's own delay"},
		{"Lag at p99, worst trial", quantity(worstLag.Seconds(), "s"), state(worstLag > time.Millisecond, "warn"), "how late the generator sent; response times count from the due time"},
		{"Generator CPU, worst open-loop phase", fmt.Sprintf("%.0f%% of one CPU", generator*100), state(generator > .7, "warn"), "near its limit the generator would measure itself"},
		{"Upstream late at p99, worst phase", quantity(worstLate.Seconds(), "s"), state(worstLate > time.Millisecond, "warn"), "how late our own slow service answered"},
		{"Pinning", cmpOr(r.Environment.Pinned, "unknown"), state(r.Plan.CPUs.Target == "", "bad"), "generator and servers on CPUs of their own"},
	}
	for _, why := range v.Void {
		checks = append(checks, Check{"Void as evidence", why, "bad", "this run's verdicts must not be used as evidence"})
	}
	for _, w := range v.Warnings {
		checks = append(checks, Check{"Warning", w, "warn", ""})
	}
	return checks
}

// Unsealed adds that the document's verdicts are not those the run was sealed with.
func (d *Document) Unsealed(why string) {
	d.Validity = append(d.Validity, Check{"Verdicts", why, "bad", "do not cite this report"})
}

// notShown is what a reader might take from the report and must not.
func notShown(r *record.Run, v *bench.Verdicts) []string {
	list := []string{
		"Other machines: every figure is of the one machine described below.",
		"Other versions, other code: the servers are our own reference servers, in the versions listed below.",
		"A network: load and servers share this machine, so no figure holds a network's delay.",
		"No A/A arm, positive control or instrument certificate is part of this run: differences near the margin deserve doubt.",
	}
	if r.Plan.Runner == "process" {
		list = append(list, "Containers: servers ran as plain processes, without limits on memory.")
	}
	if gil(r) {
		list = append(list, "Free-threaded Python: no such build was found, so it went untested.")
	}
	return list
}

// gil reports whether Python was on trial, and always with its lock.
func gil(r *record.Run) bool {
	python := false
	for _, t := range r.Results {
		if on, ok := t.About["gil"].(bool); ok {
			python = true
			if !on {
				return false
			}
		}
	}
	return python
}

// method is how the numbers came about, in short.
func method(r *record.Run) []string {
	p := r.Plan.Profile
	return []string{
		fmt.Sprintf("Each trial is a fresh launch, warmed up for %v in a closed loop. Latency is measured in an open loop for %v at each common rate, "+
			"throughput, CPU time and memory in a closed loop for %v.", p.Warmup, p.Measure, p.Measure),
		fmt.Sprintf("There are %d rounds; each launches every server for every scenario once, in an order shuffled by seed %d. Comparisons are made within rounds.", p.Rounds, r.Plan.Seed),
		"Response time counts from the moment a request was due, so a stall is charged for every request that it delayed.",
		"The unit is the launch, never the request: a ratio is the geometric mean over rounds, its interval Student's t at 95% on the log scale.",
		"Supported, contradicted and practically equal ask that the whole interval lies beyond, beyond the other way, or within the margin. Anything else is inconclusive.",
		"A percentile is given only where 100 samples or more lie beyond it. No percentile is an average of percentiles of requests; tables show the median over trials.",
	}
}

func facts(e bench.Environment, p bench.Plan) []Fact {
	list := []Fact{
		{"Time", e.Time.Format(time.RFC3339)}, {"System", strings.TrimSpace(e.OS + ", kernel " + e.Kernel)},
		{"CPU", fmt.Sprintf("%s, %d CPUs", e.CPU, e.CPUs)}, {"Frequency governor", e.Governor}, {"Virtualization", e.Virtual},
		{"Memory", quantity(float64(e.Memory), "B")}, {"Load average at the start", e.LoadBegin}, {"Servers run as", p.Runner}, {"Docker", e.Docker},
		{"Pinning", e.Pinned}, {"claimbench", e.Bench}, {"vegeta", e.Vegeta}, {"Go", e.Go},
	}
	for _, name := range slices.Sorted(maps.Keys(e.Runtimes)) {
		list = append(list, Fact{name, e.Runtimes[name]})
	}
	return slices.DeleteFunc(list, func(f Fact) bool { return f.Value == "" })
}

// rerun is the command that makes the same plan again.
func rerun(r *record.Run) string {
	text := fmt.Sprintf("bench run --profile %s --claims %s --runner %s --seed %d", r.Plan.Profile.Name, r.Plan.Guide.Name, r.Plan.Runner, r.Plan.Seed)
	for _, s := range r.Plan.Scenarios {
		text += " --scenario " + s.Name
	}
	for _, t := range r.Plan.Targets {
		text += " --target " + t.Name
	}
	return text
}
