package bench

import "context"

// Driver sends the requests of a workload to a base address on a schedule.
type Driver interface {
	// Drive calls record once for each hit, from one goroutine, and returns when every request has been answered or
	// has failed. An error means that nothing could be driven; faults of the server are in the hits.
	Drive(ctx context.Context, url string, w Workload, s Schedule, record func(Hit)) (DriveStats, error)
}
