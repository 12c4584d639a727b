package report

import (
	"github.com/claimbench/claimbench/internal/bench"
)

// DocumentSchema is the current version of Document.
const DocumentSchema = 3

// Document is everything that a report says.
type Document struct {
	Schema      int               `json:"schema"`    // version of this type
	Generator   string            `json:"generator"` // version of the bench that made the report
	Brand       *Brand            `json:"brand,omitempty"`
	RunID       string            `json:"run_id"`
	Date        string            `json:"date"` // of the run: 2006-01-02
	Evidence    bool              `json:"evidence"`
	Void        []string          `json:"void,omitempty"`   // why the run is void as evidence
	Alerts      []string          `json:"alerts,omitempty"` // why the report must not be cited
	Headline    string            `json:"headline"`
	Counts      []Count           `json:"counts"`
	Scope       string            `json:"scope"` // what the headline holds for
	Guide       Source            `json:"guide"`
	Claims      []Claim           `json:"claims"`
	Forest      []Ratio           `json:"forest,omitempty"`
	Validity    []Check           `json:"validity"`
	Twins       []Test            `json:"a_a,omitempty"` // the same server under two names
	NotShown    []string          `json:"not_shown"`
	Scenarios   []Scenario        `json:"scenarios"`
	Method      []string          `json:"method"`
	Environment []Fact            `json:"environment"`
	Trials      []Trial           `json:"trials,omitempty"`
	Left        []string          `json:"left_out,omitempty"` // cells and scenarios, with the reason
	Rerun       string            `json:"rerun"`              // command that makes the same plan
	PlanHash    string            `json:"plan_hash"`
	Hashes      map[string]string `json:"hashes"` // SHA-256 of the evidence; the journal has those of trials
	// FailOn lists the verdicts that JUnit counts as failures.
	FailOn []bench.Verdict `json:"fail_on,omitempty"`

	printed bool // on paper, a reader cannot open anything
}

// Printed reports whether the document is for paper.
func (d *Document) Printed() bool { return d.printed }

// Title returns the title of the report: that of the brand or, without one, the headline.
func (d *Document) Title() string {
	if d.Brand != nil && d.Brand.Title != "" {
		return d.Brand.Title
	}
	return d.Headline
}

// Untested returns the claims without a comparison.
func (d *Document) Untested() (list []Claim) {
	for _, c := range d.Claims {
		if len(c.Tested()) == 0 {
			list = append(list, c)
		}
	}
	return list
}

// AddMismatch warns that the document's verdicts are not those of the run's verdicts.json, for the reason
// given.
func (d *Document) AddMismatch(why string) {
	d.Alerts = append(d.Alerts, "Do not cite this report: "+why+".")
	d.Validity = append(d.Validity, Check{
		Name:  "Verdicts",
		Value: why,
		State: StateBad,
		Why:   "do not cite this report",
	})
}

// Source is the guide on trial.
type Source struct {
	Title     string `json:"title"`
	Author    string `json:"author"`
	Publisher string `json:"publisher,omitempty"`
	Published string `json:"published"`
}

// Count is the number of claims with a verdict.
type Count struct {
	Verdict bench.Verdict `json:"verdict"`
	Sign    string        `json:"sign"`
	Claims  int           `json:"claims"`
}

// Fact is a name with a value.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
