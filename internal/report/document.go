// Package report turns a judged run into one Document, which every renderer —
// terminal, HTML, PDF, Markdown, JSON, CSV, JUnit, benchfmt — takes as it is: a
// renderer formats and computes nothing.
package report

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/buildinfo"
	"github.com/claimbench/claimbench/internal/record"
	"github.com/claimbench/claimbench/internal/text"
)

// Document is everything a report says.
type Document struct {
	Schema      int               `json:"schema"`    // version of this type
	Generator   string            `json:"generator"` // version of the bench that made the report
	Brand       *Brand            `json:"brand,omitempty"`
	RunID       string            `json:"run_id"`
	Date        string            `json:"date"` // of the run: 2006-01-02
	Evidence    bool              `json:"evidence"`
	Void        []string          `json:"void,omitempty"`   // why the run is void as evidence
	Alerts      []string          `json:"alerts,omitempty"` // what keeps the report from being cited
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
	Rerun       string            `json:"rerun"`
	PlanHash    string            `json:"plan_hash"`
	Hashes      map[string]string `json:"hashes"` // of all but trials, whose sums are in the journal
	// FailOn are the verdicts that JUnit counts as failures.
	FailOn []bench.Verdict `json:"fail_on,omitempty"`

	printed bool // on paper nothing can be opened
}

// Printed reports whether the document is for paper.
func (d *Document) Printed() bool { return d.printed }

// DocumentSchema is the current version of Document.
const DocumentSchema = 3

// Source is the guide on trial.
type Source struct {
	Title     string `json:"title"`
	Author    string `json:"author"`
	Publisher string `json:"publisher,omitempty"`
	Published string `json:"published"`
}

// Count is how many claims have a verdict.
type Count struct {
	Verdict bench.Verdict `json:"verdict"`
	Sign    string        `json:"sign"`
	Claims  int           `json:"claims"`
}

// Claim is a row of the claims table.
type Claim struct {
	ID       string        `json:"id"`
	Quotes   []bench.Quote `json:"quotes"`
	Verdict  bench.Verdict `json:"verdict"`
	Sign     string        `json:"sign"`
	Why      string        `json:"why"`
	Tests    []Test        `json:"tests"`
	Untested []string      `json:"untested,omitempty"`
}

// Tested are the comparisons that were made.
func (c Claim) Tested() (list []Test) {
	for _, t := range c.Tests {
		if t.Verdict != bench.NotTested {
			list = append(list, t)
		}
	}
	return list
}

// Untested are the claims of which no comparison was made.
func (d *Document) Untested() (list []Claim) {
	for _, c := range d.Claims {
		if len(c.Tested()) == 0 {
			list = append(list, c)
		}
	}
	return list
}

// Shown are the first n of those, but what is decided before what is not, and of each verdict one before another of the
// same, so that what speaks against a claim is not behind what speaks for it.
func (c Claim) Shown(n int) []Test {
	tested := c.Tested()
	seen := map[bench.Verdict]int{}
	nth := make(map[string]int, len(tested)) // which of its verdict a comparison is, by label
	for _, t := range tested {
		nth[t.Label] = seen[t.Verdict]
		if t.Verdict == bench.Inconclusive {
			nth[t.Label] += len(tested)
		}
		seen[t.Verdict]++
	}
	slices.SortStableFunc(tested, func(a, b Test) int { return nth[a.Label] - nth[b.Label] })
	return tested[:min(n, len(tested))]
}

// Skip is how many comparisons were not made for a reason.
type Skip struct {
	Tests int
	Why   string
}

// Skipped are the comparisons that were not made, by reason.
func (c Claim) Skipped() (list []Skip) {
	count := map[string]int{}
	for _, t := range c.Tests {
		if t.Verdict == bench.NotTested {
			count[t.Why]++
		}
	}
	for _, why := range slices.Sorted(maps.Keys(count)) {
		list = append(list, Skip{count[why], why})
	}
	return list
}

// Test is one comparison in words and numbers.
type Test struct {
	bench.Comparison
	Label    string `json:"label"`    // what is compared, of what
	Sign     string `json:"sign"`     // of the verdict
	Estimate string `json:"estimate"` // ratio or value with its interval
	OfText   string `json:"of_text"`  // medians with units
	ToText   string `json:"to_text"`
	Expected string `json:"expected"` // what the claim would have
	Beside   string `json:"beside"`   // what methods that assume less say
	ByRound  []Pair `json:"by_round,omitempty"`
}

// Pair is one round of a comparison, with its numbers in words.
type Pair struct {
	bench.PairedRound
	OfText string `json:"of_text"`
	ToText string `json:"to_text"`
	Ratio  string `json:"ratio"`
}

// Ratio is a row of the forest plot.
type Ratio struct {
	Claim   string        `json:"claim"`
	Label   string        `json:"label"`
	Ratio   float64       `json:"ratio"`
	Low     *float64      `json:"low,omitempty"` // absent where the interval is open to that side
	High    *float64      `json:"high,omitempty"`
	Margin  float64       `json:"margin"` // ratio above 1
	Verdict bench.Verdict `json:"verdict"`
	Sign    string        `json:"sign"`
	Expect  string        `json:"expect"`
}

// Check is a figure of the validity strip.
type Check struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	State string `json:"state"` // "ok", "warn" or "bad"
	Why   string `json:"why"`
}

// Fact is a name with a value.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Scenario is a section of its own.
type Scenario struct {
	Name    string     `json:"name"`
	Why     string     `json:"why"`
	Request string     `json:"request"`
	Head    string     `json:"head"` // what the rows of the table are: servers or metrics, whichever are more
	Columns []string   `json:"columns,omitempty"`
	Rows    []Row      `json:"rows,omitempty"`
	Figures []Figure   `json:"figures,omitempty"`
	Loads   []Load     `json:"loads,omitempty"`
	Spectra []Spectrum `json:"spectra,omitempty"`
	Scaling []Curve    `json:"scaling,omitempty"`
}

// Figure is a metric of an arm, with its number in every valid trial.
type Figure struct {
	Arm    string   `json:"arm"` // with its level
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"`
	Better string   `json:"better,omitempty"` // higher or lower; empty where it depends on what one wants
	Column string   `json:"column"`
	Median float64  `json:"median"`
	Values []Sample `json:"values"`
}

// Sample is the number of one trial.
type Sample struct {
	Trial   int     `json:"trial"`
	Value   float64 `json:"value"`
	AtLeast bool    `json:"at_least,omitempty"` // something else than the server was at its limit: a lower bound
}

// Load is the response or delivery time of servers against the rate that was offered, over all
// launches: a point each probe of the search for a capacity, and each phase at a rate.
type Load struct {
	Title    string    `json:"title"`
	Quantile float64   `json:"quantile"` // the highest that three quarters of the rates have 100 samples beyond
	Left     int       `json:"left_out"` // rates that have fewer
	Arms     []LoadArm `json:"arms,omitempty"`
	// Table holds the median over points of that percentile, by the rate as a share of the capacity.
	Columns []string `json:"columns,omitempty"`
	Rows    []Row    `json:"rows,omitempty"`
}

// LoadArm is one server under load.
type LoadArm struct {
	Arm      string      `json:"arm"`
	Capacity float64     `json:"capacity,omitempty"` // 1/s, median over launches; 0 where none is known
	AtLeast  bool        `json:"at_least,omitempty"` // in half of the launches or more it is a lower bound: there is no knee to be seen
	Points   []LoadPoint `json:"points,omitempty"`

	text string // of the capacity
}

// LoadPoint is one rate that was tried.
type LoadPoint struct {
	Trial int     `json:"trial"`
	Rate  float64 `json:"rate"`  // 1/s
	Value float64 `json:"value"` // s
	Held  bool    `json:"held"`  // within the SLO
}

// Curve is a server's throughput against how many share the work: medians over
// rounds, and how near they are to as many times the first.
type Curve struct {
	Target     string   `json:"target"`
	Of         string   `json:"of"` // what the columns count
	Columns    []string `json:"columns,omitempty"`
	Throughput []string `json:"throughput,omitempty"`
	Efficiency []string `json:"efficiency,omitempty"`
	Memory     []string `json:"memory,omitempty"`
	Fit        string   `json:"fit"` // of the scalability law, or why there is none

	points []bench.ScalingPoint
	law    *bench.USL
}

// Row is a row of a table, mostly an arm with its median over rounds of each column.
type Row struct {
	Name  string   `json:"name"`
	Cells []string `json:"cells,omitempty"`
}

// Spectrum holds the percentiles of response time at one rate, a line a trial.
type Spectrum struct {
	Title string `json:"title"` // of what, at which level and rate
	Lines []Line `json:"lines,omitempty"`
	// Table holds the median over trials of each percentile, a row an arm.
	Columns []string `json:"columns,omitempty"`
	Rows    []Row    `json:"rows,omitempty"`
}

// Line is one trial.
type Line struct {
	Arm    string        `json:"arm"`
	Round  int           `json:"round"`
	Points []bench.Point `json:"points,omitempty"`
}

// Trial is a row of the list of trials.
type Trial struct {
	N      int    `json:"n"`
	Round  int    `json:"round"`
	Arm    string `json:"arm"`
	State  string `json:"state"` // "valid" or the reason why it is not
	Valid  bool   `json:"valid"`
	Ready  string `json:"ready"`
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
	Folder string `json:"folder"` // in the run directory
}

// Build makes the document of a judged run.
func Build(r *record.Run, v *bench.Verdicts, summaries []bench.Summary) (*Document, error) {
	hashes, err := record.Sums(r.Dir)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(hashes, func(name, _ string) bool { return strings.HasPrefix(name, record.TrialsFolder+"/") })
	g := r.Plan.Guide
	counts := count(v)
	d := &Document{
		Schema: DocumentSchema, Generator: buildinfo.Read().Version, RunID: r.Environment.Time.UTC().Format("20060102-150405-") + r.Plan.Profile.Name, PlanHash: v.PlanHash, Hashes: hashes,
		Date: r.Environment.Time.Format(time.DateOnly), Evidence: r.Plan.Profile.Evidence, Void: v.Void,
		Headline: headline(counts, len(v.Claims), hardware(r.Environment)), Counts: counts, Scope: scope(r),
		Guide:    Source{g.Title, g.Author, g.Publisher, g.Published},
		Validity: validity(r, v, summaries), NotShown: notShown(r, v),
		FailOn: []bench.Verdict{bench.Contradicted},
		Method: method(r), Environment: facts(r.Environment, r.Plan), Rerun: rerun(r),
	}
	for _, claim := range v.Claims {
		c := Claim{ID: claim.ID, Quotes: claim.Quotes, Verdict: claim.Verdict, Sign: claim.Verdict.Sign(), Why: claim.Why, Untested: claim.Untested, Tests: []Test{}}
		for _, t := range claim.Tests {
			c.Tests = append(c.Tests, newTest(t))
			if t.Ratio != nil {
				d.Forest = append(d.Forest, Ratio{claim.ID, label(t), *t.Ratio, t.Low, t.High, t.Margin, t.Verdict, t.Verdict.Sign(), t.Expect})
			}
		}
		d.Claims = append(d.Claims, c)
	}
	for _, t := range v.Twins {
		d.Twins = append(d.Twins, newTest(t))
	}
	for _, s := range r.Plan.Scenarios {
		d.Scenarios = append(d.Scenarios, newScenario(s, r, v, summaries))
	}
	for _, t := range r.Results {
		d.Trials = append(d.Trials, newTrial(t))
	}
	d.Left = slices.Concat(leftOut(r.Excluded()), leftOut(r.Missing()))
	for _, scenario := range slices.Sorted(maps.Keys(r.Plan.Skipped)) {
		d.Left = append(d.Left, scenario+": "+r.Plan.Skipped[scenario])
	}
	for _, why := range v.Void {
		d.Alerts = append(d.Alerts, "This run is void as evidence: "+why+".")
	}
	tidy(reflect.ValueOf(d))
	return d, nil
}

// leftOut lists the cells with the reasons why they were left out, sorted.
func leftOut(cells map[bench.Cell]string) (list []string) {
	for cell, why := range cells {
		list = append(list, cell.String()+": "+why)
	}
	slices.Sort(list)
	return list
}

// longestText is the most that a report says in one go, in characters.
const longestText = 600

// tidy shortens every text under v, and takes what could drive a terminal out of it: servers have their
// say in many of them.
func tidy(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			tidy(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				tidy(v.Field(i))
			}
		}
	case reflect.Slice: // of which the judge may hold the same
		if v.Len() > 0 {
			v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
		}
		for i := range v.Len() {
			tidy(v.Index(i))
		}
	case reflect.String:
		s := v.String()
		if whole := len(s); whole > longestText {
			s = fmt.Sprintf("%s … (of %d bytes)", strings.ToValidUTF8(s[:longestText], ""), whole)
		}
		v.SetString(text.Plain(s))
	}
}

// count counts the claims by verdict, in the order of bench.VerdictNames.
func count(v *bench.Verdicts) (counts []Count) {
	for _, name := range bench.VerdictNames {
		c := Count{Verdict: bench.Verdict(name), Sign: bench.Verdict(name).Sign()}
		for _, claim := range v.Claims {
			if claim.Verdict == c.Verdict {
				c.Claims++
			}
		}
		if c.Claims > 0 {
			counts = append(counts, c)
		}
	}
	return counts
}

// headline is the one sentence of the report.
func headline(counts []Count, claims int, hardware string) string {
	var parts []string
	for _, c := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", c.Claims, c.Verdict))
	}
	return fmt.Sprintf("Of %d claims: %s, on %s.", claims, strings.Join(parts, ", "), hardware)
}

func hardware(e bench.Environment) string {
	return fmt.Sprintf("%s with %d CPUs", cmpOr(e.CPU, e.Arch), e.CPUs)
}

func scope(r *record.Run) string {
	e := r.Environment
	how := "as plain processes"
	if r.Plan.Runner == "docker" {
		how = "in Docker containers"
	}
	text := fmt.Sprintf("On this one machine (%s), with servers %s, on %s.", cmpOr(e.OS, "unknown system"), how, e.Time.Format("2 January 2006"))
	if !r.Plan.Profile.Evidence {
		text += fmt.Sprintf(" Profile %s is a first look, not evidence.", r.Plan.Profile.Name)
	}
	return text
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func newTrial(t bench.TrialResult) Trial {
	out := Trial{N: t.Trial.N, Round: t.Trial.Round, Arm: t.Trial.Arm(), Valid: t.Valid, State: "valid", Ready: text.Quantity(t.Ready.Seconds(), "s"),
		Folder: record.TrialsFolder + "/" + t.Trial.Folder()}
	if !t.Valid {
		out.State = t.Reason
	} else if t.Reason != "" {
		out.State = "valid in part: " + t.Reason
	}
	var cpu time.Duration
	var memory int64
	for _, p := range t.Phases {
		cpu += p.CPU
		memory = max(memory, p.Memory)
	}
	out.CPU, out.Memory = text.Quantity(cpu.Seconds(), "s"), text.Quantity(float64(memory), "B")
	return out
}
