package bench

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// ArmName returns the name of an arm, the thing that a trial repeats: "json/node-fastify" or, with a
// variant, "json/node-fastify[WORKERS=2]".
func ArmName(scenario, target string, v Variant) string {
	name := scenario + "/" + target
	if len(v) > 0 {
		name += "[" + v.String() + "]"
	}
	return name
}

// String formats the variant as "K=V,K=V", sorted by key.
func (v Variant) String() string {
	pairs := make([]string, 0, len(v))
	for k, val := range v {
		pairs = append(pairs, k+"="+val)
	}
	sort.Strings(pairs)
	return strings.Join(pairs, ",")
}

// Cell identifies what a comparison takes its numbers from: an arm at one level of its scenario.
type Cell struct {
	Arm   string // see ArmName
	Level string // empty if the scenario has no levels
}

// IsZero reports whether the cell names nothing.
func (c Cell) IsZero() bool { return c == Cell{} }

// String returns the arm, followed by the level if there is one.
func (c Cell) String() string {
	if c.Level == "" {
		return c.Arm
	}
	return c.Arm + " " + c.Level
}

// Kinds of phases that measure nothing. All other phases are of the kind that they measure.
const (
	Warmup    = "warmup"
	Preflight = "check" // one request before the first timed one, to see that the level works
)

// PhaseID identifies a phase among those of a trial. In files it is written as its String.
type PhaseID struct {
	Level string // empty if the scenario has no levels
	Kind  string // Warmup, Preflight or a measure
	Offered
	// Probe counts the probes of a search from 1; the first one confirms the capacity that an earlier
	// launch had, or does not exist. It is 0 for a phase that is not a probe.
	Probe int
	// Repeated marks a phase that was made a second time, because the load generator was at fault.
	Repeated bool
}

// repeatedSuffix ends the name of a phase that was made a second time.
const repeatedSuffix = "~2"

// String returns the name of the phase: its level, what it measures, the number of the probe, what it is
// offered, and whether it was repeated: "threads/throughput", "latency@200/s~2", "capacity#3@410/s".
func (id PhaseID) String() string {
	var b strings.Builder
	if id.Level != "" {
		b.WriteString(id.Level + "/")
	}
	b.WriteString(id.Kind)
	if id.Probe > 0 {
		fmt.Fprintf(&b, "#%d", id.Probe-1)
	}
	switch {
	case id.Share > 0:
		b.WriteString("@" + id.Share.String())
	case id.Rate > 0:
		b.WriteString("@" + id.Rate.String())
	}
	if id.Repeated {
		b.WriteString(repeatedSuffix)
	}
	return b.String()
}

// Planned returns the identity of the plan's phase that this one carries out: a repeated phase is the
// same phase, and a probe belongs to its search.
func (id PhaseID) Planned() PhaseID {
	id = id.Unrepeated()
	if id.Probe > 0 {
		id.Probe, id.Offered = 0, Offered{}
	}
	return id
}

// Unrepeated returns the identity of the phase as it was made the first time.
func (id PhaseID) Unrepeated() PhaseID {
	id.Repeated = false
	return id
}

// Again returns the identity of the phase when it is made a second time.
func (id PhaseID) Again() PhaseID {
	id.Repeated = true
	return id
}

// MarshalText writes the name of the phase.
func (id PhaseID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads a name as String writes it.
func (id *PhaseID) UnmarshalText(text []byte) error {
	*id = PhaseID{}
	name, repeated := strings.CutSuffix(string(text), repeatedSuffix)
	id.Repeated = repeated
	name, offered, isOffered := strings.Cut(name, "@")
	if isOffered {
		var err error
		if strings.HasSuffix(offered, "%") {
			err = id.Share.UnmarshalText([]byte(offered))
		} else {
			err = id.Rate.UnmarshalText([]byte(offered))
		}
		if err != nil {
			return fmt.Errorf("phase %q: %w", text, err)
		}
	}
	name, probe, isProbe := strings.Cut(name, "#")
	if isProbe {
		n, err := strconv.Atoi(probe)
		if err != nil || n < 0 {
			return fmt.Errorf("phase %q: %q is not the number of a probe", text, probe)
		}
		id.Probe = n + 1
	}
	if level, kind, hasLevel := strings.Cut(name, "/"); hasLevel {
		id.Level, name = level, kind
	}
	id.Kind = name
	return nil
}
