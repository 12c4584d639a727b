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
	// Problems tell, by arm (bench.ArmName), why it is not to be tested.
	Problems map[string]string
	// Bodies are the SHA-256, in hex, of the body that the conforming targets agree on, by scenario.
	Bodies map[string]string
	// Abouts are what the targets say of themselves.
	Abouts map[string]bench.About
	// Logs are what the targets with problems wrote, by target.
	Logs map[string]string
}

// Verifier checks that targets keep their contract before anything is timed.
type Verifier struct {
	Launcher bench.Launcher
	Env      map[string]string // for every launch
	Upstream Upstream
	Progress func(doing string) // may be nil
}

// Verify launches every target in every variant and asks it for every
// scenario's answer: status, headers, the expected values, the calls that its
// upstream counted. Bodies must then be equal byte for byte across targets, and
// a server that is told to stop must first answer what it has accepted. What a
// target does wrong is in the result; an error means the check could not be made.
func (v Verifier) Verify(ctx context.Context, targets []bench.Target, scenarios []bench.Scenario) (*Conformance, error) {
	c := &Conformance{Problems: map[string]string{}, Bodies: map[string]string{}, Abouts: map[string]bench.About{}, Logs: map[string]string{}}
	agreed := map[string]map[string]answer{} // scenario, arm
	for _, t := range targets {
		for _, variant := range variants(scenarios) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if v.Progress != nil {
				v.Progress("checking " + t.Name)
			}
			mine := having(scenarios, variant)
			answers, about, log, problem := v.verify(ctx, t, variant, mine)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case errors.Is(problem, ErrEngine):
				return nil, problem
			case about != nil:
				c.Abouts[t.Name] = about
			}
			for _, s := range mine {
				arm := bench.ArmName(s.Name, t.Name, variant)
				a, asked := answers[s.Name]
				if problem != nil || a.problem != "" {
					c.Logs[t.Name] = log
				}
				switch {
				case problem != nil && (!asked || a.problem == ""):
					c.Problems[arm] = firstLine(problem)
				case a.problem != "":
					c.Problems[arm] = a.problem
				default:
					if agreed[s.Name] == nil {
						agreed[s.Name] = map[string]answer{}
					}
					agreed[s.Name][arm] = a.answer
				}
			}
		}
	}
	for _, s := range scenarios {
		c.agree(s, agreed[s.Name])
	}
	return c, nil
}

// variants are the distinct variants of all scenarios.
func variants(scenarios []bench.Scenario) []bench.Variant {
	byName := map[string]bench.Variant{}
	for _, s := range scenarios {
		for _, v := range s.Variants {
			byName[v.String()] = v
		}
	}
	var list []bench.Variant
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, byName[name])
	}
	return list
}

func having(scenarios []bench.Scenario, v bench.Variant) []bench.Scenario {
	return slices.DeleteFunc(slices.Clone(scenarios), func(s bench.Scenario) bool {
		return !slices.ContainsFunc(s.Variants, func(w bench.Variant) bool { return maps.Equal(v, w) })
	})
}

// answer is what all servers must give alike.
type answer struct {
	headers string // names, but for those that tell of the connection and the clock
	body    string
}

type answered struct {
	answer
	problem string
}

// verify checks one launch. The error is of the target as a whole.
func (v Verifier) verify(ctx context.Context, t bench.Target, variant bench.Variant, scenarios []bench.Scenario) (
	answers map[string]answered, about bench.About, log string, err error) {
	env := maps.Clone(v.Env)
	maps.Copy(env, variant)
	server, err := v.Launcher.Launch(ctx, t, env)
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
	var drain *bench.Workload
	for _, s := range scenarios {
		before := v.Upstream.Calls()
		body, headers, err := ask(ctx, client, server.URL(), s.Workload)
		switch calls := int(v.Upstream.Calls() - before); {
		case err != nil:
			answers[s.Name] = answered{problem: err.Error()}
			continue
		case calls != s.Workload.Expect.Calls["upstream"]:
			answers[s.Name] = answered{problem: fmt.Sprintf("one request of %s called the upstream %d times, not %d",
				s.Workload.Path, calls, s.Workload.Expect.Calls["upstream"])}
			continue
		}
		answers[s.Name] = answered{answer: answer{headers, body}}
		if s.Workload.Expect.Calls["upstream"] > 0 {
			drain = &s.Workload
		}
	}
	if drain == nil {
		err = server.Stop(ctx)
	} else {
		err = v.drains(ctx, client, server, *drain)
	}
	return answers, about, "", err
}

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
	if resp.StatusCode != want.Status {
		return fmt.Errorf("status %d, want %d; body %s", resp.StatusCode, want.Status, excerpt(string(body), 0))
	}
	if resp.ContentLength < 0 {
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
func (c *Conformance) agree(s bench.Scenario, answers map[string]answer) {
	count := map[answer]int{}
	var best answer
	for _, arm := range slices.Sorted(maps.Keys(answers)) {
		a := answers[arm]
		if count[a]++; count[a] > count[best] {
			best = a
		}
	}
	if len(answers) > 0 {
		c.Bodies[s.Name] = digest(best.body)
	}
	for arm, a := range answers {
		switch {
		case a.body != best.body:
			at := firstDifference(a.body, best.body)
			c.Problems[arm] = fmt.Sprintf("%s: the body differs from that of the other servers at byte %d: %s instead of %s",
				s.Workload.Path, at, excerpt(a.body, at), excerpt(best.body, at))
		case a.headers != best.headers:
			c.Problems[arm] = fmt.Sprintf("%s: the headers are %s; those of the other servers are %s", s.Workload.Path, printable(a.headers), printable(best.headers))
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
