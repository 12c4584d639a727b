package bench

import (
	"fmt"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/text"
)

// TrialResult holds what a trial yielded in addition to its hits.
type TrialResult struct {
	Trial    Trial         `json:"trial"`
	PlanHash string        `json:"plan_hash,omitempty"` // of the plan that the trial follows
	Machine  string        `json:"machine,omitempty"`   // that it ran on; see Environment
	Start    time.Time     `json:"start"`
	Valid    bool          `json:"valid"`
	Reason   string        `json:"reason,omitempty"` // why the trial is not valid
	Ready    time.Duration `json:"ready_ns"`         // launch to the first good answer
	// Starts holds all launches of a trial that measures cold starts. Idle is the memory of the last one before
	// any load, Size that of its image: bytes, 0 if unknown.
	Starts    []time.Duration `json:"starts_ns,omitempty"`
	Idle      int64           `json:"idle_memory_bytes,omitempty"`
	Size      int64           `json:"image_bytes,omitempty"`
	About     About           `json:"about"`
	Placement Placement       `json:"placement"`
	Phases    []PhaseResult   `json:"phases"`
	Exit      string          `json:"exit,omitempty"` // what was wrong with the server's exit
	Warnings  []string        `json:"warnings,omitempty"`
}

// Hits counts the requests of the trial that finished.
func (r TrialResult) Hits() (n uint64) {
	for _, p := range r.Phases {
		n += p.GoodHits + p.FailedHits
	}
	return n
}

// PhaseResult holds what one drive of a trial yielded in addition to its hits.
type PhaseResult struct {
	Level   string     `json:"level,omitempty"`
	Measure string     `json:"measure,omitempty"`
	Void    string     `json:"void,omitempty"` // why the phase does not count
	ID      PhaseID    `json:"name"`
	Drive   DriveStats `json:"drive"`
	// CPU is the server's CPU time during the phase, Memory the largest sample in bytes.
	CPU    time.Duration `json:"cpu_ns"`
	Memory int64         `json:"peak_memory_bytes"`
	// Late is how late the upstream answered, at the 99th percentile.
	Late time.Duration `json:"upstream_late_p99_ns,omitempty"`
	// Calls holds how often each service was called, by its own count; Services the CPU time of each launched
	// service.
	Calls    map[string]uint64        `json:"calls,omitempty"`
	Services map[string]time.Duration `json:"service_cpu_ns,omitempty"`
	Beside   *BesideResult            `json:"beside,omitempty"`
	Probe    *Probe                   `json:"probe,omitempty"` // of a phase that is part of a search
	Rate     Rate                     `json:"rate,omitempty"`  // of a phase at a share of a capacity
	// GoodHits and FailedHits are for orientation: the judge counts the raw hits.
	GoodHits uint64 `json:"good"`
	// Undelivered counts deliveries that were lost, out of order, or to a closed connection.
	Undelivered uint64 `json:"undelivered,omitempty"`
	FailedHits  uint64 `json:"failed"`
	// Gates show how the load generator worked in a measured phase.
	Gates []Gate `json:"gates,omitempty"`
}

// BesideResult counts the answers to the requests that were sent next to the measured ones.
type BesideResult struct {
	Good   uint64 `json:"good"`
	Failed uint64 `json:"failed"`
}

// Probe is one rate that was tried in the search for a capacity. The judge decides from the hits whether it
// held.
type Probe struct {
	Search PhaseID `json:"search"` // the plan's phase
	Rate   Rate    `json:"rate"`
	Held   bool    `json:"held"`
	// Confirms says that it tried the capacity that an earlier launch had. It is not part of this launch's
	// search.
	Confirms bool `json:"confirms,omitempty"`
	// LimitedBy says which of the load generator's own limits was reached, so that a rate that did not hold says
	// nothing about the server.
	LimitedBy string `json:"limit,omitempty"`
}

// About holds what a server reports about itself.
type About map[string]any

// Environment describes the machine and the tools of a run.
type Environment struct {
	Time     time.Time         `json:"time"`
	OS       string            `json:"os"`
	Arch     string            `json:"arch"`
	Kernel   string            `json:"kernel,omitempty"`
	CPU      string            `json:"cpu,omitempty"`
	CPUs     int               `json:"cpus"`
	Machine  string            `json:"machine,omitempty"` // a digest of its identity; empty if it has none
	Memory   int64             `json:"memory_bytes,omitempty"`
	Governor string            `json:"governor,omitempty"`
	Virtual  string            `json:"virtualization,omitempty"`
	Runner   string            `json:"runner"`
	Docker   string            `json:"docker,omitempty"` // engine version and cgroup version
	Bench    string            `json:"bench"`            // version of this program
	Go       string            `json:"go"`
	Vegeta   string            `json:"vegeta"`
	Runtimes map[string]string `json:"runtimes,omitempty"` // versions that the servers report
	Pinned   string            `json:"pinned"`             // what of the pinning took effect, in words
	Warnings []string          `json:"warnings,omitempty"`
	Void     []string          `json:"void,omitempty"` // why nothing measured here is evidence
	// LoadAverage holds the load averages at the start of the run.
	LoadAverage string `json:"load_average,omitempty"`
}

// String formats what identifies a server: "node 24.1.0, fastify 5.6.1". Values are shortened and stripped of
// control characters, because a server chose them.
func (a About) String() string {
	word := func(key string) string {
		if a[key] == nil {
			return ""
		}
		value := strings.ReplaceAll(text.Plain(fmt.Sprint(a[key])), "\n", "")
		return value[:min(len(value), 60)]
	}
	all := strings.TrimSpace(word("runtime") + " " + word("runtime_version"))
	for _, part := range []string{"framework", "server"} {
		if name := word(part); name != "" && !strings.Contains(all, name) {
			all += ", " + strings.TrimSpace(name+" "+word(part+"_version"))
		}
	}
	if gil, ok := a["gil"].(bool); ok && !gil {
		all += ", GIL off"
	}
	return all
}
