package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/target"
)

// Machine describes this machine and this program. What cannot be found out is left empty.
func Machine(ctx context.Context) bench.Environment {
	e := bench.Environment{
		Time: time.Now().UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
		Go: runtime.Version(),
	}
	build := buildinfo.Read()
	e.Bench, e.Vegeta = build.Version, build.Vegeta
	if info, err := host.InfoWithContext(ctx); err == nil {
		e.OS = strings.TrimSpace(info.Platform + " " + info.PlatformVersion)
		e.Kernel = info.KernelVersion
		if id := identity(info.HostID); id != "" { // nobody needs to know it; two runs need to know whether it is the same
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
		e.LoadBegin = fmt.Sprintf("%.2f %.2f %.2f", l.Load1, l.Load5, l.Load15)
	}
	if data, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); err == nil {
		e.Governor = strings.TrimSpace(string(data))
	}
	return e
}

// identity is what tells this machine from others, whoever asks and however often it was booted
// since; empty where nothing does. On Linux that is machine-id(5): the host's own id is readable by
// root only, or is that of the boot.
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

// environment is the machine with what this run makes of it.
func (c *Conductor) environment(ctx context.Context, pinned string, abouts map[string]bench.About) bench.Environment {
	e := Machine(ctx)
	e.Runner, e.Pinned, e.Runtimes = c.Plan.Runner, pinned, map[string]string{}
	for name, about := range abouts {
		e.Runtimes[name] = about.String()
	}
	if d, ok := c.Launcher.(*target.Docker); ok {
		e.Docker = d.Engine
		if d.VM {
			e.Void = append(e.Void, "Docker runs in a virtual machine")
		}
	}
	if strings.HasPrefix(pinned, notPinned) {
		e.Void = append(e.Void, pinned)
	}
	if c.Plan.Gates == (bench.Gates{}) {
		e.Void = append(e.Void, "the instrument's gates were off (--ungated)")
	}
	if c.Plan.CPUs.SharedCore {
		e.Void = append(e.Void, "servers and load generator run on hardware threads of the same core")
	}
	return e
}

// sameMachine refuses to go on with a run on another machine, or with servers of
// other versions, than it began with: rounds of the two cannot be compared.
func sameMachine(before *bench.Environment, now bench.Environment) error {
	if before == nil {
		return nil
	}
	changed := ""
	switch {
	case before.Machine != "" && before.Machine != now.Machine:
		changed = fmt.Sprintf("it was machine %s, and is %s", before.Machine, now.Machine)
	case before.CPU != now.CPU || before.CPUs != now.CPUs:
		changed = fmt.Sprintf("the CPU was %s (%d), and is %s (%d)", before.CPU, before.CPUs, now.CPU, now.CPUs)
	case before.Kernel != now.Kernel:
		changed = fmt.Sprintf("the kernel was %s, and is %s", before.Kernel, now.Kernel)
	case before.Docker != now.Docker:
		changed = fmt.Sprintf("the Docker engine was %q, and is %q", before.Docker, now.Docker)
	}
	for name, about := range now.Runtimes {
		if was, ok := before.Runtimes[name]; ok && was != about {
			changed = fmt.Sprintf("%s was %s, and is %s", name, was, about)
		}
	}
	if changed == "" {
		return nil
	}
	return &target.Error{Err: fmt.Errorf("the run began on another machine: %s", changed), Hint: "begin a new run"}
}
