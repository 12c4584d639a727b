package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Upstream is the service of this program that targets call while they answer.
type Upstream interface {
	// Calls returns how many calls have arrived.
	Calls() uint64
	// Hold keeps all answers back until release is called.
	Hold() (release func())
}

// Verifier checks that targets keep their contract before anything is timed. All functions must be
// set, except Progress, and except Try if every workload is a single request. Upstream is needed if
// a scenario calls one of its services.
type Verifier struct {
	Launcher bench.Launcher
	Launch   bench.Launch // of every server; the environment of the variant is added
	Upstream Upstream
	Own      []string // names of the services that Upstream serves
	// Calls returns how many calls the upstream and each of the named services have counted.
	Calls func(ctx context.Context, names []string) (map[string]uint64, error)
	// Ensure starts those of the named services again that exited.
	Ensure func(ctx context.Context, names []string) error
	// Lacks says why a service that the scenario needs at the level is missing; "" if none is.
	Lacks func(s bench.Scenario, l bench.Level) string
	// Try sends a little of a workload that is not a single request.
	Try      func(ctx context.Context, url string, w bench.Workload) error
	Progress func(doing string) // may be nil
}

// expectation is one question to one server: a scenario at a level, in a variant.
type expectation struct {
	bench.Task
	question  Question // the same for all servers
	cell      bench.Cell
	mayDiffer bool // the answer may differ from that of other servers
}

// Verify launches every target in each of its variants and asks for the answer of each scenario.
// It checks status, headers, the expected values, and the calls that services counted. Bodies must
// be equal byte for byte across targets. A server that is stopped must first answer what it has
// accepted.
//
// What a target does wrong is in the result. An error means that Verify could not finish.
func (v Verifier) Verify(
	ctx context.Context, targets []bench.Target, scenarios []bench.Scenario,
) (*Conformance, error) {
	c, b := newConformance(), ballots{}
	for _, t := range targets {
		for _, variant := range variants(t, scenarios) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if v.Progress != nil {
				v.Progress("checking " + t.Name)
			}
			asked := v.expectations(c, t, variant, scenarios)
			if len(asked) == 0 {
				continue
			}
			result := v.launch(ctx, t, variant, asked)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if errors.Is(result.err, ErrEngine) {
				return nil, result.err
			}
			c.record(t.Name, asked, result, b)
		}
	}
	c.compare(b)
	return c, nil
}

// expectations returns what to ask the target in the variant. If a service is missing, it notes
// that in c instead.
func (v Verifier) expectations(
	c *Conformance, t bench.Target, variant bench.Variant, scenarios []bench.Scenario,
) (list []expectation) {
	for _, s := range scenarios {
		if !runs(t, variant, s) {
			continue
		}
		for _, l := range s.AllLevels() {
			e := expectation{
				Task:      s.At(l),
				question:  Question{Scenario: s.Name, Level: l.Name},
				cell:      bench.Cell{Arm: bench.ArmName(s.Name, t.Name, variant), Level: l.Name},
				mayDiffer: t.QuickstartOf != "" || s.Workload.Driver != bench.DriverHTTP,
			}
			if lacks := v.Lacks(s, l); lacks != "" {
				c.Missing[e.cell] = lacks
				continue
			}
			list = append(list, e)
		}
	}
	return list
}

// runs reports whether the target runs the scenario in the variant.
func runs(t bench.Target, variant bench.Variant, s bench.Scenario) bool {
	if !slices.Contains(s.Targets, t.Name) {
		return false
	}
	if t.QuickstartOf != "" {
		return maps.Equal(s.Variants[0], variant)
	}
	return slices.ContainsFunc(s.Variants, func(w bench.Variant) bool { return maps.Equal(variant, w) })
}

// variants returns the distinct variants in which the target runs any scenario, sorted by name.
func variants(t bench.Target, scenarios []bench.Scenario) []bench.Variant {
	byName := map[string]bench.Variant{}
	for _, s := range scenarios {
		for _, v := range s.Variants {
			if runs(t, v, s) {
				byName[v.String()] = v
			}
		}
	}
	var list []bench.Variant
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, byName[name])
	}
	return list
}

// launchResult holds the findings of one launch of a target.
type launchResult struct {
	replies map[bench.Cell]reply
	about   bench.About
	log     string
	err     error // concerns the target as a whole
}

// reply holds the answer to one expectation, or why there is none.
type reply struct {
	answer
	problem string // part of the contract that it broke
	missing string // why it could not be tested
}

// launch launches the target once, asks it for all answers, and stops it.
func (v Verifier) launch(
	ctx context.Context, t bench.Target, variant bench.Variant, asked []expectation,
) launchResult {
	for _, e := range asked {
		if err := v.Ensure(ctx, e.Needs); err != nil {
			return launchResult{err: err}
		}
	}
	how := v.Launch
	how.Env = maps.Clone(how.Env)
	maps.Copy(how.Env, variant)
	delete(how.Env, bench.Replicas)
	server, err := v.Launcher.Launch(ctx, t, how)
	if err != nil {
		var failed *Error
		if errors.As(err, &failed) {
			return launchResult{err: err, log: failed.Log}
		}
		return launchResult{err: err}
	}
	result := v.interview(ctx, t, server, asked)
	_ = server.Stop(ctx) // interview reports its error, except for a quick start, which need not stop well
	result.log = server.Log()
	return result
}

// interview asks a running server for all answers, and stops it.
func (v Verifier) interview(
	ctx context.Context, t bench.Target, server bench.Server, asked []expectation,
) (result launchResult) {
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	about, err := AskAbout(ctx, client, server.URL())
	if err != nil {
		return launchResult{err: err}
	}
	result = launchResult{about: about, replies: map[bench.Cell]reply{}}
	if why := t.Unlike(about); why != "" {
		for _, e := range asked {
			result.replies[e.cell] = reply{missing: why}
		}
		result.err = server.Stop(ctx)
		return result
	}
	var drain *bench.Workload
	for _, e := range asked {
		r := v.ask(ctx, client, server.URL(), e)
		result.replies[e.cell] = r
		if r.problem == "" && r.missing == "" && v.callsUpstream(e) {
			drain = &e.Workload
		}
	}
	switch {
	case t.QuickstartOf != "": // need not stop well
	case drain == nil:
		client.CloseIdleConnections()
		result.err = server.Stop(ctx)
	default:
		result.err = v.drains(ctx, client, server, *drain)
	}
	return result
}

// callsUpstream reports whether a server calls the upstream to answer.
func (v Verifier) callsUpstream(e expectation) bool {
	return slices.ContainsFunc(v.Own, func(name string) bool { return e.Expect.Calls[name] > 0 })
}

// ask asks for one answer of the expectation, and for one of its background request.
func (v Verifier) ask(ctx context.Context, client *http.Client, url string, e expectation) (r reply) {
	if e.Driver != bench.DriverHTTP {
		if err := v.Try(ctx, url, e.Workload); err != nil {
			r.problem = e.Path + ": " + err.Error()
		}
		return r
	}
	before, err := v.Calls(ctx, e.Needs)
	if err != nil {
		return reply{missing: err.Error()} // the fault of a service, not of this server
	}
	r.answer, err = ask(ctx, client, url, e.Workload)
	if err == nil && e.Beside != nil {
		_, err = Ask(ctx, client, url, e.Background())
	}
	var absent *absentError
	switch {
	case errors.As(err, &absent):
		return reply{missing: absent.Error()}
	case err != nil:
		return reply{problem: err.Error()}
	}
	after, err := v.Calls(ctx, e.Needs)
	if err != nil {
		return reply{missing: err.Error()}
	}
	for _, service := range slices.Sorted(maps.Keys(after)) {
		if calls, want := after[service]-before[service], uint64(e.Expect.Calls[service]); calls != want {
			return reply{problem: fmt.Sprintf("one request of %s called the %s %d times, not %d",
				e.Path, service, calls, want)}
		}
	}
	return r
}

const (
	// arrival is how long a request may take to reach the upstream.
	arrival = 5 * time.Second
	// signalTime is how long a server has to take notice of SIGTERM before the upstream answers.
	signalTime = 100 * time.Millisecond
)

// drains checks that a server which is stopped answers what it has accepted. The upstream holds
// its answer back until the server has received SIGTERM.
func (v Verifier) drains(ctx context.Context, client *http.Client, server bench.Server, w bench.Workload) error {
	before := v.Upstream.Calls()
	release := v.Upstream.Hold()
	defer release()
	answered := make(chan error, 1)
	go func() {
		_, err := Ask(ctx, client, server.URL(), w)
		answered <- err
	}()
	for deadline := time.Now().Add(arrival); v.Upstream.Calls() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: the request did not reach the upstream within %v", w.Path, arrival)
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop(ctx) }()
	time.AfterFunc(signalTime, release)
	if err := <-answered; err != nil {
		<-stopped //nolint:errcheck // the request that got no answer says more
		return fmt.Errorf("SIGTERM does not drain: a request in progress got no answer: %w", err)
	}
	return <-stopped
}
