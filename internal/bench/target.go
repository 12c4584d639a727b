package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Target is a server on trial, as the catalogue describes it. Paths are
// relative to the catalogue's folder, so that a plan reads the same on every
// machine.
type Target struct {
	Name      string `json:"name"`
	Runtime   string `json:"runtime"`
	Framework string `json:"framework"`
	Tier      string `json:"tier"`
	// Context is the folder with the target's source; Digest the SHA-256 of the files in it.
	Context    string            `json:"context"`
	Digest     string            `json:"digest"`
	Dockerfile string            `json:"dockerfile,omitempty"`
	BuildArgs  map[string]string `json:"build_args,omitempty"`
	Command    []string          `json:"command"`
	Env        map[string]string `json:"env,omitempty"`
	Container  Container         `json:"container"`
	// Prepare is run once for each state of Locks, in a copy of Context, where there is no Docker.
	Prepare [][]string `json:"prepare,omitempty"`
	Locks   []string   `json:"locks,omitempty"`
	// Version is the command that prints the runtime's version.
	Version []string `json:"version,omitempty"`
	// Ready is how long it may take from its launch to its first good answer.
	Ready Duration `json:"ready,omitzero"`
	// Path are folders, relative to the prepared copy, that go before PATH.
	Path []string `json:"path,omitempty"`
	// Settings are what was changed from the framework's quick start, by name.
	Settings []string `json:"settings,omitempty"`
	// QuickstartOf names the target whose framework's own quick start this is. Such a
	// target need not keep the contract's conduct.
	QuickstartOf string `json:"quickstart_of,omitempty"`
	// TwinOf names the target that this one is under a second name: an A/A arm.
	TwinOf string `json:"twin_of,omitempty"`
	// Optional says, in words, what this target needs that a machine may not have; empty
	// for a target that must be there.
	Optional string `json:"optional,omitempty"`
	// About are values that /about must tell for the target to be what it is on trial as.
	About map[string]any `json:"about,omitempty"`
	// TCP says that the server is ready once its port takes a connection: it is a service
	// that does not speak HTTP, or not for itself.
	TCP bool `json:"tcp,omitempty"`
}

// Unlike says in what the server's own account differs from what the target is to be;
// empty where it does not.
func (t Target) Unlike(a About) string {
	for _, name := range slices.Sorted(maps.Keys(t.About)) {
		if got, want := fmt.Sprint(a[name]), fmt.Sprint(t.About[name]); got != want {
			return fmt.Sprintf("the server says that %s is %s, and it is to be %s", name, got, want)
		}
	}
	return ""
}

// Production reports whether the target is one that every scenario runs on where it
// names neither tiers nor targets.
func (t Target) Production() bool { return t.QuickstartOf == "" && t.TwinOf == "" && t.Optional == "" }

// Service is something that targets lean on, started once for a run. A service whose
// Target has no command is this program's own.
type Service struct {
	Target
	// Gives are environment variables for targets; {address} in them is the service's.
	Gives map[string]string `json:"gives,omitempty"`
	// Count is an SQL query whose one number is how many queries targets have made.
	Count string `json:"count,omitempty"`
	// Fronts says that it is a proxy: it is started anew for each trial with replicas,
	// with their addresses in BACKENDS.
	Fronts bool `json:"fronts,omitempty"`
}

// Own reports whether the service is this program's own.
func (s Service) Own() bool { return len(s.Command) == 0 }

// Launch is how a target is launched.
type Launch struct {
	Env  map[string]string // beside the target's own
	CPUs string            // to run on, as a list; empty for no pinning
}

// Container is how a target is confined where there is Docker.
type Container struct {
	User        string   `json:"user,omitempty"`
	CapDrop     []string `json:"cap_drop,omitempty"`
	SecurityOpt []string `json:"security_opt,omitempty"`
	ReadOnly    bool     `json:"read_only"`
	Tmpfs       []string `json:"tmpfs,omitempty"`
	MemoryBytes int64    `json:"memory_bytes,omitempty"`
}

// Launcher starts targets. Its two real kinds are Docker and plain processes.
type Launcher interface {
	// Prepare makes ready to launch the target: builds its image or installs its packages.
	Prepare(ctx context.Context, t Target) error
	// Launch starts the target and returns once it is ready.
	Launch(ctx context.Context, t Target, l Launch) (Server, error)
	// Size is that of the target's image in bytes; 0 where it has none.
	Size(ctx context.Context, t Target) (int64, error)
	// Host is the address under which launched servers reach this process, and the
	// address that a service in this process binds so that only they and this machine do.
	Host() (reach, bind string)
	// Close removes what the launcher made for the run. Servers must be stopped before.
	Close(ctx context.Context) error
}

// Server is one running launch of a target.
type Server interface {
	// URL is the server's base address, without a slash at its end.
	URL() string
	// Usage is what the server with all its children has used since it was launched.
	Usage(ctx context.Context) (Usage, error)
	// Placement is what was verified of the server's confinement.
	Placement() Placement
	// Stop asks the server to end (SIGTERM), waits, and kills it when it does not. It
	// is safe to call more than once; the error says if the server had to be killed or
	// did not exit with 0.
	Stop(ctx context.Context) error
	// Log is what the server wrote, at most its last 64 KiB.
	Log() string
	// Alive reports an error when the server has ended.
	Alive(ctx context.Context) error
}

// Usage is the resources a server has used: the container or process tree.
type Usage struct {
	CPU       time.Duration `json:"cpu_ns"`       // user and system time since launch
	Memory    int64         `json:"memory_bytes"` // at this moment; memory shared by its processes counts once
	Throttled time.Duration `json:"throttled_ns"` // kept from running by its CPU quota, in all
}

// Placement is what a launched server was given, read back from the kernel.
type Placement struct {
	CPUs        string   `json:"cpus"`         // allowed CPUs as a list, such as "1" or "2-3"
	MemoryLimit int64    `json:"memory_limit"` // bytes, 0 for none
	Address     string   `json:"address"`      // what the load is sent to
	Peer        string   `json:"peer"`         // where other servers reach it
	Warnings    []string `json:"warnings,omitempty"`
}
