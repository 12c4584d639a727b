package target

import (
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cgroup"
)

// usage is what the process and all its descendants have used.
func usage(pid int) (bench.Usage, error) {
	u, err := treeUsage(pid)
	u.Throttled, _ = cgroup.Throttled(pid)
	return u, err
}
