package compare

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/claimbench/claimbench/internal/inference"
	"github.com/claimbench/claimbench/internal/metric"
	"github.com/claimbench/claimbench/internal/record"
)

// Night is one run in a history: a line of JSON in its file.
type Night struct {
	Schema   int              `json:"schema"`
	Time     time.Time        `json:"time"`
	PlanHash string           `json:"plan_hash"`
	Journal  string           `json:"journal"` // SHA-256 of it: two runs of one plan are two nights
	Class    string           `json:"class"`
	Bench    string           `json:"bench"` // version of this program
	Void     []string         `json:"void,omitempty"`
	Capacity float64          `json:"generator_capacity,omitempty"` // 1/s
	Values   map[string]Value `json:"values"`                       // by name: arm, level, metric and offered load
}

// Value is one number of a night.
type Value struct {
	Metric string  `json:"metric"`
	Log    float64 `json:"log"`  // mean over rounds of its natural logarithm
	Work   string  `json:"work"` // a digest of how it was taken: others are not comparable
}

const nightSchema = 1

// Add appends a judged run to the history in the file, which it makes where there is none. It
// refuses a run that is there already.
func Add(file string, r Run) error {
	nights, err := Read(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sums, err := record.Sums(r.Dir)
	if err != nil {
		return err
	}
	night := Night{Schema: nightSchema, Time: r.Environment.Time, PlanHash: r.PlanHash, Journal: sums[record.JournalFile], Class: Class(r.Run),
		Bench: r.Environment.Bench, Capacity: capacity(r.Run), Values: map[string]Value{}}
	if why := r.void(); why != "" {
		night.Void = []string{why}
	}
	if slices.ContainsFunc(nights, func(n Night) bool { return n.Journal == night.Journal && n.PlanHash == night.PlanHash }) {
		return fmt.Errorf("%s is in %s already", r.Dir, file)
	}
	for k, n := range values(r) {
		if n.open || 5*n.unsteady > len(n.logs) { // nothing is decided by such numbers
			continue
		}
		night.Values[k.String()] = Value{k.metric, stat.Mean(n.logs, nil), digest(work(r.Run, n.scenario))}
	}
	if len(night.Values) == 0 {
		return fmt.Errorf("%s has no number to keep", r.Dir)
	}
	line, err := json.Marshal(night)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return errors.Join(err, out.Close())
}

// Read reads a history, in the order of time.
func Read(file string) ([]Night, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var nights []Night
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<24)
	for n := 1; lines.Scan(); n++ {
		var night Night
		if err := json.Unmarshal(lines.Bytes(), &night); err != nil {
			return nil, fmt.Errorf("%s:%d: no line of a history: %w", file, n, err)
		}
		if night.Schema > nightSchema {
			return nil, fmt.Errorf("%s:%d: written by a newer bench (schema %d; this one knows %d)", file, n, night.Schema, nightSchema)
		}
		nights = append(nights, night)
	}
	slices.SortStableFunc(nights, func(a, b Night) int { return a.Time.Compare(b.Time) })
	return nights, lines.Err()
}

// Series is one number over the nights.
type Series struct {
	Name   string      `json:"name"`
	Metric string      `json:"metric"`
	Unit   string      `json:"unit"`
	Times  []time.Time `json:"times"`
	Values []float64   `json:"values"`           // in Unit
	Breaks []time.Time `json:"breaks,omitempty"` // first nights of further segments
	// Ratio is of the nights after the baseline to the baseline; Low and High bound it, at every
	// night at once.
	Ratio *float64 `json:"ratio,omitempty"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	Word  string   `json:"word"`
	Why   string   `json:"why,omitempty"`
}

// Trend is the history of the machine class of its last night.
type Trend struct {
	Class    string   `json:"class"`
	Nights   int      `json:"nights"`
	Baseline int      `json:"baseline"` // nights
	Series   []Series `json:"series"`
	Warnings []string `json:"warnings"`
}

// Change points are looked for by PELT with the cost of normal mean and variance, in segments of five
// nights or more, at a penalty of 6 ln n: TestAlarmsOfFollow shows that noise alone hardly ever has
// one, and that steps of three standard deviations are found. A scatter of less than a hundredth counts
// as one of that.
const (
	leastSegment = 5
	penaltyFold  = 6
	floor        = .01
)

// Follow tells what became of each number of the history's last machine class. The mean of the first
// nights is the baseline, bounded by Student's interval; that of the nights after it is bounded by a
// confidence sequence, so that it may be looked at every night. Both bounds spend half of an equal part
// of 5% each [Bonferroni], and a number has changed when their difference lies beyond its margin.
func Follow(nights []Night, baseline int) (*Trend, error) {
	if len(nights) == 0 {
		return nil, errors.New("the history is empty")
	}
	last := nights[len(nights)-1]
	t := &Trend{Class: last.Class, Baseline: baseline, Warnings: []string{}}
	var void, others int
	var kept []Night
	for _, n := range nights {
		switch {
		case n.Class != last.Class:
			others++
		case len(n.Void) > 0:
			void++
		default:
			kept = append(kept, n)
		}
	}
	kept, moved := steady(kept, baseline)
	t.Nights = len(kept)
	if others > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%d nights of other machine classes are left out", others))
	}
	if void > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%d nights that are void as evidence are left out", void))
	}
	if moved > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%d nights are left out on which the machine itself was another: the load generator's own capacity was more than %.0f%% off the baseline's", moved, 100*(drift-1)))
	}
	if len(kept) == 0 {
		return t, nil
	}
	last = kept[len(kept)-1]
	names := slices.Sorted(maps.Keys(last.Values))
	family := 0 // the most figures of any night, so that fewer later make none of them easier to call changed
	for _, n := range kept {
		family = max(family, len(n.Values))
	}
	for _, name := range names {
		is := last.Values[name]
		s := Series{Name: name, Metric: is.Metric, Unit: metric.Find(is.Metric).Unit}
		var logs []float64
		for _, n := range kept {
			if x, ok := n.Values[name]; ok && x.Work == is.Work {
				s.Times, s.Values, logs = append(s.Times, n.Time), append(s.Values, math.Exp(x.Log)), append(logs, x.Log)
			}
		}
		for _, begin := range inference.Segments(logs, penaltyFold*math.Log(float64(len(logs))), leastSegment, floor)[1:] {
			s.Breaks = append(s.Breaks, s.Times[begin])
		}
		s.judge(logs, baseline, inference.Alpha/float64(family))
		t.Series = append(t.Series, s)
	}
	return t, nil
}

// steady are the nights on which the load generator's own capacity was about that of the baseline,
// and how many others there are.
func steady(nights []Night, baseline int) (kept []Night, moved int) {
	var capacities []float64
	for _, n := range nights[:min(baseline, len(nights))] {
		if n.Capacity > 0 {
			capacities = append(capacities, n.Capacity)
		}
	}
	usual := inference.Median(capacities)
	for _, n := range nights {
		if n.Capacity > 0 && math.Abs(math.Log(n.Capacity/usual)) > math.Log(drift) {
			moved++
			continue
		}
		kept = append(kept, n)
	}
	return kept, moved
}

// judge holds the nights after the baseline against it, at the level alpha.
func (s *Series) judge(logs []float64, baseline int, alpha float64) {
	s.Word = Inconclusive
	if len(logs) < baseline+2 {
		s.Why = fmt.Sprintf("%d nights; the baseline takes %d, and there must be two more", len(logs), baseline)
		return
	}
	before, after := inference.TInterval(logs[:baseline], alpha/2), inference.Sequence(logs[baseline:], alpha/2)
	low, high := after.Low-before.High, after.High-before.Low
	s.Ratio, s.Low, s.High = exp(after.Mean-before.Mean), exp(low), exp(high)
	if math.IsInf(low, -1) {
		s.Low = nil
	}
	m := metric.Find(s.Metric)
	s.Word = word(m, inference.Decide(inference.Interval{Low: low, High: high}, math.Log(m.Margin)))
}

// digest is the SHA-256 of a text, in hex, cut short.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
