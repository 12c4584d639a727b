package bench

// Guide is a published text and the claims that it makes. Field comments become the descriptions in
// claims/schema.json.
type Guide struct {
	// Name of this file, without its ending.
	Name      string `json:"name"`
	Title     string `json:"title"`
	Author    string `json:"author"`
	Publisher string `json:"publisher,omitempty"`
	// Published is the date of publication, as YYYY-MM-DD.
	Published string  `json:"published"`
	Claims    []Claim `json:"claims"`
}

// Claim is a sentence of the guide, with the tests that judge it.
type Claim struct {
	ID     string  `json:"id"`
	Quotes []Quote `json:"quotes"`
	Tests  []Test  `json:"tests,omitempty"`
	// Untested says which part of the sentence no test covers, and why. A claim without tests needs it.
	Untested []string `json:"untested,omitempty"`
}

// Quote is the guide's sentence, word for word.
type Quote struct {
	Quote   string `json:"quote"`
	Section string `json:"section"`
}

// Test is a ratio (Of against To) or a bound (Of alone) on one metric of one scenario. Of and To name a
// runtime or a server. With runtimes the test is made once for each tier; a metric at common rates is
// compared at each rate.
type Test struct {
	Scenario string `json:"scenario"`
	// Metric that is compared.
	Metric string `json:"metric"`
	Of     string `json:"of"`
	To     string `json:"to,omitempty"`
	// Expect says on which side of To the claim expects Of.
	Expect string `json:"expect,omitempty" jsonschema:"enum=higher,enum=lower"`
	// Margin is the smallest difference that matters. Default: the metric's.
	Margin *Percent `json:"margin,omitempty"`
	// Tiers to compare in. Default: every tier that both sides have.
	Tiers []string `json:"tiers,omitempty"`
	// Variant of the scenario. Default: its first.
	Variant Variant `json:"variant,omitempty"`
	// Level of the scenario. Default: its first.
	Level string `json:"level,omitempty"`
	// Base makes each side's number is relative to: its own number at another level or variant, that of
	// another server, or that of its quick start.
	Base *Base `json:"base,omitempty"`
	// AtMost is an upper bound, in the metric's unit.
	AtMost *float64 `json:"at_most,omitempty"`
	// AtLeast is a lower bound, in the metric's unit.
	AtLeast *float64 `json:"at_least,omitempty"`
}

// Base names the trial and the level that a number is relative to. An empty field is as in the test.
type Base struct {
	Target string `json:"target,omitempty"`
	// Quickstart selects the quick start of the server.
	Quickstart bool    `json:"quickstart,omitempty"`
	Variant    Variant `json:"variant,omitempty"`
	Level      string  `json:"level,omitempty"`
}

// Expectations of a ratio test.
const (
	Higher = "higher"
	Lower  = "lower"
)

// Expectations lists the known expectations.
var Expectations = []string{Higher, Lower}

// Bound reports whether the test is a bound test.
func (t Test) Bound() bool { return t.AtMost != nil || t.AtLeast != nil }
