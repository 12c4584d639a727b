package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cpuset"
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
	p := &bench.Plan{Schema: bench.PlanSchema, Seed: choice.Seed, Profile: profile, Runner: choice.Runner, Gates: bench.StandardGates, Guide: guide}
	if choice.Ungated {
		p.Gates = bench.Gates{}
	}
	generator, target, shared := cpuset.Split(choice.Cores)
	p.CPUs = bench.CPUs{Generator: generator.String(), Target: target.String(), SharedCore: shared}
	if p.Scenarios, err = choose("scenario", scenarios, choice.Scenarios, func(s bench.Scenario) string { return s.Name }); err != nil {
		return nil, err
	}
	if p.Targets, err = choose("target", c.Targets, choice.Targets, func(t bench.Target) string { return t.Name }); err != nil {
		return nil, err
	}
	for round := 1; round <= profile.Rounds; round++ {
		p.Trials = append(p.Trials, newRound(p, round)...)
	}
	for i := range p.Trials {
		p.Trials[i].N = i + 1
	}
	return p, nil
}

func findProfile(name string) (bench.Profile, error) {
	var names []string
	for _, p := range bench.Profiles {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return bench.Profile{}, &ChoiceError{fmt.Sprintf("unknown profile %q%s", name, nearest(name, names))}
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
			return nil, &ChoiceError{fmt.Sprintf("unknown %s %q%s", kind, n, nearest(n, known))}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(item T) bool { return !slices.Contains(names, name(item)) }), nil
}

// newRound is every arm once, in an order of the round's own.
func newRound(p *bench.Plan, round int) []bench.Trial {
	var trials []bench.Trial
	for _, s := range p.Scenarios {
		for _, target := range p.Targets {
			for _, v := range s.Variants {
				trials = append(trials, bench.Trial{
					Round: round, Scenario: s.Name, Target: target.Name, Variant: v, Phases: phases(p, s, round),
				})
			}
		}
	}
	shuffle := rand.New(rand.NewPCG(p.Seed, uint64(round)))
	shuffle.Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
	return trials
}

// phases are the drives of a trial. Within a round all targets get the same
// arrivals, so that a burst in the schedule meets both sides of a comparison.
func phases(p *bench.Plan, s bench.Scenario, round int) []bench.Phase {
	seed := func(phase string) uint64 {
		h := fnv.New64a()
		binary.Write(h, binary.LittleEndian, []uint64{p.Seed, uint64(round)})
		h.Write([]byte(s.Name + "\x00" + phase))
		return h.Sum64()
	}
	list := []bench.Phase{{Name: "warmup", Schedule: bench.Schedule{
		Connections: s.Connections, Duration: p.Profile.Warmup, Seed: seed("warmup")}}}
	if s.Measures(bench.MeasureLatency) {
		for i, rate := range s.Rates {
			if p.Profile.Rates > 0 && i >= p.Profile.Rates {
				break
			}
			name := bench.LatencyPhase(rate)
			list = append(list, bench.Phase{Name: name, Measure: bench.MeasureLatency, Schedule: bench.Schedule{
				Rate: rate, Arrivals: s.Workload.Arrivals, Duration: p.Profile.Measure, Seed: seed(name)}})
		}
	}
	if s.Measures(bench.MeasureThroughput) {
		list = append(list, bench.Phase{Name: bench.MeasureThroughput, Measure: bench.MeasureThroughput, Schedule: bench.Schedule{
			Connections: s.Connections, Duration: p.Profile.Measure, Seed: seed(bench.MeasureThroughput)}})
	}
	return list
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
