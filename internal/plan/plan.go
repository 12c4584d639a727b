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

// Choice holds what the user chose to run.
type Choice struct {
	Profile   string
	Runner    string   // "docker" or "process"
	Scenarios []string // empty for all
	Targets   []string // empty for all
	Seed      uint64
	Cores     []cpuset.Set // that may be used
	NoGates   bool         // phases count even if the load generator was at fault
}

// New plans a run: the chosen arms, in rounds that are shuffled by the seed. The same input gives the same
// plan.
func New(choice Choice, c *Catalogue, scenarios []bench.Scenario, guide bench.Guide) (*bench.Plan, error) {
	profile, err := findProfile(choice.Profile)
	if err != nil {
		return nil, err
	}
	p := &builder{cpus: map[string]string{}, Plan: &bench.Plan{
		Schema:  bench.PlanSchema,
		Seed:    choice.Seed,
		Profile: profile,
		Runner:  choice.Runner,
		Gates:   StandardGates,
		Guide:   guide,
	}}
	if choice.NoGates {
		p.Gates = bench.Gates{}
	}
	var shared bool
	p.generator, p.servers, shared = cpuset.Split(choice.Cores)
	p.CPUs = bench.CPUs{Generator: p.generator.String(), Target: p.servers.String(), SharedCore: shared}
	nameOf := func(t bench.Target) string { return t.Name }
	if p.Targets, err = choose("server", c.Targets, choice.Targets, nameOf); err != nil {
		return nil, err
	}
	chosen, err := chooseScenarios(choice, profile, scenarios)
	if err != nil {
		return nil, err
	}
	for _, s := range p.withChecks(chosen, scenarios) {
		p.add(s)
	}
	p.keepNeeded(c.Services)
	for round := 1; round <= profile.Rounds; round++ {
		p.Trials = append(p.Trials, p.round(round)...)
	}
	for i := range p.Trials {
		p.Trials[i].N = i + 1
	}
	return p.Plan, nil
}

// chooseScenarios returns the named scenarios or, if none is named, those of the profile.
func chooseScenarios(choice Choice, p bench.Profile, all []bench.Scenario) ([]bench.Scenario, error) {
	chosen, err := choose("scenario", all, choice.Scenarios, func(s bench.Scenario) string { return s.Name })
	if err != nil || len(choice.Scenarios) > 0 {
		return chosen, err
	}
	ofProfile := slices.DeleteFunc(slices.Clone(chosen), func(s bench.Scenario) bool { return !runsIn(s, p) })
	if len(ofProfile) == 0 { // no scenario names this profile
		return chosen, nil
	}
	return ofProfile, nil
}

// runsIn reports whether the profile runs the scenario if no scenario is named.
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
	return bench.Profile{}, &ChoiceError{
		Problem: fmt.Sprintf("unknown profile %q%s", name, strictyaml.Nearest(name, profileNames())),
	}
}

// ChoiceError is an unknown name on the command line.
type ChoiceError struct{ Problem string }

func (e *ChoiceError) Error() string { return e.Problem }

// choose returns the named items, in their own order, or all if none is named.
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
	return slices.DeleteFunc(slices.Clone(all), func(item T) bool {
		return !slices.Contains(names, name(item))
	}), nil
}

// Encode returns the plan as a run directory holds it. Hash is taken of these bytes.
func Encode(p *bench.Plan) ([]byte, error) {
	data, err := json.MarshalIndent(p, "", " ")
	if err == nil {
		err = json.Unmarshal(data, new(bench.Plan)) // a plan that cannot be read back cannot be judged
	}
	if err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	return append(data, '\n'), nil
}

// Hash returns the SHA-256 of an encoded plan, in hex, as sha256sum prints it for plan.json.
func Hash(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
