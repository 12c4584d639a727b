package bench

import "context"

// Load is the load of one drive: the requests of a workload, sent to a server on a schedule.
type Load struct {
	URL      string // base address of the server, such as http://127.0.0.1:8080
	Workload Workload
	Schedule Schedule
}

// Driver sends loads to servers.
type Driver interface {
	// Drive calls record once for each hit, from one goroutine, and returns when every
	// request has been answered or has failed. An error means that the drive could not
	// be made at all; what servers do wrong is in the hits.
	Drive(ctx context.Context, l Load, record func(Hit)) (DriveStats, error)
}
