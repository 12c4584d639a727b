package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// agreeing is how many machines must agree for a verdict to be general.
const agreeing = 3

// Merged is what runs of several machines say together.
type Merged struct {
	Guide    string    `json:"guide"`
	Machines []Machine `json:"machines"`
	Claims   []Claim   `json:"claims"`
}

// Machine is one machine with its runs.
type Machine struct {
	Name  string   `json:"name"`  // A, B, ... by the order of the runs
	Class string   `json:"class"` // what kind of machine it is
	Runs  []string `json:"runs"`  // plan hashes
	// Out says why its verdicts do not count; empty where they do.
	Out string `json:"out,omitempty"`
}

// Claim is the verdict of a claim over machines.
type Claim struct {
	ID      string        `json:"id"`
	Quotes  []bench.Quote `json:"quotes"`
	Verdict bench.Verdict `json:"verdict"`
	General bool          `json:"general"`
	Why     string        `json:"why"`
	// On is each machine's verdict, by its name.
	On map[string]bench.Verdict `json:"on"`
}

// MergeError says why runs cannot be merged.
type MergeError struct{ Problem string }

func (e *MergeError) Error() string { return e.Problem }

// Merge joins the runs. They must be of one guide, with the same tests, and of the same servers.
func Merge(runs []Run) (*Merged, error) {
	if len(runs) == 0 {
		return nil, &MergeError{"there is no run to merge"}
	}
	for _, r := range runs[1:] {
		if why := differ(runs[0].Run, r.Run); why != "" {
			return nil, &MergeError{fmt.Sprintf("%s and %s cannot be merged: %s", runs[0].Dir, r.Dir, why)}
		}
	}
	runs = slices.SortedStableFunc(slices.Values(runs), func(a, b Run) int { return a.Environment.Time.Compare(b.Environment.Time) })
	m := &Merged{Guide: runs[0].Plan.Guide.Title}
	of := map[string]int{} // machine, by what identifies it
	counts := map[int]*Run{}
	for i, r := range runs {
		id := cmp.Or(r.Environment.Machine, fmt.Sprintf("unknown %d", i))
		n, known := of[id]
		if !known {
			n = len(m.Machines)
			of[id] = n
			m.Machines = append(m.Machines, Machine{Name: letter(n), Class: machineOf(r.Environment)})
		}
		on := &m.Machines[n]
		on.Runs = append(on.Runs, r.PlanHash)
		switch {
		case counts[n] != nil: // a machine is asked once: else it could be asked until it says what is wanted
		case r.Environment.Machine == "":
			on.Out = "nothing tells which machine it is"
		case !r.Plan.Profile.Evidence:
			on.Out = fmt.Sprintf("profile %s is a first look", r.Plan.Profile.Name)
		case len(r.Verdicts.Void) > 0:
			on.Out = "void as evidence: " + r.Verdicts.Void[0]
		default:
			counts[n], on.Out = &runs[i], ""
		}
	}
	for i, said := range runs[0].Verdicts.Claims {
		c := Claim{ID: said.ID, Quotes: said.Quotes, On: map[string]bench.Verdict{}}
		made, classes := map[string]string{}, map[string]bool{}
		for n, on := range m.Machines {
			if r := counts[n]; r != nil {
				c.On[on.Name] = r.Verdicts.Claims[i].Verdict
				made[on.Name] = comparisons(r.Verdicts.Claims[i])
				classes[on.Class] = true
			}
		}
		c.judge(made)
		if c.General && len(classes) == 1 {
			c.Why += "; all machines are of one class"
		}
		m.Claims = append(m.Claims, c)
	}
	return m, nil
}

// comparisons are those that a claim's verdict is of, but for numbers of workers, which each machine
// has its own of. Of one that depends, each with what it says.
func comparisons(v bench.ClaimVerdict) string {
	var list []string
	for _, t := range v.Tests {
		if t.Verdict == bench.NotTested {
			continue
		}
		text := fmt.Sprintf("%s %s %s %s %s %s", t.Scenario, t.Level, t.Metric, t.Of, t.To, t.Offered)
		if v.Verdict == bench.Depends {
			text += " " + string(t.Verdict)
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

// judge gives the claim its verdict over machines. made are the comparisons of each: machines agree
// only where they compared the same.
func (c *Claim) judge(made map[string]string) {
	on := map[bench.Verdict][]string{}
	for _, machine := range slices.Sorted(maps.Keys(c.On)) {
		on[c.On[machine]] = append(on[c.On[machine]], machine)
	}
	var decided []bench.Verdict
	var parts []string
	for _, word := range bench.VerdictNames {
		v := bench.Verdict(word)
		if len(on[v]) == 0 {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s on %s", v, strings.Join(on[v], ", ")))
		if v != bench.Inconclusive && v != bench.NotTested {
			decided = append(decided, v)
		}
	}
	c.Why = strings.Join(parts, "; ")
	alike := len(decided) == 1 && !slices.ContainsFunc(on[decided[0]], func(machine string) bool { return made[machine] != made[on[decided[0]][0]] })
	switch {
	case len(on) == 0:
		c.Verdict, c.Why = bench.NotTested, "no machine's verdicts count"
	case len(on[bench.NotTested]) == len(c.On):
		c.Verdict = bench.NotTested
	case len(decided) > 1:
		c.Verdict, c.Why = bench.Depends, "depends on the machine: "+c.Why
	case len(decided) == 0:
		c.Verdict = bench.Inconclusive
	case !alike:
		c.Verdict, c.Why = bench.Inconclusive, c.Why+"; but not by the same comparisons"
	case len(on[decided[0]]) < agreeing:
		c.Verdict, c.Why = bench.Inconclusive, fmt.Sprintf("%s; a general verdict takes %d machines that agree", c.Why, agreeing)
	default:
		c.Verdict, c.General = decided[0], true
	}
}

// differ says why two runs cannot be held together.
func differ(a, b *record.Run) string {
	if a.Plan.Guide.Name != b.Plan.Guide.Name {
		return fmt.Sprintf("one is of guide %s, the other of %s", a.Plan.Guide.Name, b.Plan.Guide.Name)
	}
	if tests(a) != tests(b) {
		return "the claims have other tests"
	}
	if a.Plan.Runner != b.Plan.Runner {
		return fmt.Sprintf("one started servers as %s, the other as %s", a.Plan.Runner, b.Plan.Runner)
	}
	for _, s := range a.Plan.Scenarios {
		if other, ok := b.Plan.Scenario(s.Name); ok && askedOf(s) != askedOf(other) {
			return fmt.Sprintf("scenario %s is another", s.Name)
		}
	}
	for _, t := range a.Plan.Targets {
		if other, ok := b.Plan.Target(t.Name); ok && other.Digest != t.Digest {
			return fmt.Sprintf("the sources of %s differ", t.Name)
		}
	}
	return ""
}

// tests are the guide's claims but for what a machine resolves: numbers of CPUs in variants.
func tests(r *record.Run) string {
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
	text, err := json.Marshal(claims)
	if err != nil { // what was read from JSON can be written
		panic(err)
	}
	return string(text)
}

// askedOf describes what a scenario asks of servers, without what a machine resolves.
func askedOf(s bench.Scenario) string {
	s.Targets, s.Variants, s.Twin, s.Why = nil, nil, false, ""
	s.Levels = slices.Clone(s.Levels)
	for i := range s.Levels {
		s.Levels[i].Path, s.Levels[i].Units = digits.ReplaceAllString(s.Levels[i].Path, "k"), ""
	}
	text, err := json.Marshal(s)
	if err != nil { // what was read from JSON can be written
		panic(err)
	}
	return string(text)
}

// digits are what the number of CPUs is resolved to.
var digits = regexp.MustCompile(`\bk=\d+\b`)

// unnumbered is a variant without its numbers, which may be those of a machine's CPUs.
func unnumbered(v bench.Variant) bench.Variant {
	v = maps.Clone(v)
	for name, value := range v {
		if _, err := strconv.Atoi(value); err == nil {
			v[name] = ""
		}
	}
	return v
}

func machineOf(e bench.Environment) string {
	return fmt.Sprintf("%s, %d CPUs, %s, %s", cmp.Or(e.CPU, "unknown CPU"), e.CPUs, e.Arch, cmp.Or(e.OS, "unknown system"))
}

// letter returns A to Z, then A1 and so on.
func letter(n int) string {
	text := string(rune('A' + n%26))
	if n >= 26 {
		text += fmt.Sprint(n / 26)
	}
	return text
}
