package bench

import "time"

// Arrivals is how the requests of an open-loop schedule follow each other.
type Arrivals string

// Constant arrivals are equally spaced. Poisson arrivals are independent of each other, like those of many
// users.
const (
	Constant Arrivals = "constant"
	Poisson  Arrivals = "poisson"
)

// ArrivalsNames lists the known arrivals.
var ArrivalsNames = []string{string(Constant), string(Poisson)}

// Schedule says when requests are due. With a Rate it is an open loop: each request is due at its own time,
// regardless of earlier ones. Without a Rate it is a closed loop: each of Connections sends its next request
// when the last is answered. The due times of an open loop depend on the schedule alone.
type Schedule struct {
	Offered
	Arrivals    Arrivals `json:"arrivals,omitempty"`
	Connections int      `json:"connections,omitempty"`
	Duration    Duration `json:"duration"`
	Seed        uint64   `json:"seed"`
}

// Offered is the load that an open loop offers: a rate or, in a plan, a share of the smallest capacity of the
// servers that are compared. The run finds that capacity in its first round. A closed loop offers neither.
type Offered struct {
	Rate  Rate    `json:"rate,omitempty"` // requests a second
	Share Percent `json:"share,omitempty"`
}

// String formats the load as "200/s" or "50% of capacity"; it is empty for neither.
func (o Offered) String() string {
	switch {
	case o.Share > 0:
		return o.Share.String() + " of capacity"
	case o.Rate > 0:
		return o.Rate.String()
	}
	return ""
}

// OpenLoop reports whether the schedule is an open loop.
func (s Schedule) OpenLoop() bool { return s.Rate > 0 || s.Share > 0 }

// Hit is one request, or one delivery of a message to a member, or one event of a stream. Due, Sent and Done
// count from the start of the drive. Sent is taken before the connection is dialed if one is needed,
// otherwise just before the request is written. Done is when the last byte of the answer arrived. In a closed
// loop Due is Sent.
type Hit struct {
	Seq      uint64
	Due      time.Duration
	Sent     time.Duration
	Done     time.Duration
	Code     int    // HTTP status, 0 without an answer
	Err      string // kind of error, empty for none: see the constants
	BytesIn  int64  // of the answer's body
	BytesOut int64  // of the request's body
}

// Clocks that Done is read from.
const (
	ClockKernel = "kernel" // stamped as the last byte arrived
	ClockUser   = "user"   // read when the program woke
)

// Kinds of errors of a hit.
const (
	ErrDial      = "dial"      // no connection could be made
	ErrExhausted = "exhausted" // the load generator's machine had no file descriptor or port left
	ErrTimeout   = "timeout"   // no whole answer within the workload's timeout
	ErrReset     = "reset"     // the connection was closed before the answer was complete
	ErrProtocol  = "protocol"  // the answer is not HTTP
	ErrSize      = "size"      // a larger head or body than the driver takes
	ErrStatus    = "status"    // an answer with another status than the workload expects
	ErrBody      = "body"      // a sampled answer with another body than the server gave before
	ErrInflight  = "inflight"  // due while more requests were in flight than the driver allows
	ErrStopped   = "stopped"   // the drive was canceled
	ErrLost      = "lost"      // a message that a member did not get within the timeout
	ErrOrder     = "order"     // a message that a member got before an earlier one, or twice
	ErrClosed    = "closed"    // a message to a member whose connection the server had closed
)

// Latency returns how long the server took.
func (h Hit) Latency() time.Duration { return h.Done - h.Sent }

// ResponseTime returns how long a user who arrived on time waited.
func (h Hit) ResponseTime() time.Duration { return h.Done - h.Due }

// Lag returns how late the load generator sent the request.
func (h Hit) Lag() time.Duration { return h.Sent - h.Due }

// Good reports whether the answer was the expected one.
func (h Hit) Good() bool { return h.Err == "" }

// DriveStats holds what a driver knows of a drive in addition to its hits.
type DriveStats struct {
	Start   time.Time     `json:"start"`
	Elapsed time.Duration `json:"elapsed_ns"` // from Start to the last Done
	Planned uint64        `json:"planned"`    // hits due; in a closed loop the hits sent
	Sent    uint64        `json:"sent"`
	// Censored counts requests that were due but never sent.
	Censored uint64 `json:"censored"`
	// MeanFlight is the mean number of requests in flight, sampled at random times. FlightError is its
	// standard error; it is negative if unknown.
	MeanFlight  float64 `json:"mean_inflight"`
	FlightError float64 `json:"mean_inflight_se"`
	MaxFlight   int64   `json:"max_inflight"`
	// Clock names the clock that Done was read from, for all but one answer in a thousand: see the constants.
	Clock string `json:"clock"`
	// Unstamped counts answers without a time from the kernel.
	Unstamped uint64 `json:"unstamped"`
	// Wake is the mean time from an answer's arrival until this program had it. With the kernel's clock it is
	// not part of Done.
	Wake time.Duration `json:"mean_wake_ns"`
	// ClockStep is the most that the wall clock moved against the monotonic clock.
	ClockStep time.Duration `json:"clock_step_ns"`
	Attackers int           `json:"attackers"`
	// Retried counts requests that were sent again, because the server had closed the kept connection.
	Retried uint64 `json:"retried"`
	// Generator is the CPU time of this process during the drive.
	Generator time.Duration `json:"generator_cpu_ns"`
	// Connections counts those dialed during the drive.
	Connections uint64 `json:"connections_dialled"` //nolint:misspell // files of earlier runs have this name
	// Checked counts the answers whose bodies were checked; FirstWrong describes the first wrong one.
	Checked    uint64 `json:"bodies_checked"`
	FirstWrong string `json:"first_wrong,omitempty"`
}
