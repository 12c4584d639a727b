package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/strictyaml"
)

// Choice is what a person chose to run.
type Choice struct {
	Profile   string
	Runner    string   // "docker" or "process"
	Scenarios []string // empty for all
	Targets   []string // empty for all
	Seed      uint64
	Cores     []cpuset.Set // that may be used
	Ungated   bool         // trials count even where the instrument was at fault
}

// New is the plan of a run: the chosen arms, in rounds that are shuffled by the
// seed. The same input gives the same plan.
func New(choice Choice, c *Catalogue, scenarios []bench.Scenario, guide bench.Guide) (*bench.Plan, error) {
	profile, err := findProfile(choice.Profile)
	if err != nil {
		return nil, err
	}
	p := &builder{cpus: map[string]string{}, Plan: &bench.Plan{Schema: bench.PlanSchema, Seed: choice.Seed, Profile: profile, Runner: choice.Runner, Gates: StandardGates, Guide: guide}}
	if choice.Ungated {
		p.Gates = bench.Gates{}
	}
	generator, servers, shared := cpuset.Split(choice.Cores)
	p.CPUs = bench.CPUs{Generator: generator.String(), Target: servers.String(), SharedCore: shared}
	if p.Targets, err = choose("target", c.Targets, choice.Targets, func(t bench.Target) string { return t.Name }); err != nil {
		return nil, err
	}
	all := scenarios
	if scenarios, err = choose("scenario", scenarios, choice.Scenarios, func(s bench.Scenario) string { return s.Name }); err != nil {
		return nil, err
	}
	if len(choice.Scenarios) == 0 {
		chosen := slices.DeleteFunc(slices.Clone(scenarios), func(s bench.Scenario) bool { return !runsIn(s, profile) })
		if len(chosen) > 0 { // else none is for the profile in particular
			scenarios = chosen
		}
	}
	for _, s := range p.guards(scenarios, all, generator, servers) {
		p.add(s, generator, servers)
	}
	p.needs(c.Services)
	for round := 1; round <= profile.Rounds; round++ {
		p.Trials = append(p.Trials, p.round(round)...)
	}
	for i := range p.Trials {
		p.Trials[i].N = i + 1
	}
	return p.Plan, nil
}

// runsIn reports whether the profile runs the scenario where none is named.
func runsIn(s bench.Scenario, p bench.Profile) bool {
	if len(s.Profiles) == 0 {
		return p.Name != Profiles[0].Name
	}
	return slices.Contains(s.Profiles, p.Name)
}

func profileNames() (names []string) {
	for _, p := range Profiles {
		names = append(names, p.Name)
	}
	return names
}

func findProfile(name string) (bench.Profile, error) {
	for _, p := range Profiles {
		if p.Name == name {
			return p, nil
		}
	}
	return bench.Profile{}, &ChoiceError{fmt.Sprintf("unknown profile %q%s", name, strictyaml.Nearest(name, profileNames()))}
}

// ChoiceError is a name on the command line that nothing has.
type ChoiceError struct{ Problem string }

func (e *ChoiceError) Error() string { return e.Problem }

// choose keeps the named items, in their own order; all where none is named.
func choose[T any](kind string, all []T, names []string, name func(T) string) ([]T, error) {
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, item := range all {
		known = append(known, name(item))
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, &ChoiceError{fmt.Sprintf("unknown %s %q%s", kind, n, strictyaml.Nearest(n, known))}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(item T) bool { return !slices.Contains(names, name(item)) }), nil
}

// Encode is the plan as it is kept in a run directory. Its bytes are what Hash
// is taken of.
func Encode(p *bench.Plan) ([]byte, error) {
	data, err := json.MarshalIndent(p, "", " ")
	if err == nil {
		err = json.Unmarshal(data, new(bench.Plan)) // what could not be read back could not be judged
	}
	if err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	return append(data, '\n'), nil
}

// Hash is the SHA-256 of an encoded plan, in hex: what sha256sum prints of plan.json.
func Hash(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
