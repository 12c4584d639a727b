package drive

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/claimbench/claimbench/internal/cpuset"
)

// TuneRuntime sets Go's runtime up for a drive until restore is called. The
// environment variables GOMAXPROCS and GOGC, if set, take precedence.
//
// It allows as many processors as there are CPUs. With more, their threads preempt
// each other, sometimes between reading the clock and writing a request. It also
// lets garbage grow further: what vegeta allocates for each request is garbage at
// once, and collecting it at 30 MB costs a seventh of collecting it at 4 MB.
func TuneRuntime() (restore func()) {
	procs := max(len(cpuset.Allowed()), 1)
	if os.Getenv("GOMAXPROCS") != "" {
		procs = 0 // no change
	}
	procs = runtime.GOMAXPROCS(procs)
	if os.Getenv("GOGC") != "" {
		return func() { runtime.GOMAXPROCS(procs) }
	}
	percent := debug.SetGCPercent(600)
	return func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(percent)
	}
}
