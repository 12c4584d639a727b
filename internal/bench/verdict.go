package bench

// Verdict is what a run says of a claim or of one of its tests.
type Verdict string

// The verdicts. Depends is for claims only: their tests are decided, but not alike.
const (
	Supported        Verdict = "supported"
	Contradicted     Verdict = "contradicted"
	PracticallyEqual Verdict = "practically equal"
	Depends          Verdict = "depends"
	Inconclusive     Verdict = "inconclusive"
	NotTested        Verdict = "not tested"
)

// VerdictNames are the known verdicts.
var VerdictNames = []string{string(Supported), string(Contradicted), string(PracticallyEqual),
	string(Depends), string(Inconclusive), string(NotTested)}

// Verdicts is the judgement of a run.
type Verdicts struct {
	PlanHash string         `json:"plan_hash"`
	Profile  string         `json:"profile"`
	Claims   []ClaimVerdict `json:"claims"`
	Scaling  []Scaling      `json:"scaling,omitempty"`
	Controls []Control      `json:"controls,omitempty"`
	// Warnings hold for the whole run.
	Warnings []string `json:"warnings"`
	// Void says why an evidence or ci run is void as evidence.
	Void []string `json:"void,omitempty"`
}

// ClaimVerdict is the judgement of one claim.
type ClaimVerdict struct {
	ID       string       `json:"id"`
	Quotes   []Quote      `json:"quotes"`
	Verdict  Verdict      `json:"verdict"`
	Why      string       `json:"why"`
	Untested []string     `json:"untested,omitempty"`
	Tests    []Comparison `json:"tests"`
}

// Comparison is the judgement of one test in one tier, at one rate.
type Comparison struct {
	Scenario string  `json:"scenario"`
	Metric   string  `json:"metric"`
	Unit     string  `json:"unit"`
	Of       string  `json:"of"` // target
	To       string  `json:"to,omitempty"`
	Tier     string  `json:"tier,omitempty"`
	Rate     Rate    `json:"rate,omitempty"`
	Variant  Variant `json:"variant,omitempty"`
	Level    string  `json:"level,omitempty"`
	Base     *Base   `json:"base,omitempty"`
	Expect   string  `json:"expect,omitempty"`
	Margin   float64 `json:"margin,omitempty"` // ratio above 1
	Bound    float64 `json:"bound,omitempty"`
	BoundIs  string  `json:"bound_is,omitempty"` // "at_most" or "at_least"

	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"`
	// Ratio is the geometric mean over rounds of Of to To, for ratio tests; Value the
	// geometric mean of Of, for bound tests. Low and High bound it at 95%.
	Ratio *float64 `json:"ratio,omitempty"`
	Value *float64 `json:"value,omitempty"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	// OfMedian and ToMedian are the medians over rounds, in Unit.
	OfMedian *float64 `json:"of_median,omitempty"`
	ToMedian *float64 `json:"to_median,omitempty"`
	Rounds   int      `json:"rounds"` // that entered
	Warnings []string `json:"warnings"`
}

// Control is what the instrument showed of work that is known to be so many times
// that of another level.
type Control struct {
	Scenario string  `json:"scenario"`
	Target   string  `json:"target"`
	Level    string  `json:"level"`
	Work     float64 `json:"work"`  // as planned
	Ratio    float64 `json:"ratio"` // of CPU time an answer: geometric mean over rounds
	Low      float64 `json:"low"`   // its interval at 95%; 0 and 0 for one round
	High     float64 `json:"high"`
	Rounds   int     `json:"rounds"`
}

// Scaling is a server's throughput against how many share the work.
type Scaling struct {
	Scenario string         `json:"scenario"`
	Target   string         `json:"target"`
	Of       string         `json:"of"`     // what N counts: "workers" or "connections"
	Points   []ScalingPoint `json:"points"` // by rising N
	Fit      *USL           `json:"fit,omitempty"`
	Why      string         `json:"why,omitempty"` // there is no fit, or what is to be said of it
}

// ScalingPoint is the median over rounds at one N.
type ScalingPoint struct {
	N          float64 `json:"n"`
	Throughput float64 `json:"throughput"` // 1/s
	Memory     float64 `json:"memory_bytes"`
	AtLeast    bool    `json:"at_least,omitempty"` // in some round known from below only
}

// USL are the coefficients of the Universal Scalability Law [Gunther 2007].
type USL struct {
	Gamma float64  `json:"gamma"`          // throughput of one, 1/s
	Alpha float64  `json:"alpha"`          // contention, 0 to 1
	Beta  float64  `json:"beta"`           // coherency, 0 to 1
	Peak  *float64 `json:"peak,omitempty"` // N of the highest throughput; absent where it only rises
}

// At is the throughput at n.
func (u USL) At(n float64) float64 {
	return u.Gamma * n / (1 + u.Alpha*(n-1) + u.Beta*n*(n-1))
}
