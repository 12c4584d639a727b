package bench

import "time"

// Arrivals says how the requests of an open-loop schedule follow each other.
type Arrivals string

// Constant arrivals are equally spaced; Poisson arrivals are independent of
// each other, as those of many users are.
const (
	Constant Arrivals = "constant"
	Poisson  Arrivals = "poisson"
)

// ArrivalsNames are the known arrivals.
var ArrivalsNames = []string{string(Constant), string(Poisson)}

// Schedule says when requests are due. With a Rate it is an open loop: each
// request is due at its own time, whatever became of those before it. Without
// one it is a closed loop: each of Connections sends its next request when the
// last is answered. The due times of an open loop are a function of the
// schedule alone.
type Schedule struct {
	Offered
	Arrivals    Arrivals `json:"arrivals,omitempty"`
	Connections int      `json:"connections,omitempty"`
	Duration    Duration `json:"duration"`
	Seed        uint64   `json:"seed"`
}

// Offered is the load that an open loop offers: a rate or, in a plan, a share of the smallest
// capacity of the servers that are compared, which the run finds in its first round. A closed loop offers neither.
type Offered struct {
	Rate  Rate    `json:"rate,omitempty"` // requests a second
	Share Percent `json:"share,omitempty"`
}

// String is "200/s" or "50% of capacity"; empty for neither.
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

// Hit is one request, or one delivery of a message to a member, or one event of a
// stream. Due, Sent and Done count from the start of the drive.
// Sent is taken before the connection is dialled where one is needed, else
// just before the request is written; Done when the last byte of the answer
// arrived. In a closed loop Due is Sent.
type Hit struct {
	Seq      uint64
	Due      time.Duration
	Sent     time.Duration
	Done     time.Duration
	Code     int    // HTTP status, 0 where there was no answer
	Err      string // kind of error, "" for none: see the constants
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
	ErrExhausted = "exhausted" // the generator's machine had no file descriptor or no port left
	ErrTimeout   = "timeout"   // no whole answer within the workload's timeout
	ErrReset     = "reset"     // the connection ended before the answer did
	ErrProtocol  = "protocol"  // what came is not HTTP
	ErrSize      = "size"      // a larger head or body than the driver takes
	ErrStatus    = "status"    // an answer with another status than the workload expects
	ErrBody      = "body"      // a sampled answer with another body than the target gave before
	ErrInflight  = "inflight"  // due while more requests were in flight than the driver allows
	ErrStopped   = "stopped"   // the drive was cancelled
	ErrLost      = "lost"      // a message that a member did not get within the timeout
	ErrOrder     = "order"     // a message that a member got before an earlier one, or twice
	ErrClosed    = "closed"    // a message to a member whose connection the server had ended
)

// Latency is what the server took.
func (h Hit) Latency() time.Duration { return h.Done - h.Sent }

// ResponseTime is what a user who arrived on time waited.
func (h Hit) ResponseTime() time.Duration { return h.Done - h.Due }

// Lag is the instrument's own lateness.
func (h Hit) Lag() time.Duration { return h.Sent - h.Due }

// Good reports whether the answer was the expected one.
func (h Hit) Good() bool { return h.Err == "" }

// DriveStats is what a driver knows of a drive beside its hits.
type DriveStats struct {
	Start       time.Time     `json:"start"`
	Elapsed     time.Duration `json:"elapsed_ns"` // start to the last Done
	Planned     uint64        `json:"planned"`    // hits due; in a closed loop the hits sent
	Sent        uint64        `json:"sent"`
	Censored    uint64        `json:"censored"`         // due but never sent
	MeanFlight  float64       `json:"mean_inflight"`    // requests in flight, sampled each 10 ms
	FlightError float64       `json:"mean_inflight_se"` // its standard error; negative where it is not known
	MaxFlight   int64         `json:"max_inflight"`
	Clock       string        `json:"clock"`         // what Done was read from, of all but one answer in a thousand: see the constants
	Unstamped   uint64        `json:"unstamped"`     // answers that the kernel gave no time for
	Wake        time.Duration `json:"mean_wake_ns"`  // from an answer's arrival until this program had it; no part of Done by the kernel's clock
	ClockStep   time.Duration `json:"clock_step_ns"` // most that the wall clock moved against the monotonic one
	Attackers   int           `json:"attackers"`
	Retried     uint64        `json:"retried"`               // sent again, since the server had closed the kept connection
	Generator   time.Duration `json:"generator_cpu_ns"`      // CPU time of this process during the drive
	Connections uint64        `json:"connections_dialled"`   // during the drive
	Checked     uint64        `json:"bodies_checked"`        // sampled body checks
	FirstWrong  string        `json:"first_wrong,omitempty"` // of the sampled bodies
}
