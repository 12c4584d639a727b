package bench

// Scenario is one kind of work that servers are put to.
type Scenario struct {
	Name  string   `json:"name" jsonschema:"description=Name as claims use it; the file is named after it"`
	Why   string   `json:"why" jsonschema:"description=What the scenario stands for and how its numbers were chosen"`
	Needs []string `json:"needs,omitempty" jsonschema:"description=Services that the targets lean on"`
	// Profiles are those that run it where no scenario is named; all but demo where it is empty.
	Profiles []string `json:"profiles,omitempty" jsonschema:"description=Profiles that run it where no scenario is named (default: all but demo)"`
	// Tiers are those whose targets run it, the ones that say most first; Targets are
	// targets by name beside them. Where both are empty it is every target in its
	// production settings. In a plan Targets are all that run it, and Tiers is empty.
	Tiers   []string `json:"tiers,omitempty" jsonschema:"description=Tiers whose targets run it; those that say most first"`
	Targets []string `json:"targets,omitempty" jsonschema:"description=Targets that run it; by name"`
	// Quickstarts adds the quick starts of those targets; they run the first variant only.
	Quickstarts bool `json:"quickstarts,omitempty" jsonschema:"description=Adds the quick starts of the targets"`
	// Twin adds the first of those targets under a second name: the A/A arm of a run.
	Twin     bool     `json:"twin,omitempty" jsonschema:"description=Adds the first target under a second name: the A/A arm of a run"`
	CPUs     Cores    `json:"cpus,omitzero" jsonschema:"description=CPUs that the servers need"`
	Workload Workload `json:"workload"`
	// Levels are kinds of the work that one launch is put to one after the other, in an
	// order of the round's own; without any, the work is the workload as it stands.
	Levels  []Level  `json:"levels,omitempty" jsonschema:"description=Kinds of the work that one launch is put to in turn"`
	Measure []string `json:"measure" jsonschema:"description=What is measured,enum=latency,enum=throughput,enum=capacity,enum=scaling,enum=parallelism,enum=footprint,enum=delivery"`
	// Rates are the absolute rates, common to all targets, at which latency and delivery are measured.
	Rates []Rate `json:"rates,omitempty" jsonschema:"description=Common absolute rates for latency and delivery"`
	// Percentile is the highest that the rates must show: their phases last as long as
	// that takes. 0 where the profile's own time has to do.
	Percentile Percent `json:"percentile,omitempty" jsonschema:"description=Highest percentile that the phases at common rates must show; they last as long as that takes"`
	// Connections is the number of the closed loop that measures throughput.
	Connections int `json:"connections,omitempty" jsonschema:"description=Connections of the closed loop,minimum=1,maximum=10000"`
	// Variants are levels of the targets' environment; every target runs each of them.
	Variants []Variant `json:"variants,omitempty" jsonschema:"description=Environment of the servers; each makes an arm of its own. The value cpus stands for the CPUs that they may use; 1..cpus for up to six numbers of them"`
	SLO      *SLO      `json:"slo,omitempty"`
}

// Level is a kind of a scenario's work. What it leaves out is the scenario's own.
type Level struct {
	Name            string   `json:"name"`
	Path            string   `json:"path,omitempty" jsonschema:"description={k} stands for the CPUs that the servers may use; at most 4"`
	Expect          *Expect  `json:"expect,omitempty"`
	Connections     int      `json:"connections,omitempty" jsonschema:"description=Connections of the closed loop,minimum=1,maximum=10000"`
	HeldConnections int      `json:"open,omitempty" jsonschema:"description=Connections that are kept open and used in turn at a common rate,minimum=1,maximum=10000"`
	Needs           []string `json:"needs,omitempty" jsonschema:"description=Services beside the scenario's"`
	Beside          *Beside  `json:"beside,omitempty" jsonschema:"description=Other requests that the server gets at the same time"`
	// ControlOf names the level that this one has Work times the work of: an instrument
	// that is right shows as many times the CPU time an answer.
	ControlOf string  `json:"control_of,omitempty" jsonschema:"description=Level whose work this one has so many times; a check of the instrument"`
	Work      float64 `json:"work,omitempty" jsonschema:"description=Times the work of that level"`
	// Units is how many parallel parts the level has: what an ideal server would be
	// faster by. "k" stands for the CPUs that the servers may use, at most 4.
	Units string `json:"units,omitempty" jsonschema:"description=Parallel parts of the work: a number; or k for the CPUs that the servers may use (at most 4)"`
}

// Beside is work that a server gets beside the requests that are measured.
type Beside struct {
	Path   string `json:"path"`
	Rate   Rate   `json:"rate"`
	Expect Expect `json:"expect"`
}

// Cores are the CPUs that a scenario's servers need.
type Cores struct {
	Least int `json:"least,omitempty" jsonschema:"description=CPUs that the servers need at least,minimum=1"`
	// Share says that the servers may use the generator's CPUs too where there are no
	// others; then the generator may use no more than SharedGenerator of its own.
	Share bool `json:"share,omitempty" jsonschema:"description=The servers may use the generator's CPUs too; where there are no others"`
}

// SharedGenerator is the most that a generator may use of the CPUs that servers share with it.
const SharedGenerator = .05

// At is the scenario's workload at the level.
func (s Scenario) At(l Level) Workload {
	w := s.Workload
	if l.Path != "" {
		w.Path = l.Path
	}
	if l.Expect != nil {
		w.Expect = *l.Expect
	}
	return w
}

// Level returns the level of that name; a scenario without levels has one, whose
// name is empty.
func (s Scenario) Level(name string) (Level, bool) {
	for _, l := range s.AllLevels() {
		if l.Name == name {
			return l, true
		}
	}
	return Level{}, false
}

// AllLevels are the scenario's levels: at least one.
func (s Scenario) AllLevels() []Level {
	if len(s.Levels) == 0 {
		return []Level{{}}
	}
	return s.Levels
}

// AllNeeds are the services that the scenario needs at the level.
func (s Scenario) AllNeeds(l Level) []string {
	return append(append([]string(nil), s.Needs...), l.Needs...)
}

// Variant is a set of environment variables.
type Variant map[string]string

// Replicas is the variable of a variant that bench applies itself: how many launches
// of the server stand behind the proxy.
const Replicas = "REPLICAS"

// SLO is what users of the service were promised.
type SLO struct {
	P99    Duration `json:"p99" jsonschema:"description=Largest 99th percentile of response time"`
	Errors Percent  `json:"errors" jsonschema:"description=Largest share of failed answers"`
}

// Workload is one request and the answer it should get; or, for ws and sse, one
// message and the members it should be delivered to; or, for tokens, one stream of
// events.
type Workload struct {
	Driver   string            `json:"driver" jsonschema:"enum=http,enum=ws,enum=sse,enum=tokens"`
	Method   string            `json:"method,omitempty" jsonschema:"default=GET"`
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers,omitempty"`
	Body     string            `json:"body,omitempty"`
	Timeout  Duration          `json:"timeout,omitempty" jsonschema:"default=5s"`
	Arrivals Arrivals          `json:"arrivals,omitempty" jsonschema:"default=poisson,enum=constant,enum=poisson"`
	Expect   Expect            `json:"expect"`
	// Members is how many connections every message is delivered to (ws, sse); Message
	// the size of one in bytes.
	Members int `json:"members,omitempty" jsonschema:"description=Connections that each message goes to (ws and sse),minimum=1,maximum=10000"`
	Message int `json:"message,omitempty" jsonschema:"description=Bytes of a message (ws and sse),minimum=32,maximum=65536"`
}

// Answers is how many good answers, deliveries or events one request of the
// workload should bring.
func (w Workload) Answers() int {
	switch w.Driver {
	case DriverRoom, DriverDashboard:
		return w.Members
	case DriverTokens:
		return w.Expect.Events
	}
	return 1
}

// Expect is what every answer must be.
type Expect struct {
	// Status is the HTTP status; 0, which a scenario may not have, is any of success.
	Status int `json:"status" jsonschema:"minimum=100,maximum=599"`
	// JSON holds keys that the answer must have, with their values; the answer may have more.
	JSON map[string]any `json:"json,omitempty"`
	// SHA256 is the digest of the exact body, in hex. Where a scenario does not give it,
	// a run fills it in with the body that all targets agreed on.
	SHA256 string `json:"sha256,omitempty"`
	// Chunked says that the answer is streamed: its length is not told ahead.
	Chunked bool `json:"chunked,omitempty" jsonschema:"description=The answer has no content-length"`
	// Events is how many events a stream of tokens has, one each Every from its request on.
	Events int      `json:"events,omitempty" jsonschema:"description=Events of a stream (tokens)"`
	Every  Duration `json:"every,omitzero" jsonschema:"description=Time from one event of a stream to the next (tokens)"`
	// Calls is how often a request must call each service.
	Calls map[string]int `json:"calls,omitempty"`
}

// Measures that a scenario may ask for. Throughput, scaling and parallelism are
// taken over the same closed loop; they say what is made of it.
const (
	MeasureLatency     = "latency"     // at the common rates
	MeasureThroughput  = "throughput"  // of the closed loop
	MeasureCapacity    = "capacity"    // the highest rate within the SLO
	MeasureScaling     = "scaling"     // throughput against units or connections
	MeasureParallelism = "parallelism" // cores used, and what parallel parts bring
	MeasureFootprint   = "footprint"   // cold starts, idle memory, size
	MeasureDelivery    = "delivery"    // of messages and events, at the common rates
)

// Measures are the known measures.
var Measures = []string{MeasureLatency, MeasureThroughput, MeasureCapacity, MeasureScaling, MeasureParallelism, MeasureFootprint, MeasureDelivery}

// Drivers are the known drivers.
var Drivers = []string{DriverHTTP, DriverRoom, DriverDashboard, DriverTokens}

// What sends a workload.
const (
	DriverHTTP      = "http"
	DriverRoom      = "ws"     // messages to a WebSocket room
	DriverDashboard = "sse"    // updates to the viewers of an event stream
	DriverTokens    = "tokens" // streams of events
)

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
