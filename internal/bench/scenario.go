package bench

// Scenario is one kind of work that servers are asked to do. Field comments become the descriptions in
// scenarios/schema.json.
type Scenario struct {
	// Name as claims use it. The file is named after it.
	Name string `json:"name"`
	// Why says what the scenario stands for and how its numbers were chosen.
	Why string `json:"why"`
	// Needs lists the services that the servers use.
	Needs []string `json:"needs,omitempty"`
	// Profiles run the scenario if no scenario is named on the command line. Default: all but demo.
	Profiles []string `json:"profiles,omitempty"`
	// Tiers whose servers run it; the tiers that say most come first. Without Tiers and Targets, every server
	// in production settings runs it. A plan has no Tiers: its Targets are all that run it.
	Tiers []string `json:"tiers,omitempty"`
	// Targets lists further servers that run it, by name.
	Targets []string `json:"targets,omitempty"`
	// Quickstarts adds the quick starts of those servers. They run the first variant only.
	Quickstarts bool `json:"quickstarts,omitempty"`
	// Twin adds the first of those servers under a second name: the A/A twin of a run.
	Twin bool `json:"twin,omitempty"`
	// CPUs that the servers need.
	CPUs Cores `json:"cpus,omitzero"`
	// Workload is the request, or the message, and the expected answer.
	Workload Workload `json:"workload"`
	// Levels are kinds of the work that one launch does in turn, in an order that each round shuffles. Without
	// levels the work is the workload as it stands.
	Levels []Level `json:"levels,omitempty"`
	// Measure lists what is measured.
	Measure []string `json:"measure" jsonschema:"enum=latency,enum=throughput,enum=capacity,enum=scaling,enum=parallelism,enum=footprint,enum=delivery"` //nolint:lll // a struct tag cannot be wrapped
	// Rates are absolute and common to all servers. Latency and delivery are measured at them.
	Rates []Rate `json:"rates,omitempty"`
	// Percentile is the highest that the phases at common rates must show. They last as long as that takes;
	// without it, as long as the profile says.
	Percentile Percent `json:"percentile,omitempty"`
	// Connections of the closed loop.
	Connections int `json:"connections,omitempty" jsonschema:"minimum=1,maximum=10000"`
	// Variants are environments of the servers; each makes a separate arm. The value cpus stands for the
	// number of CPUs that the servers may use, and 1..cpus for up to six numbers from 1 to that.
	Variants []Variant `json:"variants,omitempty"`
	// SLO that a capacity must hold.
	SLO *SLO `json:"slo,omitempty"`
}

// Level is one kind of a scenario's work. An empty field is as in the scenario.
type Level struct {
	// Name in lower-case letters, digits and dashes.
	Name string `json:"name"`
	// Path of the request. {k} stands for the number of CPUs that the servers may use, at most 4.
	Path string `json:"path,omitempty"`
	// Expect is the expected answer.
	Expect *Expect `json:"expect,omitempty"`
	// Connections of the closed loop.
	Connections int `json:"connections,omitempty" jsonschema:"minimum=1,maximum=10000"`
	// HeldConnections are kept open and used in turn at a common rate.
	HeldConnections int `json:"open,omitempty" jsonschema:"minimum=1,maximum=10000"`
	// Needs lists further services.
	Needs []string `json:"needs,omitempty"`
	// Beside lists other requests that the server gets at the same time.
	Beside *Beside `json:"beside,omitempty"`
	// ControlOf names the level that this one has Work times the work of: a check that a difference in work is
	// found. The CPU time of an answer must grow by that factor.
	ControlOf string `json:"control_of,omitempty"`
	// Work is how many times the work of the level ControlOf this level has.
	Work float64 `json:"work,omitempty"`
	// Units is the number of parallel parts of the work, by which an ideal server would be faster. k stands for
	// the number of CPUs that the servers may use, at most 4.
	Units string `json:"units,omitempty"`
}

// Beside describes requests that a server gets at the same time as those that are measured.
type Beside struct {
	Path   string `json:"path"`
	Rate   Rate   `json:"rate"`
	Expect Expect `json:"expect"`
}

// Cores describes the CPUs that a scenario's servers need.
type Cores struct {
	// Least is the smallest number of CPUs that the servers need.
	Least int `json:"least,omitempty" jsonschema:"minimum=1"`
	// Share lets the servers use the load generator's CPUs too, if the servers' CPUs are too few. Then the load
	// generator may use at most 5% of all shared CPUs.
	Share bool `json:"share,omitempty"`
}

// SharedGenerator is the largest share of the CPUs that a load generator may use if servers share them with
// it.
const SharedGenerator = .05

// Task describes what a server is asked to do at a level: a workload, the services that it needs, and other
// requests at the same time.
type Task struct {
	Workload
	Beside *Beside // nil for none
	Needs  []string
}

// At returns the scenario's task at the level.
func (s Scenario) At(l Level) Task {
	t := Task{Workload: s.Workload, Beside: l.Beside, Needs: s.AllNeeds(l)}
	if l.Path != "" {
		t.Path = l.Path
	}
	if l.Expect != nil {
		t.Expect = *l.Expect
	}
	return t
}

// Background returns the workload of the other requests. The task must have some.
func (t Task) Background() Workload {
	return Workload{
		Driver:   DriverHTTP,
		Method:   "GET",
		Path:     t.Beside.Path,
		Timeout:  t.Timeout,
		Arrivals: t.Arrivals,
		Expect:   t.Beside.Expect,
	}
}

// Level returns the level of that name. A scenario without levels has one, whose name is empty.
func (s Scenario) Level(name string) (Level, bool) {
	for _, l := range s.AllLevels() {
		if l.Name == name {
			return l, true
		}
	}
	return Level{}, false
}

// AllLevels returns the scenario's levels: at least one.
func (s Scenario) AllLevels() []Level {
	if len(s.Levels) == 0 {
		return []Level{{}}
	}
	return s.Levels
}

// AllNeeds returns the services that the scenario needs at the level.
func (s Scenario) AllNeeds(l Level) []string {
	return append(append([]string(nil), s.Needs...), l.Needs...)
}

// Variant is a set of environment variables.
type Variant map[string]string

// Replicas is the variable of a variant that bench applies itself: the number of launches of the server
// behind the proxy.
const Replicas = "REPLICAS"

// SLO is a service level objective: a promise to the users of the service.
type SLO struct {
	// P99 is the largest 99th percentile of response time.
	P99 Duration `json:"p99"`
	// Errors is the largest share of failed answers.
	Errors Percent `json:"errors"`
}

// Workload is one request and its expected answer. For ws and sse it is one message and the members that it
// is delivered to; for tokens it is one stream of events.
type Workload struct {
	// Driver that sends the workload.
	Driver string `json:"driver" jsonschema:"enum=http,enum=ws,enum=sse,enum=tokens"`
	Method string `json:"method,omitempty" jsonschema:"default=GET"`
	Path   string `json:"path"`

	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	// Timeout of a request. A request without an answer by then fails.
	Timeout Duration `json:"timeout,omitempty" jsonschema:"default=5s"`
	// Arrivals of the requests in an open loop.
	Arrivals Arrivals `json:"arrivals,omitempty" jsonschema:"default=poisson,enum=constant,enum=poisson"`
	Expect   Expect   `json:"expect"`
	// Members are the connections that each message is delivered to (ws and sse).
	Members int `json:"members,omitempty" jsonschema:"minimum=1,maximum=10000"`
	// Message is the size of a message in bytes (ws and sse).
	Message int `json:"message,omitempty" jsonschema:"minimum=32,maximum=65536"`
}

// Answers returns how many good answers, deliveries or events one request of the workload should bring.
func (w Workload) Answers() int {
	switch w.Driver {
	case DriverRoom, DriverDashboard:
		return w.Members
	case DriverTokens:
		return w.Expect.Events
	}
	return 1
}

// Expect describes what every answer must be.
type Expect struct {
	// Status is the HTTP status. A scenario must give it; elsewhere 0 stands for any success.
	Status int `json:"status" jsonschema:"minimum=100,maximum=599"`
	// JSON holds keys that the answer must have, with their values. The answer may have more.
	JSON map[string]any `json:"json,omitempty"`
	// SHA256 is the digest of the exact body, in hex. If it is empty, a run fills in the digest of the body that
	// all servers agree on.
	SHA256 string `json:"sha256,omitempty"`
	// Chunked expects a streamed answer, without a content-length.
	Chunked bool `json:"chunked,omitempty"`
	// Events is the number of events of a stream (tokens).
	Events int `json:"events,omitempty"`
	// Every is the time from one event of a stream to the next, counted from its request (tokens).
	Every Duration `json:"every,omitzero"`
	// Calls is how often a request must call each service.
	Calls map[string]int `json:"calls,omitempty"`
}

// Measures that a scenario may ask for. Throughput, scaling and parallelism come from the same closed loop
// and differ in what is computed from it.
const (
	MeasureLatency     = "latency"     // at the common rates
	MeasureThroughput  = "throughput"  // of the closed loop
	MeasureCapacity    = "capacity"    // the highest rate within the SLO
	MeasureScaling     = "scaling"     // throughput against units or connections
	MeasureParallelism = "parallelism" // cores used, and the gain from parallel parts
	MeasureFootprint   = "footprint"   // cold starts, idle memory, size
	MeasureDelivery    = "delivery"    // of messages and events, at the common rates
)

// Measures lists the known measures.
var Measures = []string{
	MeasureLatency, MeasureThroughput, MeasureCapacity, MeasureScaling,
	MeasureParallelism, MeasureFootprint, MeasureDelivery,
}

// Drivers that send a workload.
const (
	DriverHTTP      = "http"
	DriverRoom      = "ws"     // messages to a WebSocket chat room
	DriverDashboard = "sse"    // updates to the viewers of an event stream
	DriverTokens    = "tokens" // streams of events
)

// Drivers lists the known drivers.
var Drivers = []string{DriverHTTP, DriverRoom, DriverDashboard, DriverTokens}

// Measures reports whether the scenario asks for one of the measures.
func (s Scenario) Measures(names ...string) bool {
	for _, m := range s.Measure {
		for _, name := range names {
			if m == name {
				return true
			}
		}
	}
	return false
}

// Closed reports whether the scenario has a closed loop.
func (s Scenario) Closed() bool {
	return s.Measures(MeasureThroughput, MeasureScaling, MeasureParallelism)
}
