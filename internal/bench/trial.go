package bench

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// TrialResult is what a trial yielded beside its hits.
type TrialResult struct {
	Trial    Trial         `json:"trial"`
	PlanHash string        `json:"plan_hash,omitempty"` // that the trial was made by
	Machine  string        `json:"machine,omitempty"`   // that it was made on; see Environment
	Start    time.Time     `json:"start"`
	Valid    bool          `json:"valid"`
	Reason   string        `json:"reason,omitempty"` // why the trial is not valid
	Ready    time.Duration `json:"ready_ns"`         // launch to the first good answer
	// Starts are those of all launches of a trial that measures cold starts, Idle the
	// memory of the last before any load, Size that of its image; bytes, 0 where not known.
	Starts    []time.Duration `json:"starts_ns,omitempty"`
	Idle      int64           `json:"idle_memory_bytes,omitempty"`
	Size      int64           `json:"image_bytes,omitempty"`
	About     About           `json:"about"`
	Placement Placement       `json:"placement"`
	Phases    []PhaseResult   `json:"phases"`
	Exit      string          `json:"exit,omitempty"` // what was wrong with how the server ended
	Warnings  []string        `json:"warnings,omitempty"`
}

// Hits are how many requests of the trial had an end.
func (r TrialResult) Hits() (n uint64) {
	for _, p := range r.Phases {
		n += p.GoodHits + p.FailedHits
	}
	return n
}

// PhaseResult is what one drive of a trial yielded beside its hits.
type PhaseResult struct {
	Level       string                   `json:"level,omitempty"`
	Measure     string                   `json:"measure,omitempty"`
	Void        string                   `json:"void,omitempty"` // why the phase does not count
	ID          PhaseID                  `json:"name"`
	Drive       DriveStats               `json:"drive"`
	CPU         time.Duration            `json:"cpu_ns"`                         // of the server, during the phase
	Memory      int64                    `json:"peak_memory_bytes"`              // largest sampled
	Late        time.Duration            `json:"upstream_late_p99_ns,omitempty"` // how late the upstream answered
	Calls       map[string]uint64        `json:"calls,omitempty"`                // that services counted, by service
	Services    map[string]time.Duration `json:"service_cpu_ns,omitempty"`       // CPU time of launched services, by service
	Beside      *BesideResult            `json:"beside,omitempty"`
	Probe       *Probe                   `json:"probe,omitempty"`       // of a phase that is part of a search for a capacity
	Rate        Rate                     `json:"rate,omitempty"`        // of a phase at a share of a capacity
	GoodHits    uint64                   `json:"good"`                  // for orientation; judged from the raw hits
	Undelivered uint64                   `json:"undelivered,omitempty"` // deliveries lost, out of order or to a closed connection
	FailedHits  uint64                   `json:"failed"`
	Gates       []Gate                   `json:"gates,omitempty"` // how the instrument worked; of measured phases
}

// BesideResult is what became of the requests beside those that were measured.
type BesideResult struct {
	Good   uint64 `json:"good"`
	Failed uint64 `json:"failed"`
}

// Probe is one rate that was tried in the search for a capacity. Whether it held is
// judged from its hits.
type Probe struct {
	Search PhaseID `json:"search"` // the plan's phase
	Rate   Rate    `json:"rate"`
	Held   bool    `json:"held"`
	// Confirms says that it tried the capacity that the search in an earlier launch had found, and is no
	// part of this launch's.
	Confirms bool `json:"confirms,omitempty"`
	// Limit says what of the instrument was at its limit, so that a rate that did not hold
	// says nothing about the server.
	Limit string `json:"limit,omitempty"`
}

// About is what a server says of itself.
type About map[string]any

// Environment is the machine and the tools of a run.
type Environment struct {
	Time      time.Time         `json:"time"`
	OS        string            `json:"os"`
	Arch      string            `json:"arch"`
	Kernel    string            `json:"kernel,omitempty"`
	CPU       string            `json:"cpu,omitempty"`
	CPUs      int               `json:"cpus"`
	Machine   string            `json:"machine,omitempty"` // a digest of what identifies it; empty where nothing does
	Memory    int64             `json:"memory_bytes,omitempty"`
	Governor  string            `json:"governor,omitempty"`
	Virtual   string            `json:"virtualization,omitempty"`
	Runner    string            `json:"runner"`
	Docker    string            `json:"docker,omitempty"` // engine version and cgroup version
	Bench     string            `json:"bench"`            // version of this program
	Go        string            `json:"go"`
	Vegeta    string            `json:"vegeta"`
	Runtimes  map[string]string `json:"runtimes,omitempty"` // versions the servers told
	Pinned    string            `json:"pinned"`             // what of the pinning took, in words
	Warnings  []string          `json:"warnings,omitempty"`
	Void      []string          `json:"void,omitempty"` // why nothing measured here is evidence
	LoadBegin string            `json:"load_average,omitempty"`
}

// String is "node 24.1.0, fastify 5.6.1": what of an About identifies a server.
// Values are shortened and stripped of control characters, since a server chose them.
func (a About) String() string {
	word := func(key string) string {
		text := fmt.Sprint(a[key])
		if a[key] == nil {
			return ""
		}
		text = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, text)
		return text[:min(len(text), 60)]
	}
	text := strings.TrimSpace(word("runtime") + " " + word("runtime_version"))
	for _, part := range []string{"framework", "server"} {
		if name := word(part); name != "" && !strings.Contains(text, name) {
			text += ", " + strings.TrimSpace(name+" "+word(part+"_version"))
		}
	}
	if gil, ok := a["gil"].(bool); ok && !gil {
		text += ", GIL off"
	}
	return text
}
