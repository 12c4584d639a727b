package bench

import "context"

// Load holds what one drive sends: the requests of a workload, to a server, on a schedule.
type Load struct {
	URL      string // base address of the server, such as http://127.0.0.1:8080
	Workload Workload
	Schedule Schedule
}

// Driver sends loads to servers.
type Driver interface {
	// Drive calls record once for each hit, from one goroutine, and returns when every request has been answered or
	// has failed. An error means that nothing could be driven; faults of the server are in the hits.
	Drive(ctx context.Context, l Load, record func(Hit)) (DriveStats, error)
}
