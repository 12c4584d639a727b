package target

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Upstream is what Verify must know of the service that targets call.
type Upstream interface {
	Calls() uint64
	Hold() (release func())
}

// Conformance is what Verify found.
type Conformance struct {
	// Problems tell, by cell (bench.CellName), what of the contract is not kept. Missing
	// tell what a target says that its runtime does not have, or what it lacks on this
	// machine to run at all.
	Problems, Missing map[string]string
	// Bodies are the SHA-256, in hex, of the body that the conforming targets agree on, by
	// scenario and level (bench.CellName).
	Bodies map[string]string
	// Abouts are what the targets say of themselves.
	Abouts map[string]bench.About
	// Logs are what the targets with problems wrote, by target.
	Logs map[string]string
}

// Verifier checks that targets keep their contract before anything is timed.
type Verifier struct {
	Launcher bench.Launcher
	Launch   bench.Launch // of every server; the variant's environment is added
	Upstream Upstream
	// Calls are how many calls of our upstream and of each of the named services were
	// counted until now.
	Calls func(ctx context.Context, names []string) (map[string]uint64, error)
	// Ensure starts the named services that have ended again.
	Ensure func(ctx context.Context, names []string) error
	// Lacks says which service is not there that the scenario needs at the level; empty for none.
	Lacks func(s bench.Scenario, l bench.Level) string
	// Try sends a little of a workload that is no single request.
	Try      func(ctx context.Context, url string, w bench.Workload) error
	Progress func(doing string) // may be nil
}

// work is what a target is asked for: a scenario at a level.
type work struct {
	bench.Workload
	cell    string // scenario and level
	arm     string // scenario, target and variant
	level   string
	needs   []string // services
	beside  *bench.Beside
	another bool // the answer need not be that of other servers
}

func (w work) name() string { return bench.Cell{Arm: w.arm, Level: w.level}.String() }

// Verify launches every target in every variant that it runs, and asks it for every
// scenario's answer: status, headers, the expected values, the calls that services
// counted. Bodies must then be equal byte for byte across targets, and
// a server that is told to stop must first answer what it has accepted. What a
// target does wrong is in the result; an error means the check could not be made.
func (v Verifier) Verify(ctx context.Context, targets []bench.Target, scenarios []bench.Scenario) (*Conformance, error) {
	c := &Conformance{Problems: map[string]string{}, Missing: map[string]string{}, Bodies: map[string]string{},
		Abouts: map[string]bench.About{}, Logs: map[string]string{}}
	agreed := map[string]map[string]answer{} // by scenario and level, then cell
	paths := map[string]string{}
	for _, t := range targets {
		for _, variant := range variants(t, scenarios) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if v.Progress != nil {
				v.Progress("checking " + t.Name)
			}
			list := c.works(v, t, variant, scenarios)
			if len(list) == 0 {
				continue
			}
			answers, about, log, problem := v.verify(ctx, t, variant, list)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case errors.Is(problem, ErrEngine):
				return nil, problem
			case about != nil:
				c.Abouts[t.Name] = about
			}
			for _, w := range list {
				a, asked := answers[w.name()]
				if problem != nil || a.problem != "" {
					c.Logs[t.Name] = log
				}
				switch {
				case a.missing != "":
					c.Missing[w.name()] = a.missing
				case problem != nil && (!asked || a.problem == ""):
					c.Problems[w.name()] = firstLine(problem)
				case a.problem != "":
					c.Problems[w.name()] = a.problem
				case !w.another:
					if agreed[w.cell] == nil {
						agreed[w.cell] = map[string]answer{}
					}
					agreed[w.cell][w.name()] = a.answer
					paths[w.cell] = w.Path
				}
			}
		}
	}
	for cell, answers := range agreed {
		c.agree(cell, paths[cell], answers)
	}
	return c, nil
}

// works are what the target is to be asked for in the variant. What cannot be, since
// a service is not there, is noted as missing.
func (c *Conformance) works(v Verifier, t bench.Target, variant bench.Variant, scenarios []bench.Scenario) (list []work) {
	for _, s := range scenarios {
		if !runs(t, variant, s) {
			continue
		}
		for _, l := range s.AllLevels() {
			w := work{Workload: s.At(l), cell: bench.Cell{Arm: s.Name, Level: l.Name}.String(), arm: bench.ArmName(s.Name, t.Name, variant), level: l.Name, needs: s.AllNeeds(l), beside: l.Beside,
				another: t.QuickstartOf != "" || s.Workload.Driver != bench.DriverHTTP}
			if lacks := v.Lacks(s, l); lacks != "" {
				c.Missing[w.name()] = lacks
				continue
			}
			list = append(list, w)
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

// variants are the distinct variants in which the target runs any scenario.
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

// answer is what all servers must give alike.
type answer struct {
	headers string // names, but for those that tell of the connection and the clock
	body    string
}

type answered struct {
	answer
	problem string
	missing string
}

// verify checks one launch. The error is of the target as a whole.
func (v Verifier) verify(ctx context.Context, t bench.Target, variant bench.Variant, list []work) (
	answers map[string]answered, about bench.About, log string, err error) {
	for _, w := range list {
		if err := v.Ensure(ctx, w.needs); err != nil {
			return nil, nil, "", err
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
			log = failed.Log
		}
		return nil, nil, log, err
	}
	defer func() {
		server.Stop(ctx)
		log = server.Log()
	}()
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	if about, err = AskAbout(ctx, client, server.URL()); err != nil {
		return nil, nil, "", err
	}
	answers = map[string]answered{}
	if why := t.Unlike(about); why != "" {
		for _, w := range list {
			answers[w.name()] = answered{missing: why}
		}
		return answers, about, "", server.Stop(ctx)
	}
	var drain *bench.Workload
	for _, w := range list {
		answers[w.name()] = v.answer(ctx, client, server.URL(), w)
		if a := answers[w.name()]; a.problem == "" && a.missing == "" && w.Expect.Calls["upstream"] > 0 {
			drain = &w.Workload
		}
	}
	switch {
	case t.QuickstartOf != "":
	case drain == nil:
		client.CloseIdleConnections()
		err = server.Stop(ctx)
	default:
		err = v.drains(ctx, client, server, *drain)
	}
	return answers, about, "", err
}

// answer asks for one answer of a work, and of what is to be sent beside it.
func (v Verifier) answer(ctx context.Context, client *http.Client, url string, w work) (a answered) {
	if w.Driver != bench.DriverHTTP {
		if err := v.Try(ctx, url, w.Workload); err != nil {
			a.problem = w.Path + ": " + err.Error()
		}
		return a
	}
	before, err := v.Calls(ctx, w.needs)
	if err != nil {
		return answered{missing: err.Error()} // of a service, not of this server
	}
	a.body, a.headers, err = ask(ctx, client, url, w.Workload)
	if err == nil && w.beside != nil {
		_, err = Ask(ctx, client, url, bench.Workload{Method: http.MethodGet, Path: w.beside.Path, Timeout: w.Timeout, Expect: w.beside.Expect})
	}
	var absent *absentError
	switch {
	case errors.As(err, &absent):
		return answered{missing: absent.Error()}
	case err != nil:
		return answered{problem: err.Error()}
	}
	after, err := v.Calls(ctx, w.needs)
	if err != nil {
		return answered{missing: err.Error()}
	}
	for service := range after {
		if calls, want := after[service]-before[service], uint64(w.Expect.Calls[service]); calls != want {
			return answered{problem: fmt.Sprintf("one request of %s called the %s %d times, not %d", w.Path, service, calls, want)}
		}
	}
	return a
}

// absentError is the answer of a server whose runtime does not have what it was asked for.
type absentError struct{ said string }

func (e *absentError) Error() string { return "the server says: " + e.said }

// drains checks that a server which is told to stop answers what it has
// accepted: the upstream holds its answer until the server has been told.
func (v Verifier) drains(ctx context.Context, client *http.Client, server bench.Server, w bench.Workload) error {
	before := v.Upstream.Calls()
	release := v.Upstream.Hold()
	defer release()
	answer := make(chan error, 1)
	go func() {
		_, err := Ask(ctx, client, server.URL(), w)
		answer <- err
	}()
	for deadline := time.Now().Add(5 * time.Second); v.Upstream.Calls() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("a request did not reach the upstream within 5s")
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop(ctx) }()
	time.AfterFunc(100*time.Millisecond, release) // the server has its signal by now
	if err := <-answer; err != nil {
		<-stopped
		return fmt.Errorf("SIGTERM does not drain: a request that was under way got no answer: %w", err)
	}
	return <-stopped
}

// AskAbout asks a server what it is.
func AskAbout(ctx context.Context, client *http.Client, url string) (bench.About, error) {
	w := bench.Workload{Method: http.MethodGet, Path: "/about", Timeout: bench.Duration{Duration: 5 * time.Second},
		Expect: bench.Expect{Status: http.StatusOK, JSON: map[string]any{}}}
	body, err := Ask(ctx, client, url, w)
	if err != nil {
		return nil, err
	}
	var about bench.About
	if err := json.Unmarshal([]byte(body), &about); err != nil {
		return nil, fmt.Errorf("/about: %w", err)
	}
	return about, nil
}

const largestBody = 64 << 20

// Ask makes one request of the workload, and returns the body of the answer or
// what is wrong with it.
func Ask(ctx context.Context, client *http.Client, url string, w bench.Workload) (body string, err error) {
	body, _, err = ask(ctx, client, url, w)
	return body, err
}

// free are the headers in which servers may differ.
var free = []string{"Connection", "Date", "Keep-Alive", "Server"}

// ask is Ask, with the names of the answer's headers but for the free ones.
func ask(ctx context.Context, client *http.Client, url string, w bench.Workload) (body, headers string, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout.Duration)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, w.Method, url+w.Path, strings.NewReader(w.Body))
	if err != nil {
		return "", "", err
	}
	for name, value := range w.Headers {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return "", "", fmt.Errorf("%s: no answer within %v", w.Path, w.Timeout)
		}
		return "", "", fmt.Errorf("%s: %w", w.Path, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, largestBody))
	if err != nil {
		return "", "", fmt.Errorf("%s: read the answer: %w", w.Path, err)
	}
	if err := expect(w.Expect, resp, data); err != nil {
		return "", "", fmt.Errorf("%s: %w", w.Path, err)
	}
	var names []string
	for name := range resp.Header {
		if !slices.Contains(free, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return string(data), strings.Join(names, ", "), nil
}

func expect(want bench.Expect, resp *http.Response, body []byte) error {
	if resp.StatusCode == http.StatusNotImplemented && want.Status != http.StatusNotImplemented {
		var told struct {
			Error string `json:"error"`
		}
		json.Unmarshal(body, &told)
		return &absentError{printable(told.Error)}
	}
	if resp.StatusCode != want.Status {
		return fmt.Errorf("status %d, want %d; body %s", resp.StatusCode, want.Status, excerpt(string(body), 0))
	}
	switch told := resp.ContentLength >= 0; {
	case told && want.Chunked:
		return errors.New("the answer has a content-length, and is to be streamed")
	case !told && !want.Chunked:
		return errors.New("the answer has no content-length")
	}
	if want.SHA256 != "" && digest(string(body)) != want.SHA256 {
		return fmt.Errorf("body %s is not the expected one (SHA-256 %s)", excerpt(string(body), 0), want.SHA256)
	}
	if want.JSON == nil {
		return nil
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
		return fmt.Errorf("content-type %q, want application/json", resp.Header.Get("Content-Type"))
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		return fmt.Errorf("body %s is no JSON object: %w", excerpt(string(body), 0), err)
	}
	for key, value := range want.JSON {
		if !reflect.DeepEqual(plain(value), got[key]) {
			wanted, _ := json.Marshal(value)
			had, _ := json.Marshal(got[key])
			return fmt.Errorf("%s is %s, want %s", key, excerpt(string(had), 0), excerpt(string(wanted), 0))
		}
	}
	return nil
}

// plain is a value as JSON would read it back, so that numbers from YAML compare.
func plain(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if json.Unmarshal(data, &out) != nil {
		return v
	}
	return out
}

// agree finds the answer that most arms give, and makes the others a problem. Where
// two answers are as frequent, that of the arm first by name counts.
func (c *Conformance) agree(cell, path string, answers map[string]answer) {
	count := map[answer]int{}
	var best answer
	for _, arm := range slices.Sorted(maps.Keys(answers)) {
		a := answers[arm]
		if count[a]++; count[a] > count[best] {
			best = a
		}
	}
	if len(answers) > 0 {
		c.Bodies[cell] = digest(best.body)
	}
	for arm, a := range answers {
		switch {
		case a.body != best.body:
			at := firstDifference(a.body, best.body)
			c.Problems[arm] = fmt.Sprintf("%s: the body differs from that of the other servers at byte %d: %s instead of %s",
				path, at, excerpt(a.body, at), excerpt(best.body, at))
		case a.headers != best.headers:
			c.Problems[arm] = fmt.Sprintf("%s: the headers are %s; those of the other servers are %s", path, printable(a.headers), printable(best.headers))
		}
	}
}

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func firstDifference(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// excerpt is a part of a text around a byte, quoted, so that it can be shown anywhere.
func excerpt(s string, at int) string {
	from := max(0, at-20)
	to := min(len(s), from+80)
	text := fmt.Sprintf("%q", s[min(from, to):to])
	if to < len(s) {
		text += "…"
	}
	return text
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return printable(line)
}
