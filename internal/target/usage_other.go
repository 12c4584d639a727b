//go:build unix && !linux

package target

import (
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/claimbench/claimbench/internal/bench"
)

// treeUsage returns what the process and all its living descendants have used. Memory is the sum
// of resident sets: a page that they share counts once per process.
func treeUsage(root int) (bench.Usage, error) {
	p, err := process.NewProcess(int32(root))
	if err != nil {
		return bench.Usage{}, err
	}
	var u bench.Usage
	times, err := p.Times()
	if err != nil {
		return u, err
	}
	u.CPU = time.Duration((times.User + times.System) * float64(time.Second))
	if m, err := p.MemoryInfo(); err == nil {
		u.Memory = int64(m.RSS)
	}
	children, _ := p.Children() // an error if there are none
	for _, child := range children {
		if c, err := treeUsage(int(child.Pid)); err == nil {
			u.CPU += c.CPU
			u.Memory += c.Memory
		}
	}
	return u, nil
}

func memoryCaveat(int) []string { return []string{residentCaveat} }
