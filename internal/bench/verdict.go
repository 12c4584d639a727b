package bench

// Verdict is the ruling on a claim or on one of its comparisons.
type Verdict string

// The verdicts. Depends is for claims only: their comparisons are decided differently.
const (
	Supported        Verdict = "supported"
	Contradicted     Verdict = "contradicted"
	PracticallyEqual Verdict = "practically equal"
	Depends          Verdict = "depends"
	Inconclusive     Verdict = "inconclusive"
	NotTested        Verdict = "not tested"
)

// VerdictNames lists the known verdicts.
var VerdictNames = []string{string(Supported), string(Contradicted), string(PracticallyEqual),
	string(Depends), string(Inconclusive), string(NotTested)}

// Sign returns a sign that is shown next to the word, so that color alone never carries a verdict.
func (v Verdict) Sign() string { return signs[v] }

var signs = map[Verdict]string{
	Supported: "✓", Contradicted: "✗", PracticallyEqual: "=", Depends: "±", Inconclusive: "?", NotTested: "–",
}

// Verdicts is the judgment of a run.
type Verdicts struct {
	PlanHash string         `json:"plan_hash"`
	Profile  string         `json:"profile"`
	Analysis Analysis       `json:"analysis"`
	Claims   []ClaimVerdict `json:"claims"`
	// Twins is the A/A twin: the comparisons of a server with itself under a second name.
	Twins    []Comparison `json:"a_a,omitempty"`
	Controls []Control    `json:"controls,omitempty"`
	Scaling  []Scaling    `json:"scaling,omitempty"`
	// Warnings hold for the whole run.
	Warnings []string `json:"warnings"`
	// Void says why a run that was planned as evidence is void as evidence.
	Void []string `json:"void,omitempty"`
}

// Analysis says how a run's claims are judged together.
type Analysis struct {
	Family int     `json:"family"`          // claims that are tested
	Alpha  float64 `json:"alpha"`           // largest probability of any wrong decision among them
	Looks  []Look  `json:"looks,omitempty"` // of a run that may end early; without any, Holm corrects
	// Unlike lists looks that leave other claims undecided when they are judged again than the journal
	// records.
	Unlike []string `json:"unlike,omitempty"`
}

// Look is one point at which a run that may end early was judged.
type Look struct {
	Rounds  int      `json:"rounds"`
	Level   float64  `json:"level"` // two-sided, of each comparison
	Planned bool     `json:"planned"`
	Decided []string `json:"decided"` // claims that this look decided
}

// ClaimVerdict is the judgment of one claim.
type ClaimVerdict struct {
	ID      string  `json:"id"`
	Quotes  []Quote `json:"quotes"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"`
	// P is the smallest level at which the claim alone would be decided, and Adjusted the same among all claims
	// [Holm 1979]. Both are absent if the run may end early.
	P        *float64     `json:"p,omitempty"`
	Adjusted *float64     `json:"p_adjusted,omitempty"`
	Untested []string     `json:"untested,omitempty"`
	Tests    []Comparison `json:"tests"`
}

// Comparison is the judgment of one test in one tier, at one rate.
type Comparison struct {
	Scenario string `json:"scenario"`
	Metric   string `json:"metric"`
	Unit     string `json:"unit"`
	Of       string `json:"of"` // target
	To       string `json:"to,omitempty"`
	Tier     string `json:"tier,omitempty"`
	Offered
	Variant Variant `json:"variant,omitempty"`
	Level   string  `json:"level,omitempty"`
	Base    *Base   `json:"base,omitempty"`
	Expect  string  `json:"expect,omitempty"`
	Margin  float64 `json:"margin,omitempty"` // ratio above 1
	Bound   float64 `json:"bound,omitempty"`
	BoundIs string  `json:"bound_is,omitempty"` // "at_most" or "at_least"

	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"`
	// Forced is the rule that keeps the comparison inconclusive, whatever its interval: see the constants. It is
	// empty for none.
	Forced string `json:"forced,omitempty"`
	// Ratio is the geometric mean over rounds of Of to To, for ratio tests. Value is the geometric mean of Of, for
	// bound tests. Low and High bound it at Confidence.
	Ratio      *float64 `json:"ratio,omitempty"`
	Value      *float64 `json:"value,omitempty"`
	Low        *float64 `json:"low,omitempty"`
	High       *float64 `json:"high,omitempty"`
	Confidence float64  `json:"confidence,omitempty"`
	// P is the smallest two-sided level at which the comparison would be decided.
	P *float64 `json:"p,omitempty"`
	// SignFlip is the exact p-value of the same by flipping signs. HodgesLehmann is an estimate that one wild
	// round moves little.
	SignFlip      *float64  `json:"sign_flip_p,omitempty"`
	HodgesLehmann *Estimate `json:"hodges_lehmann,omitempty"`
	// OfMedian and ToMedian are the medians over rounds, in Unit.
	OfMedian *float64 `json:"of_median,omitempty"`
	ToMedian *float64 `json:"to_median,omitempty"`
	Rounds   int      `json:"rounds"` // with a pair that counts
	Warnings []string `json:"warnings"`
	// Pairs holds those rounds for reports. verdicts.json has only the result.
	Pairs []PairedRound `json:"-"`
}

// PairedRound is one round of a comparison.
type PairedRound struct {
	Round   int     `json:"round"`
	Of      float64 `json:"of"` // in the comparison's unit
	OfTrial int     `json:"of_trial"`
	To      float64 `json:"to"` // the bound, if the comparison has one
	ToTrial int     `json:"to_trial,omitempty"`
}

// Estimate is a number with its bounds. An absent bound is infinite.
type Estimate struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
}

// Rules that keep a comparison inconclusive.
const (
	ForcedFewRounds  = "too few rounds"           // fewer than two
	ForcedSame       = "no variation"             // all rounds gave the very same number
	ForcedMissing    = "rounds without a pair"    // more than a fifth of the rounds that were made
	ForcedUnsteady   = "no steady state"          // of more than a fifth of a side's trials
	ForcedInstrument = "within the instrument"    // the load generator may have added the difference
	ForcedOpen       = "known from one side"      // something other than the server was at its limit
	ForcedFragile    = "fragile"                  // the sign-flip test does not agree
	ForcedNoGrowth   = "a round without a number" // memory that did not grow
)

// ForcedNames lists the known rules.
var ForcedNames = []string{
	ForcedFewRounds, ForcedSame, ForcedMissing, ForcedUnsteady,
	ForcedInstrument, ForcedOpen, ForcedFragile, ForcedNoGrowth,
}

// Control is the positive control: what was found of a known difference in work between two levels.
type Control struct {
	Scenario   string  `json:"scenario"`
	Target     string  `json:"target"`
	Level      string  `json:"level"`
	Metric     string  `json:"metric"`
	Work       float64 `json:"work"`  // as planned
	Ratio      float64 `json:"ratio"` // of the costs of an answer: geometric mean over rounds
	Low        float64 `json:"low"`   // its interval at Confidence; 0 and 0 for one round
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Rounds     int     `json:"rounds"`
	// Found says that the interval contains the known work, and does not contain 1.
	Found bool `json:"found"`
}

// Scaling is a server's throughput against the number of workers or connections.
type Scaling struct {
	Scenario string         `json:"scenario"`
	Target   string         `json:"target"`
	Of       string         `json:"of"`     // what N counts: "workers" or "connections"
	Points   []ScalingPoint `json:"points"` // by rising N
	Fit      *USL           `json:"fit,omitempty"`
	Low      *USL           `json:"low,omitempty"` // bounds of the fit at 95%, over resampled rounds
	High     *USL           `json:"high,omitempty"`
	Why      string         `json:"why,omitempty"` // the fit is missing or limited
}

// ScalingPoint is the median over rounds at one N.
type ScalingPoint struct {
	N          float64 `json:"n"`
	Throughput float64 `json:"throughput"` // 1/s
	Memory     float64 `json:"memory_bytes"`
	AtLeast    bool    `json:"at_least,omitempty"` // a lower bound in some round
}

// USL holds the coefficients of the Universal Scalability Law [Gunther 2007].
type USL struct {
	Gamma float64  `json:"gamma"`          // throughput of one, 1/s
	Alpha float64  `json:"alpha"`          // contention, 0 to 1
	Beta  float64  `json:"beta"`           // coherency, 0 to 1
	Peak  *float64 `json:"peak,omitempty"` // N of the highest throughput; absent if it only rises
}

// At returns the throughput at n.
func (u USL) At(n float64) float64 {
	return u.Gamma * n / (1 + u.Alpha*(n-1) + u.Beta*n*(n-1))
}
