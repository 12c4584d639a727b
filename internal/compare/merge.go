package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Merged holds the joint verdicts of runs on several machines.
type Merged struct {
	Guide    string    `json:"guide"`
	Machines []Machine `json:"machines"`
	Claims   []Claim   `json:"claims"`
}

// Machine is one machine with its runs.
type Machine struct {
	Name  string   `json:"name"`  // A, B, ... by the order of the runs
	Class string   `json:"class"` // see Hardware.String
	Runs  []string `json:"runs"`  // plan hashes
	// Out is why its verdicts do not count; empty if they count.
	Out string `json:"out,omitempty"`
}

// MergeError reports why runs cannot be merged.
type MergeError struct{ Problem string }

func (e *MergeError) Error() string { return e.Problem }

// source is a machine, and the one of its runs that counts.
type source struct {
	Machine
	id       string
	hardware Hardware
	counts   *Run // nil if none of its runs counts
}

// Merge joins the runs. They must test one guide with the same tests, on the same servers; otherwise
// Merge returns a MergeError.
func Merge(runs []Run) (*Merged, error) {
	if len(runs) == 0 {
		return nil, &MergeError{"there is no run to merge"}
	}
	for _, r := range runs[1:] {
		if why := mismatch(runs[0].Run, r.Run); why != "" {
			return nil, &MergeError{fmt.Sprintf("%s and %s cannot be merged: %s", runs[0].Dir, r.Dir, why)}
		}
	}
	byTime := func(a, b Run) int { return a.Environment.Time.Compare(b.Environment.Time) }
	runs = slices.SortedStableFunc(slices.Values(runs), byTime)
	m := &Merged{Guide: runs[0].Plan.Guide.Title}
	sources := sourcesOf(runs)
	for _, s := range sources {
		m.Machines = append(m.Machines, s.Machine)
	}
	for i, claim := range runs[0].Verdicts.Claims {
		m.Claims = append(m.Claims, mergeClaim(claim, i, sources))
	}
	return m, nil
}

// sourcesOf groups the runs by machine. The first run of a machine that may count does count, and no
// later one: otherwise you could repeat a run until it says what you want.
func sourcesOf(runs []Run) []*source {
	var list []*source
	for i := range runs {
		r := &runs[i]
		id := cmp.Or(r.Environment.Machine, fmt.Sprintf("unknown %d", i))
		at := slices.IndexFunc(list, func(s *source) bool { return s.id == id })
		if at < 0 {
			at = len(list)
			hardware := HardwareOf(r.Environment)
			list = append(list, &source{
				Machine:  Machine{Name: letter(at), Class: hardware.String()},
				id:       id,
				hardware: hardware,
			})
		}
		s := list[at]
		s.Runs = append(s.Runs, r.PlanHash)
		if s.counts != nil {
			continue
		}
		if s.Out = outOf(r); s.Out == "" {
			s.counts = r
		}
	}
	return list
}

// outOf returns why the verdicts of a run do not count; empty if they count.
func outOf(r *Run) string {
	switch {
	case r.Environment.Machine == "":
		return "the run does not record which machine made it"
	case !r.Plan.Profile.Evidence:
		return fmt.Sprintf("profile %s is a preview, not evidence", r.Plan.Profile.Name)
	case len(r.Verdicts.Void) > 0:
		return "void as evidence: " + r.Verdicts.Void[0]
	}
	return ""
}

// mergeClaim judges one claim over machines. The claim is number n of every run.
func mergeClaim(claim bench.ClaimVerdict, n int, sources []*source) Claim {
	c := Claim{ID: claim.ID, Quotes: claim.Quotes, On: map[string]bench.Verdict{}}
	var votes []vote
	kinds := map[Hardware]bool{}
	for _, s := range sources {
		if s.counts == nil {
			continue
		}
		v := s.counts.Verdicts.Claims[n]
		c.On[s.Name] = v.Verdict
		votes = append(votes, vote{machine: s.Name, verdict: v.Verdict, comparisons: comparisonsOf(v)})
		kinds[s.hardware] = true
	}
	c.judge(votes)
	if c.General && len(kinds) == 1 {
		c.Why += "; all machines are of one class"
	}
	return c
}

// mismatch returns why two runs cannot be merged; empty if they can.
func mismatch(a, b *record.Run) string {
	if a.Plan.Guide.Name != b.Plan.Guide.Name {
		return fmt.Sprintf("one tests guide %s, the other guide %s", a.Plan.Guide.Name, b.Plan.Guide.Name)
	}
	if portableTests(a) != portableTests(b) {
		return "the claims have different tests"
	}
	if a.Plan.Runner != b.Plan.Runner {
		return fmt.Sprintf("one started servers as %s, the other as %s", a.Plan.Runner, b.Plan.Runner)
	}
	for _, s := range a.Plan.Scenarios {
		if _, ok := b.Plan.Scenario(s.Name); !ok {
			continue
		}
		if workOf(a, s.Name).portable().digest() != workOf(b, s.Name).portable().digest() {
			return fmt.Sprintf("scenario %s asks for other work", s.Name)
		}
	}
	for _, t := range a.Plan.Targets {
		if other, ok := b.Plan.Target(t.Name); ok && other.Digest != t.Digest {
			return fmt.Sprintf("the sources of %s differ", t.Name)
		}
	}
	return ""
}

// portableTests returns the guide's claims as JSON, without the numbers of CPUs in variants, which
// each machine resolves.
func portableTests(r *record.Run) string {
	var claims []bench.Claim
	for _, c := range r.Plan.Guide.Claims {
		c.Tests = slices.Clone(c.Tests)
		for i, t := range c.Tests {
			t.Variant = unnumbered(t.Variant)
			if t.Base != nil {
				base := *t.Base
				base.Variant = unnumbered(base.Variant)
				t.Base = &base
			}
			c.Tests[i] = t
		}
		claims = append(claims, c)
	}
	return mustJSON(claims)
}

// unnumbered returns a variant without its numbers, which may be numbers of a machine's CPUs.
func unnumbered(v bench.Variant) bench.Variant {
	v = maps.Clone(v)
	for name, value := range v {
		if _, err := strconv.Atoi(value); err == nil {
			v[name] = ""
		}
	}
	return v
}

// letter returns A to Z, then A1 and so on.
func letter(n int) string {
	text := string(rune('A' + n%26))
	if n >= 26 {
		text += fmt.Sprint(n / 26)
	}
	return text
}
