package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	system "github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/target"
)

// Machine describes this machine and this program. Unknown fields stay empty.
func Machine(ctx context.Context) bench.Environment {
	e := bench.Environment{
		Time: time.Now().UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
		Go: runtime.Version(),
	}
	build := buildinfo.Read()
	e.Bench, e.Vegeta = build.Version, build.Vegeta
	if info, err := system.InfoWithContext(ctx); err == nil {
		e.OS = strings.TrimSpace(info.Platform + " " + info.PlatformVersion)
		e.Kernel = info.KernelVersion
		if id := identity(info.HostID); id != "" {
			// Only a digest is kept: two runs need to know whether the machine is the same, nobody which.
			sum := sha256.Sum256([]byte("claimbench machine " + id))
			e.Machine = hex.EncodeToString(sum[:8])
		}
		if info.VirtualizationRole == "guest" {
			e.Virtual = info.VirtualizationSystem
		}
	}
	if info, err := cpu.InfoWithContext(ctx); err == nil && len(info) > 0 {
		e.CPU = info[0].ModelName
	}
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		e.Memory = int64(m.Total)
	}
	if l, err := load.AvgWithContext(ctx); err == nil {
		e.LoadAverage = fmt.Sprintf("%.2f %.2f %.2f", l.Load1, l.Load5, l.Load15)
	}
	if data, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); err == nil {
		e.Governor = strings.TrimSpace(string(data))
	}
	return e
}

// identity returns a text that distinguishes this machine from others, for every user and across boots; it
// is empty if there is none. On Linux that is machine-id(5): the host's own id is readable by root only, or
// changes with each boot.
func identity(host string) string {
	if runtime.GOOS != "linux" {
		return host
	}
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if data, err := os.ReadFile(file); err == nil {
			if id := strings.TrimSpace(string(data)); id != "" {
				return id
			}
		}
	}
	return ""
}

// environment describes the machine, and how this run uses it.
func (r *run) environment(ctx context.Context, abouts map[string]bench.About) bench.Environment {
	e := Machine(ctx)
	e.Runner, e.Pinned, e.Runtimes = r.Plan.Runner, r.host.pinned, map[string]string{}
	for name, about := range abouts {
		e.Runtimes[name] = about.String()
	}
	if d, ok := r.Launcher.(*target.Docker); ok {
		e.Docker = d.Engine
		if d.VM {
			e.Void = append(e.Void, "Docker runs in a virtual machine")
		}
	}
	if !r.host.isPinned {
		e.Void = append(e.Void, r.host.pinned)
	}
	if r.Plan.Gates == (bench.Gates{}) {
		e.Void = append(e.Void, "the load generator's gates were off (--no-gates)")
	}
	if r.Plan.CPUs.SharedCore {
		e.Void = append(e.Void, "servers and load generator run on hardware threads of the same core")
	}
	return e
}

// sameMachine returns an error if the run started on another machine, or with other versions of the
// servers: rounds of the two cannot be compared.
func sameMachine(before, now bench.Environment) error {
	changed := ""
	switch {
	case before.Machine != "" && before.Machine != now.Machine:
		changed = fmt.Sprintf("the machine was %s and is now %s", before.Machine, now.Machine)
	case before.CPU != now.CPU || before.CPUs != now.CPUs:
		changed = fmt.Sprintf("the CPU was %s (%d) and is now %s (%d)", before.CPU, before.CPUs, now.CPU, now.CPUs)
	case before.Kernel != now.Kernel:
		changed = fmt.Sprintf("the kernel was %s and is now %s", before.Kernel, now.Kernel)
	case before.Docker != now.Docker:
		changed = fmt.Sprintf("the Docker engine was %q and is now %q", before.Docker, now.Docker)
	}
	for _, name := range slices.Sorted(maps.Keys(now.Runtimes)) {
		if was, ok := before.Runtimes[name]; ok && was != now.Runtimes[name] {
			changed = fmt.Sprintf("%s was %s and is now %s", name, was, now.Runtimes[name])
		}
	}
	if changed == "" {
		return nil
	}
	return &target.Error{
		Err:  fmt.Errorf("the run started on another machine: %s", changed),
		Hint: "start a new run",
	}
}
