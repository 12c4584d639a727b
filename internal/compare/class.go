package compare

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Hardware is the kind of machine that a run was made on.
type Hardware struct {
	CPU  string
	CPUs int
	Arch string
	OS   string
}

// HardwareOf returns the hardware of an environment.
func HardwareOf(e bench.Environment) Hardware {
	return Hardware{CPU: e.CPU, CPUs: e.CPUs, Arch: e.Arch, OS: e.OS}
}

// String returns the text that a merged result keeps as the machine's class.
func (h Hardware) String() string {
	return fmt.Sprintf("%s, %d CPUs, %s, %s",
		cmp.Or(h.CPU, "unknown CPU"), h.CPUs, h.Arch, cmp.Or(h.OS, "unknown system"))
}

// Class is the kind of machine of a run, and how the run used it.
//
// Compare and Follow compare absolute numbers, so they need the whole class. Merge compares verdicts
// of different machines, and looks at the hardware only.
type Class struct {
	Hardware
	MemoryGiB     int // rounded
	Runner        string
	GeneratorCPUs string // empty if nothing was pinned
	ServerCPUs    string
}

// ClassOf returns the class of a run.
func ClassOf(r *record.Run) Class {
	return Class{
		Hardware:      HardwareOf(r.Environment),
		MemoryGiB:     int(math.RoundToEven(float64(r.Environment.Memory) / (1 << 30))),
		Runner:        r.Plan.Runner,
		GeneratorCPUs: r.Plan.CPUs.Generator,
		ServerCPUs:    r.Plan.CPUs.Target,
	}
}

// SameAs reports whether numbers of the two classes may be compared. The system may differ: Compare
// warns of another kernel instead, because a security update must not split a history.
func (c Class) SameAs(other Class) bool {
	c.OS, other.OS = "", ""
	return c == other
}

// String returns what SameAs compares. A history keeps this text, so its form must not change.
func (c Class) String() string {
	return strings.Join([]string{
		cmp.Or(c.CPU, "unknown CPU"),
		fmt.Sprintf("%d CPUs", c.CPUs),
		c.Arch,
		fmt.Sprintf("%d GiB", c.MemoryGiB),
		"servers as " + c.Runner,
		"generator on " + cmp.Or(c.GeneratorCPUs, "any CPU") + ", servers on " + cmp.Or(c.ServerCPUs, "any CPU"),
	}, "; ")
}

// ClassError reports that two runs are of different classes.
type ClassError struct{ Base, Head Class }

func (e *ClassError) Error() string {
	return fmt.Sprintf("the machine classes of the two runs differ, so their figures cannot be compared:\n  %s\n  %s",
		e.Base, e.Head)
}
