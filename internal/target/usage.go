package target

import (
	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cgroup"
)

// residentCaveat is the warning of systems that do not report proportional set sizes.
const residentCaveat = "memory is the sum of resident sets, which counts a page that processes share once per process"

// usage returns what the process and all its descendants have used.
func usage(pid int) (bench.Usage, error) {
	u, err := treeUsage(pid)
	u.Throttled, _ = cgroup.Throttled(pid)
	return u, err
}
