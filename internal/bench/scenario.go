package bench

// Scenario is one kind of work that servers are put to.
type Scenario struct {
	Name     string   `json:"name" jsonschema:"description=Name as claims use it; the file is named after it"`
	Why      string   `json:"why" jsonschema:"description=What the scenario stands for and how its numbers were chosen"`
	Needs    []string `json:"needs,omitempty" jsonschema:"description=Services that the targets lean on"`
	Workload Workload `json:"workload"`
	Measure  []string `json:"measure" jsonschema:"description=What is measured: latency (at the common rates) and throughput (closed loop),enum=latency,enum=throughput"`
	// Rates are the absolute rates, common to all targets, at which latency is measured.
	Rates []Rate `json:"rates,omitempty" jsonschema:"description=Common absolute rates for latency"`
	// Connections is the number of the closed loop that measures throughput.
	Connections int `json:"connections,omitempty" jsonschema:"description=Connections of the closed loop,minimum=1,maximum=10000"`
	// Variants are levels of the targets' environment; every target runs each of them.
	Variants []Variant `json:"variants,omitempty" jsonschema:"description=Environment levels; each makes an arm of its own"`
	SLO      *SLO      `json:"slo,omitempty"`
}

// Variant is a set of environment variables.
type Variant map[string]string

// SLO is what users of the service were promised.
type SLO struct {
	P99    Duration `json:"p99" jsonschema:"description=Largest 99th percentile of response time"`
	Errors Percent  `json:"errors" jsonschema:"description=Largest share of failed answers"`
}

// Workload is one request and the answer it should get.
type Workload struct {
	Driver   string            `json:"driver" jsonschema:"enum=http"`
	Method   string            `json:"method,omitempty" jsonschema:"default=GET"`
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers,omitempty"`
	Body     string            `json:"body,omitempty"`
	Timeout  Duration          `json:"timeout,omitempty" jsonschema:"default=5s"`
	Arrivals Arrivals          `json:"arrivals,omitempty" jsonschema:"default=poisson,enum=constant,enum=poisson"`
	Expect   Expect            `json:"expect"`
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
	// Calls is how often a request must call each service.
	Calls map[string]int `json:"calls,omitempty"`
}

// Measures that a scenario may ask for.
const (
	MeasureLatency    = "latency"
	MeasureThroughput = "throughput"
)

// Measures are the known measures.
var Measures = []string{MeasureLatency, MeasureThroughput}

// Drivers are the known drivers.
var Drivers = []string{"http"}

// Measures reports whether the scenario asks for the measure.
func (s Scenario) Measures(name string) bool {
	for _, m := range s.Measure {
		if m == name {
			return true
		}
	}
	return false
}
