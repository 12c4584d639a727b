package bench

// Guide is a published text and the claims it makes.
type Guide struct {
	Name      string  `json:"name" jsonschema:"description=Name of this file without its ending"`
	Title     string  `json:"title"`
	Author    string  `json:"author"`
	Publisher string  `json:"publisher,omitempty"`
	Published string  `json:"published" jsonschema:"description=Date as YYYY-MM-DD"`
	Claims    []Claim `json:"claims"`
}

// Claim is something the guide says, with the tests that judge it.
type Claim struct {
	ID     string  `json:"id"`
	Quotes []Quote `json:"quotes"`
	Tests  []Test  `json:"tests,omitempty"`
	// Untested says what part of the sentence no test here covers, and why. A claim
	// without tests has at least one.
	Untested []string `json:"untested,omitempty" jsonschema:"description=What no test covers and why"`
}

// Quote is the guide's sentence, word for word.
type Quote struct {
	Quote   string `json:"quote"`
	Section string `json:"section"`
}

// Test is a ratio (Of against To) or a bound (Of alone) on one metric of one
// scenario. Of and To name a runtime or a target. With runtimes the test is
// made once for each tier; metrics at common rates once for each rate.
type Test struct {
	Scenario string   `json:"scenario"`
	Metric   string   `json:"metric" jsonschema:"description=What is compared"`
	Of       string   `json:"of"`
	To       string   `json:"to,omitempty"`
	Expect   string   `json:"expect,omitempty" jsonschema:"enum=higher,enum=lower"`
	Margin   *Percent `json:"margin,omitempty" jsonschema:"description=Smallest difference that matters"`
	Tiers    []string `json:"tiers,omitempty" jsonschema:"description=Default: every tier that both sides have"`
	Variant  Variant  `json:"variant,omitempty" jsonschema:"description=Default: the scenario's first"`
	Level    string   `json:"level,omitempty" jsonschema:"description=Level of the scenario; default: its first"`
	// Base is what each side's number is divided by: its own at another level or
	// variant, that of another target, or of its quick start.
	Base    *Base    `json:"base,omitempty" jsonschema:"description=What each side's number is relative to"`
	AtMost  *float64 `json:"at_most,omitempty" jsonschema:"description=Upper bound in the metric's unit"`
	AtLeast *float64 `json:"at_least,omitempty" jsonschema:"description=Lower bound in the metric's unit"`
}

// Base names the trial and level that a number is relative to. What it leaves out is
// as in the test.
type Base struct {
	Target     string  `json:"target,omitempty"`
	Quickstart bool    `json:"quickstart,omitempty" jsonschema:"description=The quick start of the target"`
	Variant    Variant `json:"variant,omitempty"`
	Level      string  `json:"level,omitempty"`
}

// Expectations of a ratio test.
const (
	Higher = "higher"
	Lower  = "lower"
)

// Expectations are the known expectations.
var Expectations = []string{Higher, Lower}

// Bound reports whether the test is a bound test.
func (t Test) Bound() bool { return t.AtMost != nil || t.AtLeast != nil }
