package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

// validity is the strip that tells how far the run can be trusted.
func validity(r *record.Run, v *bench.Verdicts, summaries []bench.Summary) []Check {
	var censored, planned, checked, failed, good, retried uint64
	clock := bench.ClockKernel
	var wake time.Duration
	invalid, instrument, void, again := 0, 0, 0, 0
	for _, t := range r.Results {
		fault := false
		for _, p := range t.Phases {
			planned += p.Drive.Planned
			censored += p.Drive.Censored
			checked += p.Drive.Checked
			retried += p.Drive.Retried
			good += p.GoodHits
			failed += p.FailedHits
			wake = max(wake, p.Drive.Wake)
			if p.Drive.Clock != "" && p.Drive.Clock != bench.ClockKernel {
				clock = p.Drive.Clock
			}
			if p.ID.Repeated {
				again++
			}
			if p.Void != "" && t.Valid {
				void++
			}
			fault = fault || p.Probe == nil && slices.ContainsFunc(p.Gates, func(g bench.Gate) bool { return !g.OK })
		}
		if !t.Valid {
			invalid++
			if fault {
				instrument++
			}
		}
	}
	cells := map[bench.Cell]bool{}
	for _, t := range r.Plan.Trials {
		for _, p := range t.Phases {
			cells[bench.Cell{Arm: t.Arm(), Level: p.Level}] = true
		}
	}
	excluded, missing := len(r.Excluded()), len(r.Missing())
	checks := []Check{
		{"Evidence", "profile " + r.Plan.Profile.Name, state(!r.Plan.Profile.Evidence, "warn"),
			"demo and quick are a first look; ci and evidence have the rounds for more"},
		rounds(r),
		{"Trials", fmt.Sprintf("%d made, %d not valid, of these %d by the instrument's fault; %d phases of the others do not count, and %d were made once more", len(r.Results), invalid, instrument, void, again), state(invalid+void > 0, "warn"),
			"those not valid are listed with their reason and enter no verdict"},
		{"Conformance", fmt.Sprintf("%d of %d cells keep the contract; %d more need what this machine does not have", len(cells)-excluded-missing, len(cells)-missing, missing), state(excluded > 0, "warn"),
			"same status, headers and bodies; calls of services counted; SIGTERM drains"},
		{"Bodies checked under load", text.Number(float64(checked)), state(checked == 0, "warn"), "each compared whole with the agreed body"},
		{"Failed requests", fmt.Sprintf("%s of %s", text.Number(float64(failed)), text.Number(float64(failed+good))), state(failed > 0, "warn"), "they enter percentiles at the timeout"},
		{"Never sent", fmt.Sprintf("%s of %s", text.Number(float64(censored)), text.Number(float64(planned))), state(censored > 0, "warn"), "due, but not sent by the generator; under 99% sent and the trial is not valid"},
		{"Sent twice", text.Number(float64(retried)), "ok", "the server had closed a kept connection; once, and only where HTTP allows it"},
		{"Clock", clock, state(clock != bench.ClockKernel, "warn"),
			"what the end of a request is read from; the program itself learned of it " + text.Quantity(wake.Seconds(), "s") + " later in the mean of the worst phase"},
	}
	checks = append(checks, together(v.Analysis), forced(v), steady(summaries))
	checks = append(checks, confirmed(summaries)...)
	checks = append(checks, twins(v.Twins)...)
	checks = append(checks, controls(v.Controls)...)
	checks = append(checks, gates(r)...)
	checks = append(checks, certificates(r)...)
	checks = append(checks, Check{"Pinning", cmpOr(r.Environment.Pinned, "unknown"), state(r.Plan.CPUs.Target == "", "bad"), "generator and servers on CPUs of their own"})
	checks = append(checks, versions(r.Environment))
	for _, why := range v.Void {
		checks = append(checks, Check{"Void as evidence", why, "bad", "this run's verdicts must not be used as evidence"})
	}
	for _, w := range v.Warnings {
		checks = append(checks, Check{"Warning", w, "warn", ""})
	}
	return checks
}

// versions are what the servers told of themselves.
func versions(e bench.Environment) Check {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(e.Runtimes)) {
		list = append(list, name+": "+e.Runtimes[name])
	}
	return Check{"Versions", cmpOr(strings.Join(list, "; "), "not told"), state(len(list) == 0, "warn"), "as the servers told before the first trial; the verdicts are of these"}
}

// rounds says how many there were.
func rounds(r *record.Run) Check {
	made := 0
	for _, t := range r.Results {
		made = max(made, t.Trial.Round)
	}
	value := fmt.Sprint(made)
	if planned := r.Plan.Profile.Rounds; planned != made {
		value = fmt.Sprintf("%d of at most %d", made, planned)
	}
	return Check{"Rounds", value, state(made < 6, "warn"), "each is a fresh launch of every server, in shuffled order; what a look found decided is launched no more"}
}

// together says how the claims were judged as one family.
func together(a bench.Analysis) Check {
	name := fmt.Sprintf("%d claims judged together", a.Family)
	if len(a.Looks) == 0 {
		return Check{name, fmt.Sprintf("by Holm's correction at %g", a.Alpha), "ok", "so that the probability to decide any of them wrongly is no more than that; comparisons are shown at 95% each"}
	}
	var looks []string
	for _, l := range a.Looks {
		text := fmt.Sprintf("round %d (each comparison at %.3g", l.Rounds, l.Level)
		if inference.LeastSignFlip(l.Rounds) >= l.Level {
			text += ", where no sign-flip test of so few rounds could agree"
		}
		if !l.Planned {
			text += "; not planned"
		}
		looks = append(looks, fmt.Sprintf("%s): %d decided", text, len(l.Decided)))
	}
	value := strings.Join(looks, ", ")
	if len(a.Unlike) > 0 {
		value += "; " + strings.Join(a.Unlike, "; ")
	}
	return Check{name, value, state(len(a.Unlike) > 0, "bad"),
		fmt.Sprintf("looks that spend %g in all, of which each claim has an equal part; what was decided at a look is not judged again", a.Alpha)}
}

// forced counts the comparisons that a rule keeps inconclusive, whatever their interval.
func forced(v *bench.Verdicts) Check {
	count, claims := map[string]int{}, 0
	n := 0
	for _, c := range v.Claims {
		for _, t := range c.Tests {
			if t.Forced != "" {
				count[t.Forced]++
				n++
			}
		}
		if c.Verdict == bench.Inconclusive && c.P != nil && *c.P < v.Analysis.Alpha {
			claims++
		}
	}
	var parts []string
	for _, rule := range bench.ForcedNames {
		if count[rule] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[rule], rule))
		}
	}
	value := fmt.Sprintf("%d comparisons", n)
	if n > 0 {
		value += ": " + strings.Join(parts, ", ")
	}
	if claims > 0 {
		value += fmt.Sprintf("; %d claims, as ones of many", claims)
	}
	return Check{"Kept inconclusive by a rule", value, "ok", "their intervals alone would say more than the data bear"}
}

// steady counts the phases by their steady state.
func steady(summaries []bench.Summary) Check {
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
	return Check{"Steady state", fmt.Sprintf("%d phases are steady from their begin, %d from later on, %d never; %d are too short to be looked at", whole, later, never, short),
		state(never > 0 || short > whole+later, "warn"), "what is before the steady state does not count; where over a fifth of a side's trials have none, nothing is decided"}
}

// confirmed counts the capacities that held in the next launch, too.
func confirmed(summaries []bench.Summary) []Check {
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
	return []Check{{"Capacities confirmed", fmt.Sprintf("%d of %d", held, tried), state(2*held < tried, "warn"),
		"each was tried again on the next launch; the highest of the rates that held in one may be luck, on both sides alike"}}
}

// twins sum the A/A arm up.
func twins(list []bench.Comparison) []Check {
	if len(list) == 0 {
		return []Check{{"A/A", "none was measured", "warn", "the same server under two names would show the noise"}}
	}
	count := map[bench.Verdict]int{}
	widest, at := 0., ""
	bad := false
	for _, t := range list {
		count[t.Verdict]++
		bad = bad || t.Verdict == bench.Supported || t.Verdict == bench.Contradicted
		if t.Low != nil && t.High != nil && *t.High / *t.Low > widest {
			widest, at = *t.High / *t.Low, fmt.Sprintf("%s %s to %s", strings.TrimSpace(t.Metric), text.Number(*t.Low), text.Number(*t.High))
		}
	}
	var parts []string
	for _, name := range bench.VerdictNames {
		if n := count[bench.Verdict(name)]; n > 0 {
			word := map[bench.Verdict]string{bench.Supported: "decided higher", bench.Contradicted: "decided lower", bench.Inconclusive: "undecided"}[bench.Verdict(name)]
			parts = append(parts, fmt.Sprintf("%d %s", n, cmpOr(word, name)))
		}
	}
	why := "the same server under two names; decided different would make the run void. Undecided intervals are the noise floor"
	if at != "" {
		why += ": the widest is " + at
	}
	return []Check{{"A/A: " + list[0].Of, fmt.Sprintf("of %d comparisons: %s", len(list), strings.Join(parts, ", ")), state(bad, "bad"), why}}
}

// controls tell of known work.
func controls(list []bench.Control) (checks []Check) {
	if len(list) == 0 {
		return []Check{{"Positive control", "none was measured", "warn", "work that is known to be more would show that the run sees a difference"}}
	}
	for _, c := range list {
		found := "found"
		if !c.Found {
			found = "not found"
		}
		checks = append(checks, Check{fmt.Sprintf("Positive control: %s, %s", c.Target, strings.ReplaceAll(c.Metric, "_", " ")),
			fmt.Sprintf("%s: %.3f× (%.3f to %.3f) for %.3f times the work", found, c.Ratio, c.Low, c.High, c.Work), state(!c.Found, "warn"),
			"of the costs of an answer; the interval must hold the work, of which up to 5% may be the server's around it, and must not hold 1. Evidence without it is void"})
	}
	return checks
}

func state(bad bool, otherwise string) string {
	if bad {
		return otherwise
	}
	return "ok"
}

// gateMeanings say what each gate guards against.
var gateMeanings = map[string]string{
	bench.GateSent:      "under the limit, the generator could not send what was due",
	bench.GateLag:       "how late the generator sent, or 5% of the median response time if that is more; response times count from the due time",
	bench.GateGenerator: "of an open loop; near its limit the generator would measure itself",
	bench.GateLoad:      "an open loop's rate as a share of what the generator was certified to send",
	bench.GateLittle:    "requests in flight, as sampled, against rate x time: do counts and times agree? The samples' own error is allowed beside 2%",
	bench.GateClock:     "how far the wall clock moved against the monotonic one",
	bench.GateStolen:    "CPU time that a hypervisor gave to others",
	bench.GateThrottled: "time that a CPU quota kept servers or generator from running",
	bench.GateLate:      "how late our own slow service answered, in an open loop",
	bench.GateService:   "of a database or proxy in an open loop, as a share of its CPUs; near its limit it would be what is measured",
}

// gates shows the worst figure of each gate over the trials that count.
func gates(r *record.Run) []Check {
	worst := map[string]bench.Gate{}
	for _, t := range r.Results {
		for _, p := range t.Phases {
			for _, g := range p.Gates {
				w, seen := worst[g.Name]
				if t.Valid && p.Void == "" && p.Probe == nil && g.Limit > 0 && (!seen || g.Worse(w)) {
					worst[g.Name] = g
				}
			}
		}
	}
	var checks []Check
	for _, name := range bench.GateNames {
		if g, ok := worst[name]; ok {
			checks = append(checks, Check{"Gate: " + g.Name, g.Figure(), state(!g.OK, "bad"), "worst of the trials that count; " + gateMeanings[name]})
		}
	}
	return checks
}

// certificates show what the instrument can do, as measured before the run.
func certificates(r *record.Run) []Check {
	var checks []Check
	for _, c := range r.Certificates {
		checks = append(checks, Check{"Instrument: capacity", fmt.Sprintf("%.0f requests a second over %d connections", c.Limit.Rate, c.Limit.Connections), "ok",
			"in a closed loop, against a server of ours that does nothing"})
		us := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(d)/1e3) }
		for _, a := range c.Accuracy {
			pair := func(q float64) string { return us(a.Reported.At(q)) + "/" + us(a.Truth.At(q)) }
			checks = append(checks, Check{"Instrument: accuracy at " + a.Rate.String(), fmt.Sprintf("p50 %s, p99 %s µs; lag p99 %s µs", pair(.5), pair(.99), us(a.Lag.P99)),
				state(a.Sent < .99 || a.Errors > 0, "warn"), "reported/true, against a server of ours that knows how long it held each request; the way there and back is in what is reported"})
		}
		for _, w := range c.Warnings {
			checks = append(checks, Check{"Instrument", w, "warn", ""})
		}
	}
	if len(checks) == 0 {
		checks = append(checks, Check{"Instrument", "no certificate", "warn", "what the instrument can do on this machine was not measured"})
	}
	return checks
}

// Unsealed adds that the document's verdicts are not those the run was sealed with.
func (d *Document) Unsealed(why string) {
	d.Alerts = append(d.Alerts, "Do not cite this report: "+why+".")
	d.Validity = append(d.Validity, Check{"Verdicts", why, "bad", "do not cite this report"})
}

// notShown is what a reader might take from the report and must not.
func notShown(r *record.Run, v *bench.Verdicts) []string {
	list := []string{
		"Other machines: every figure is of the one machine described below.",
		"Other versions, other code: the servers are our own reference servers, in the versions listed below.",
		"A network: load and servers share this machine, so no figure holds a network's delay.",
	}
	if len(v.Twins) == 0 {
		list = append(list, "The noise: no A/A arm is part of this run, so differences near the margin deserve doubt.")
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
		fmt.Sprintf("Each trial is a fresh launch. Each kind of work is warmed up for %v. Latency and delivery are measured in an open loop at common rates, for %v or as long as the "+
			"scenario's percentile takes; throughput, cores, CPU time and memory in a closed loop for %v.", p.Warmup, p.Measure, p.Measure),
		"Capacity is the highest rate at which late or failed answers stay under 1% and failures under what the SLO allows. It is searched for in each launch, by probes of " + p.Probe.String() + ", to " + p.Resolution.String() + ".",
		fmt.Sprintf("There are %d rounds at most; each launches every server for every scenario once, in an order shuffled by seed %d. Comparisons are made within rounds.", p.Rounds, r.Plan.Seed),
		"Response time counts from the moment a request was due, so a stall is charged for every request that it delayed.",
		"The unit is the launch, never the request: a ratio is the geometric mean over rounds, its interval Student's t on the log scale, at 95% or, where the run is judged at several looks, at the look's level. Beside it stand the Hodges-Lehmann estimate and the exact sign-flip test; " +
			"a decision that the latter could confirm, and does not, is none.",
		"The claims are judged as one family: a verdict is wrong for any of them with a probability of 5% at most.",
		"Supported, contradicted and practically equal ask that the whole interval lies beyond, beyond the other way, or within the margin. Anything else is inconclusive.",
		"A percentile is given only where 100 samples or more lie beyond it. No percentile is an average of percentiles of requests; tables show the median over trials.",
	}
}

func facts(e bench.Environment, p bench.Plan) []Fact {
	list := []Fact{
		{"Time", e.Time.Format(time.RFC3339)}, {"System", strings.TrimSpace(e.OS + ", kernel " + e.Kernel)},
		{"CPU", fmt.Sprintf("%s, %d CPUs", e.CPU, e.CPUs)}, {"Frequency governor", e.Governor}, {"Virtualization", e.Virtual},
		{"Memory", text.Quantity(float64(e.Memory), "B")}, {"Load average at the start", e.LoadBegin}, {"Servers run as", p.Runner}, {"Docker", e.Docker},
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
	if r.Plan.Gates == (bench.Gates{}) {
		text += " --ungated"
	}
	for _, s := range r.Plan.Scenarios {
		text += " --scenario " + s.Name
	}
	for _, t := range r.Plan.Targets {
		if t.TwinOf == "" {
			text += " --target " + t.Name
		}
	}
	return text
}
