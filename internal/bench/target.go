package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Target is a server's entry in the catalogue. Paths are relative to the catalogue's folder, so that a plan
// reads the same on every machine.
type Target struct {
	Name      string `json:"name"`
	Runtime   string `json:"runtime"`
	Framework string `json:"framework"`
	Tier      string `json:"tier"`
	// Context is the folder with the server's source, Digest the SHA-256 of its files.
	Context    string            `json:"context"`
	Digest     string            `json:"digest"`
	Dockerfile string            `json:"dockerfile,omitempty"`
	BuildArgs  map[string]string `json:"build_args,omitempty"`
	Command    []string          `json:"command"`
	Env        map[string]string `json:"env,omitempty"`
	Container  Container         `json:"container"`
	// Prepare runs once for each state of Locks, in a copy of Context, if the server runs as a process.
	Prepare [][]string `json:"prepare,omitempty"`
	Locks   []string   `json:"locks,omitempty"`
	// Version is the command that prints the runtime's version.
	Version []string `json:"version,omitempty"`
	// Ready is the longest time from launch to the first good answer.
	Ready Duration `json:"ready,omitzero"`
	// Path lists folders, relative to the prepared copy, that are put in front of PATH.
	Path []string `json:"path,omitempty"`
	// Settings lists what differs from the framework's quick start.
	Settings []string `json:"settings,omitempty"`
	// QuickstartOf names the server whose framework's own quick start this is. A quick start need not keep the
	// contract's rules of conduct.
	QuickstartOf string `json:"quickstart_of,omitempty"`
	// TwinOf names the server that this one repeats under a second name: an A/A twin.
	TwinOf string `json:"twin_of,omitempty"`
	// Optional says in words what this server needs that a machine may lack; it is empty for a server that must
	// run.
	Optional string `json:"optional,omitempty"`
	// About holds values that /about must report for the server to be the one that is meant.
	About map[string]any `json:"about,omitempty"`
	// TCP says that the server is ready once its port takes a connection: it is a service that does not speak
	// HTTP, or only passes it on.
	TCP bool `json:"tcp,omitempty"`
}

// Unlike says how the server's own report differs from the entry; it is empty if it does not.
func (t Target) Unlike(a About) string {
	for _, name := range slices.Sorted(maps.Keys(t.About)) {
		if got, want := fmt.Sprint(a[name]), fmt.Sprint(t.About[name]); got != want {
			return fmt.Sprintf("the server reports %s %s, but its entry expects %s", name, got, want)
		}
	}
	return ""
}

// Production reports whether a scenario that names neither tiers nor servers runs on this server.
func (t Target) Production() bool { return t.QuickstartOf == "" && t.TwinOf == "" && t.Optional == "" }

// Service is a database or a proxy that servers use, started once for a run. A service without a command is
// this program's own.
type Service struct {
	Target
	// Gives holds environment variables for servers; {address} in them is the service's.
	Gives map[string]string `json:"gives,omitempty"`
	// Count is an SQL query that returns how many queries the servers have made.
	Count string `json:"count,omitempty"`
	// Fronts says that it is a proxy. It is started again for each trial with replicas, and finds their addresses
	// in BACKENDS. It runs on one thread.
	Fronts bool `json:"fronts,omitempty"`
}

// Own reports whether the service is this program's own.
func (s Service) Own() bool { return len(s.Command) == 0 }

// Launch says how a server is launched.
type Launch struct {
	Env  map[string]string // in addition to the entry's own
	CPUs string            // to run on, as a list; empty if not pinned
}

// Container says how a server is confined if it runs in a container.
type Container struct {
	User        string   `json:"user,omitempty"`
	CapDrop     []string `json:"cap_drop,omitempty"`
	SecurityOpt []string `json:"security_opt,omitempty"`
	ReadOnly    bool     `json:"read_only"`
	Tmpfs       []string `json:"tmpfs,omitempty"`
	MemoryBytes int64    `json:"memory_bytes,omitempty"`
}

// Launcher starts servers. Its two real kinds are Docker and plain processes.
type Launcher interface {
	// Prepare builds the server's image or installs its packages.
	Prepare(ctx context.Context, t Target) error
	// Launch starts the server and returns once it is ready.
	Launch(ctx context.Context, t Target, l Launch) (Server, error)
	// Size returns the size of the server's image in bytes; 0 if it has none.
	Size(ctx context.Context, t Target) (int64, error)
	// Host returns the address under which launched servers reach this process, and the address that a service in
	// this process binds, so that only they and this machine reach it.
	Host() (reach, bind string)
	// Close removes everything that the launcher made for the run. Stop all servers first.
	Close(ctx context.Context) error
}

// Server is one running launch of a server.
type Server interface {
	// URL returns the server's base address, without a slash at its end.
	URL() string
	// Usage returns what the server and all its children have used since the launch.
	Usage(ctx context.Context) (Usage, error)
	// Placement returns what was verified of the server's confinement.
	Placement() Placement
	// Stop asks the server to exit (SIGTERM), waits, and kills it if it does not. It is safe to call more than
	// once. The error says if the server had to be killed or did not exit with 0.
	Stop(ctx context.Context) error
	// Log returns what the server wrote, at most the last 64 KiB.
	Log() string
	// Alive returns an error if the server has exited.
	Alive(ctx context.Context) error
}

// Usage holds what a container or process tree has used.
type Usage struct {
	CPU       time.Duration `json:"cpu_ns"`       // user and system time since launch
	Memory    int64         `json:"memory_bytes"` // at this moment; memory that its processes share counts once
	Throttled time.Duration `json:"throttled_ns"` // stopped by its CPU quota, in all
}

// Placement holds what a launched server was given, as read back from the kernel.
type Placement struct {
	CPUs        string   `json:"cpus"`         // allowed CPUs as a list, such as "1" or "2-3"
	MemoryLimit int64    `json:"memory_limit"` // bytes, 0 for none
	Address     string   `json:"address"`      // that the load is sent to
	Peer        string   `json:"peer"`         // at which other servers reach it
	Warnings    []string `json:"warnings,omitempty"`
}
