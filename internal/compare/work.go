package compare

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// work describes what a run asks of the servers of one scenario, and how it measures them.
type work struct {
	scenario bench.Scenario
	profile  bench.Profile // the zero value if it does not matter
}

// workOf returns the work of a run's scenario.
func workOf(r *record.Run, scenario string) work {
	s, _ := r.Plan.Scenario(scenario)
	return work{scenario: s, profile: r.Plan.Profile}
}

// portable returns the work without everything that a machine or a profile sets. Merge compares this
// part only, since each machine runs as many workers as it has CPUs.
func (w work) portable() work {
	s := w.scenario
	s.Variants, s.Twin = nil, false
	s.Levels = slices.Clone(s.Levels)
	for i := range s.Levels {
		s.Levels[i].Path = cpuNumber.ReplaceAllString(s.Levels[i].Path, "k")
		s.Levels[i].Units = ""
	}
	return work{scenario: s}
}

// cpuNumber finds the number of CPUs that the plan put into a path.
var cpuNumber = regexp.MustCompile(`\bk=\d+\b`)

// digest returns a short SHA-256 of the work, in hex. Numbers with different digests are not
// comparable. A history keeps digests, so the encoded form must not change.
func (w work) digest() string {
	s, p := w.scenario, w.profile
	s.Targets, s.Why = nil, ""
	text := mustJSON([]any{s, p.Warmup, p.Measure, p.Probe, p.Resolution, p.Launches, p.Stretch})
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// mustJSON encodes a part of a plan. A plan was read from JSON, so it can be written as JSON.
func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
