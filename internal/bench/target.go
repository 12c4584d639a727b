package bench

import (
	"context"
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
	// Launch starts the target with additional environment and returns once it is ready.
	Launch(ctx context.Context, t Target, env map[string]string) (Server, error)
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
	Warnings    []string `json:"warnings,omitempty"`
}
