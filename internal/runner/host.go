package runner

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/cgroup"
	"github.com/claimbench/claimbench/internal/cpuset"
)

// host is this machine, as the load generator and the servers share it.
type host struct {
	// generator holds the load generator's CPUs: all that are allowed if nothing is pinned. servers
	// holds the servers'; it is empty if nothing is pinned.
	generator, servers cpuset.Set
	isPinned           bool
	pinned             string  // what of the pinning took effect, in words
	certified          float64 // the load generator's capacity in requests per second; 0 if unknown
	gates              bench.Gates
}

// pin keeps this process on the load generator's CPUs until unpin is called.
func (h *host) pin(cpus bench.CPUs) (unpin func(), err error) {
	unpin = func() {}
	h.generator, h.servers = cpuset.Allowed(), nil
	generator, err := cpuset.Parse(cpus.Generator)
	if err != nil {
		return unpin, err
	}
	servers, err := cpuset.Parse(cpus.Target)
	if err != nil {
		return unpin, err
	}
	if len(generator) == 0 {
		h.pinned = "nothing is pinned: servers and load generator share the only CPU"
		return unpin, nil
	}
	restore, err := cpuset.PinSelf(generator)
	if err != nil {
		h.pinned = "nothing is pinned: " + err.Error()
		return unpin, nil
	}
	h.generator, h.servers, h.isPinned = generator, servers, true
	h.pinned = fmt.Sprintf("load generator and services on CPUs %s, servers on %s", generator, cpus.Target)
	return restore, nil
}

// watch starts to follow what is taken from servers and load generator. stop ends that, and is given what
// the server has used by then.
func (h *host) watch(before bench.Usage) (w *watch, stop func(after bench.Usage)) {
	w = newWatch()
	both := append(slices.Clone(h.generator), h.servers...)
	w.cpus, w.all = len(h.generator), len(both)
	stolen, knowsStolen := both.Stolen()
	throttled, knowsThrottled := cgroup.Throttled(os.Getpid())
	return w, func(after bench.Usage) {
		w.stolen, w.throttled = unknown, unknown
		if now, ok := both.Stolen(); ok && knowsStolen {
			w.stolen = now - stolen
		}
		if now, ok := cgroup.Throttled(os.Getpid()); ok && knowsThrottled {
			w.throttled = max(after.Throttled-before.Throttled, now-throttled)
		}
	}
}

// unknown is a duration that the system does not report.
const unknown = -1 * time.Nanosecond
