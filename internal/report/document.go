// Package report turns a judged run into one Document, which every renderer —
// terminal, HTML, Markdown, JSON — takes as it is: a renderer formats and
// computes nothing.
package report

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Document is everything a report says.
type Document struct {
	Schema      int               `json:"schema"` // version of this type
	RunID       string            `json:"run_id"`
	Headline    string            `json:"headline"`
	Scope       string            `json:"scope"` // what the headline holds for
	Guide       Source            `json:"guide"`
	Claims      []Claim           `json:"claims"`
	Forest      []Ratio           `json:"forest"`
	Validity    []Check           `json:"validity"`
	Twins       []Test            `json:"a_a,omitempty"` // the same server under two names
	NotShown    []string          `json:"not_shown"`
	Scenarios   []Scenario        `json:"scenarios"`
	Method      []string          `json:"method"`
	Environment []Fact            `json:"environment"`
	Trials      []Trial           `json:"trials"`
	Left        []string          `json:"left_out"` // cells and scenarios, with the reason
	Rerun       string            `json:"rerun"`
	PlanHash    string            `json:"plan_hash"`
	Hashes      map[string]string `json:"hashes"`
}

// DocumentSchema is the current version of Document.
const DocumentSchema = 2

// Source is the guide on trial.
type Source struct {
	Title     string `json:"title"`
	Author    string `json:"author"`
	Publisher string `json:"publisher,omitempty"`
	Published string `json:"published"`
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
	Columns []string   `json:"columns"`
	Rows    []Row      `json:"rows"`
	Spectra []Spectrum `json:"spectra"`
	Scaling []Curve    `json:"scaling,omitempty"`
}

// Curve is a server's throughput against how many share the work: medians over
// rounds, and how near they are to as many times the first.
type Curve struct {
	Target     string   `json:"target"`
	Of         string   `json:"of"` // what the columns count
	Columns    []string `json:"columns"`
	Throughput []string `json:"throughput"`
	Efficiency []string `json:"efficiency"`
	Memory     []string `json:"memory"`
	Fit        string   `json:"fit"` // of the scalability law, or why there is none

	points []bench.ScalingPoint
	law    *bench.USL
}

// Row is an arm with its median over rounds of each column.
type Row struct {
	Arm   string   `json:"arm"`
	Cells []string `json:"cells"`
}

// Spectrum holds the percentiles of response time at one rate, a line a trial.
type Spectrum struct {
	Title string `json:"title"` // of what, at which level and rate
	Lines []Line `json:"lines"`
	// Table holds the median over trials of each percentile, a row an arm.
	Columns []string `json:"columns"`
	Rows    []Row    `json:"rows"`
}

// Line is one trial.
type Line struct {
	Arm    string        `json:"arm"`
	Round  int           `json:"round"`
	Points []bench.Point `json:"points"`
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
	Folder string `json:"folder"`
}

// signs stand beside the words, so that a verdict is not told by colour alone.
var signs = map[bench.Verdict]string{
	bench.Supported: "✓", bench.Contradicted: "✗", bench.PracticallyEqual: "=",
	bench.Depends: "±", bench.Inconclusive: "?", bench.NotTested: "–",
}

// Build makes the document of a judged run.
func Build(r *record.Run, v *bench.Verdicts, summaries []bench.Summary) (*Document, error) {
	hashes, err := record.Sums(r.Dir)
	if err != nil {
		return nil, err
	}
	g := r.Plan.Guide
	d := &Document{
		Schema: DocumentSchema, RunID: filepath.Base(absolute(r.Dir)), PlanHash: v.PlanHash, Hashes: hashes,
		Headline: headline(v), Scope: scope(r),
		Guide:    Source{g.Title, g.Author, g.Publisher, g.Published},
		Validity: validity(r, v, summaries), NotShown: notShown(r, v),
		Method: method(r), Environment: facts(r.Environment, r.Plan), Rerun: rerun(r),
	}
	for _, claim := range v.Claims {
		c := Claim{ID: claim.ID, Quotes: claim.Quotes, Verdict: claim.Verdict, Sign: signs[claim.Verdict], Why: claim.Why, Untested: claim.Untested, Tests: []Test{}}
		for _, t := range claim.Tests {
			c.Tests = append(c.Tests, newTest(t))
			if t.Ratio != nil {
				d.Forest = append(d.Forest, Ratio{claim.ID, label(t), *t.Ratio, t.Low, t.High, t.Margin, t.Verdict, signs[t.Verdict], t.Expect})
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
	for _, left := range []map[string]string{r.Excluded(), r.Missing(), r.Plan.Skipped} {
		for _, cell := range slices.Sorted(maps.Keys(left)) {
			d.Left = append(d.Left, cell+": "+left[cell])
		}
	}
	return d, nil
}

func absolute(dir string) string {
	if a, err := filepath.Abs(dir); err == nil {
		return a
	}
	return dir
}

// headline is the one sentence of the report.
func headline(v *bench.Verdicts) string {
	count := map[bench.Verdict]int{}
	for _, c := range v.Claims {
		count[c.Verdict]++
	}
	var parts []string
	for _, name := range bench.VerdictNames {
		if n := count[bench.Verdict(name)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	return fmt.Sprintf("Of %d claims: %s.", len(v.Claims), strings.Join(parts, ", "))
}

func scope(r *record.Run) string {
	e := r.Environment
	how := "as plain processes"
	if r.Plan.Runner == "docker" {
		how = "in Docker containers"
	}
	text := fmt.Sprintf("On this machine (%s, %d CPUs, %s), with servers %s, on %s.",
		cmpOr(e.CPU, e.Arch), e.CPUs, cmpOr(e.OS, "unknown system"), how, e.Time.Format("2 January 2006"))
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

func newTest(t bench.Comparison) Test {
	out := Test{Comparison: t, Label: label(t), Sign: signs[t.Verdict]}
	switch {
	case t.Ratio != nil:
		out.Estimate = number(*t.Ratio) + "×" + interval(t.Low, t.High, number)
		if bench.Metrics[t.Metric].Exact {
			out.Estimate = number(*t.Ratio) + "×, counted"
		}
	case t.Value != nil:
		in := func(x float64) string { return Quantity(x, t.Unit) }
		out.Estimate = in(*t.Value) + interval(t.Low, t.High, in)
	}
	out.Beside = beside(t)
	if t.OfMedian != nil {
		out.OfText = Quantity(*t.OfMedian, t.Unit)
	}
	if t.ToMedian != nil {
		out.ToText = Quantity(*t.ToMedian, t.Unit)
	}
	switch t.BoundIs {
	case "at_most":
		out.Expected = "at most " + Quantity(t.Bound, t.Unit)
	case "at_least":
		out.Expected = "at least " + Quantity(t.Bound, t.Unit)
	default:
		out.Expected = fmt.Sprintf("%s, by more than %s×", t.Expect, number(t.Margin))
	}
	return out
}

// beside is what methods say that assume less than the interval does.
func beside(t bench.Comparison) string {
	h := t.HodgesLehmann
	if h == nil {
		return ""
	}
	format := func(x float64) string { return Quantity(x, t.Unit) }
	unit := ""
	if t.Ratio != nil {
		format, unit = number, "×"
	}
	text := "Hodges-Lehmann " + format(h.Value) + unit + interval(h.Low, h.High, format)
	if t.P != nil {
		text += fmt.Sprintf("; p %s", probability(*t.P))
	}
	if t.SignFlip != nil {
		text += fmt.Sprintf(", by sign-flips %s", probability(*t.SignFlip))
	}
	return text
}

// probability has two significant digits.
func probability(p float64) string {
	if p < .0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("%.2g", p)
}

// interval is what stands behind an estimate; a side that is nil is open.
func interval(low, high *float64, format func(float64) string) string {
	switch {
	case low != nil && high != nil:
		return fmt.Sprintf(" (%s to %s)", format(*low), format(*high))
	case low != nil:
		return fmt.Sprintf(" (%s or more)", format(*low))
	case high != nil:
		return fmt.Sprintf(" (%s or less)", format(*high))
	}
	return " (not bounded)"
}

// label says what a comparison compares.
func label(t bench.Comparison) string {
	text := fmt.Sprintf("%s, %s", bench.CellName(t.Scenario, t.Level), t.Metric)
	if len(t.Variant) > 0 && t.Base != nil && len(t.Base.Variant) > 0 {
		text += " with " + t.Variant.String()
	}
	if at := t.Offered.String(); at != "" {
		text += " at " + at
	}
	if t.Base != nil {
		text += ", relative to " + base(*t.Base)
	}
	if t.To == "" {
		return text + ": " + t.Of
	}
	return fmt.Sprintf("%s: %s / %s", text, t.Of, t.To)
}

// base says what a number is relative to.
func base(b bench.Base) string {
	var parts []string
	if b.Quickstart {
		parts = append(parts, "its quick start")
	}
	for _, part := range []string{b.Target, b.Variant.String(), b.Level} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// columns of a scenario's table: each metric, at each rate where it is taken at one.
type column struct {
	metric bench.Metric
	at     bench.Offered
}

// row is an arm at a level.
type row struct{ arm, level string }

// shown are the metrics of a scenario's table, in this order.
var shown = []string{"capacity", "throughput", "cores_used", "cpu_seconds_per_1k", "memory_bytes",
	"p50", "p90", "p99", "delivery_p50", "delivery_p90", "delivery_p99", "cpu_seconds_per_1k_at_rate", "memory_bytes_at_rate",
	"cold_start", "idle_memory_bytes", "image_bytes"}

func newScenario(s bench.Scenario, r *record.Run, v *bench.Verdicts, summaries []bench.Summary) Scenario {
	out := Scenario{Name: s.Name, Why: s.Why, Request: request(s)}
	mine := slices.DeleteFunc(slices.Clone(summaries), func(x bench.Summary) bool { return x.Trial.Scenario != s.Name })
	var columns []column
	for _, name := range shown {
		m := bench.Metrics[name]
		offers := []bench.Offered{{}}
		if m.AtRate {
			offers = r.Plan.Profile.Offers(s)
		}
		for _, at := range offers {
			c := column{m, at}
			if !slices.ContainsFunc(mine, func(x bench.Summary) bool {
				return slices.ContainsFunc(x.Values, func(v bench.Value) bool { return v.Metric == m.Name && v.Offered == at })
			}) {
				continue
			}
			columns = append(columns, c)
			title := m.Name
			if text := at.String(); text != "" {
				title = strings.TrimSuffix(title, "_at_rate") + " at " + text
			}
			out.Columns = append(out.Columns, title)
		}
	}
	for _, at := range rows(r.Plan, s) {
		line := Row{Arm: bench.CellName(short(at.arm, s), at.level)}
		for _, c := range columns {
			line.Cells = append(line.Cells, Quantity(medianOf(mine, at, c), c.metric.Unit))
		}
		out.Rows = append(out.Rows, line)
	}
	for _, measure := range []string{bench.MeasureLatency, bench.MeasureDelivery} {
		if !s.Measures(measure) {
			continue
		}
		for _, l := range s.AllLevels() {
			for _, at := range r.Plan.Profile.Offers(s) {
				spectrum := newSpectrum(bench.PhaseName(l.Name, measure, at), s, arms(r.Plan, s.Name), mine)
				spectrum.Title = spectrumTitle(measure, l.Name, at)
				out.Spectra = append(out.Spectra, spectrum)
			}
		}
	}
	for _, curve := range v.Scaling {
		if curve.Scenario == s.Name {
			out.Scaling = append(out.Scaling, newCurve(curve))
		}
	}
	return out
}

func spectrumTitle(measure, level string, at bench.Offered) string {
	title := "Response time"
	if measure == bench.MeasureDelivery {
		title = "Time of delivery"
	}
	if level != "" {
		title += ", " + level
	}
	return title + " at " + at.String()
}

// request is what the scenario asks of servers.
func request(s bench.Scenario) string {
	text := fmt.Sprintf("%s %s", s.Workload.Method, s.Workload.Path)
	switch s.Workload.Driver {
	case bench.DriverRoom, bench.DriverDashboard:
		text = fmt.Sprintf("%s: each message to %d members", s.Workload.Path, s.Workload.Members)
	case bench.DriverTokens:
		text = fmt.Sprintf("%s: streams of %d events, one each %v", s.Workload.Path, s.Workload.Expect.Events, s.Workload.Expect.Every)
	}
	for _, l := range s.Levels {
		if l.Path != "" {
			text += fmt.Sprintf("; %s: %s", l.Name, l.Path)
		}
	}
	return text
}

func newCurve(c bench.Scaling) Curve {
	out := Curve{Target: c.Target, Of: c.Of, Fit: c.Why, points: c.Points, law: c.Fit}
	if f := c.Fit; f != nil {
		out.Fit = fmt.Sprintf("contention %s, coherency %s, one brings %s", number(f.Alpha), number(f.Beta), Quantity(f.Gamma, "1/s"))
		if f.Peak != nil {
			out.Fit += fmt.Sprintf(", peak at %s", number(*f.Peak))
			if last := c.Points[len(c.Points)-1].N; *f.Peak > 1.5*last {
				out.Fit = strings.TrimSuffix(out.Fit, number(*f.Peak)) + "more than 1.5 times what was measured"
			}
		}
		if low, high := c.Low, c.High; low != nil && high != nil {
			out.Fit += fmt.Sprintf("; at 95%%, over resampled rounds: contention %s to %s, coherency %s to %s, peak %s",
				number(low.Alpha), number(high.Alpha), number(low.Beta), number(high.Beta), peaks(low.Peak, high.Peak, 1.5*c.Points[len(c.Points)-1].N))
		}
		if c.Why != "" {
			out.Fit += "; " + c.Why
		}
	}
	first := c.Points[0]
	for _, p := range c.Points {
		out.Columns = append(out.Columns, number(p.N))
		throughput := Quantity(p.Throughput, "1/s")
		if p.AtLeast {
			throughput += " or more"
		}
		out.Throughput = append(out.Throughput, throughput)
		out.Memory = append(out.Memory, Quantity(p.Memory, "B"))
		out.Efficiency = append(out.Efficiency, number(p.Throughput/first.Throughput*first.N/p.N))
	}
	return out
}

// peaks are the bounds of a peak; one that is absent is infinite. Nothing is said of what is beyond most.
func peaks(low, high *float64, most float64) string {
	switch {
	case low == nil || *low > most:
		return "none up to " + number(most)
	case high == nil || *high > most:
		return "at " + number(*low) + " or more"
	}
	return "at " + number(*low) + " to " + number(*high)
}

// rows of a scenario's table: each arm at each level.
func rows(p bench.Plan, s bench.Scenario) (list []row) {
	for _, arm := range arms(p, s.Name) {
		for _, l := range s.AllLevels() {
			list = append(list, row{arm, l.Name})
		}
	}
	return list
}

// arms of a scenario in the plan, by name.
func arms(p bench.Plan, scenario string) []string {
	var names []string
	for _, t := range p.Trials {
		if t.Scenario == scenario {
			names = append(names, t.Arm())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// short is an arm's name in its scenario's own section: without the scenario, and
// without the variant where there is but one.
func short(arm string, s bench.Scenario) string {
	name := strings.TrimPrefix(arm, s.Name+"/")
	if len(s.Variants) == 1 {
		name, _, _ = strings.Cut(name, "[")
	}
	return name
}

func medianOf(summaries []bench.Summary, at row, c column) float64 {
	var values []float64
	for _, s := range summaries {
		if v, ok := s.Value(c.metric.Name, at.level, c.at); ok && s.Trial.Arm() == at.arm {
			values = append(values, v)
		}
	}
	return bench.Median(values)
}

// tabled are the percentiles in a spectrum's table.
var tabled = []float64{.5, .75, .9, .95, .99, .999}

func newSpectrum(phase string, of bench.Scenario, arms []string, summaries []bench.Summary) Spectrum {
	var out Spectrum
	points := map[string]map[float64][]float64{} // arm, q, seconds
	seen := map[float64]int{}                    // in how many trials
	for _, s := range summaries {
		p, ok := s.Phase(phase)
		if !ok || len(p.Spectrum) == 0 {
			continue
		}
		arm := s.Trial.Arm()
		out.Lines = append(out.Lines, Line{Arm: short(arm, of), Round: s.Trial.Round, Points: p.Spectrum})
		if points[arm] == nil {
			points[arm] = map[float64][]float64{}
		}
		for _, point := range p.Spectrum {
			points[arm][point.Q] = append(points[arm][point.Q], point.Value.Seconds())
			seen[point.Q]++
		}
	}
	slices.SortStableFunc(out.Lines, func(a, b Line) int {
		if c := strings.Compare(a.Arm, b.Arm); c != 0 {
			return c
		}
		return a.Round - b.Round
	})
	whole := func(q float64) bool { return seen[q] > 0 && seen[q] == len(out.Lines) } // a median of some trials would mislead
	for _, q := range tabled {
		if whole(q) {
			out.Columns = append(out.Columns, fmt.Sprintf("p%g", q*100))
		}
	}
	for _, arm := range arms {
		row := Row{Arm: short(arm, of)}
		for _, q := range tabled {
			if whole(q) {
				row.Cells = append(row.Cells, Quantity(bench.Median(points[arm][q]), "s"))
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func newTrial(t bench.TrialResult) Trial {
	out := Trial{N: t.Trial.N, Round: t.Trial.Round, Arm: t.Trial.Arm(), Valid: t.Valid, State: "valid", Ready: Quantity(t.Ready.Seconds(), "s"),
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
	out.CPU, out.Memory = Quantity(cpu.Seconds(), "s"), Quantity(float64(memory), "B")
	return out
}

// number has three significant digits.
func number(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "–"
	case a >= 1000:
		return group(fmt.Sprintf("%.0f", x))
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
	default:
		return fmt.Sprintf("%.3g", x)
	}
}

// group puts a thin comma between thousands.
func group(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Quantity is a number with its unit in a size that reads well.
func Quantity(x float64, unit string) string {
	if math.IsNaN(x) {
		return "–"
	}
	switch unit {
	case "s":
		switch {
		case x < .001:
			return number(x*1e6) + " µs"
		case x < 1:
			return number(x*1e3) + " ms"
		}
		return number(x) + " s"
	case "B":
		return number(x/(1<<20)) + " MiB"
	case "1/s":
		return number(x) + "/s"
	}
	return strings.TrimSpace(number(x) + " " + unit)
}
