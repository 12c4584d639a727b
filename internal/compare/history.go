package compare

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/record"
)

// Night is one run in a history: one line of JSON in its file.
type Night struct {
	Schema   int              `json:"schema"`
	Time     time.Time        `json:"time"`
	PlanHash string           `json:"plan_hash"`
	Journal  string           `json:"journal"` // SHA-256 of the journal: two runs of one plan are two nights
	Class    string           `json:"class"`   // see Class.String
	Bench    string           `json:"bench"`   // version of this program
	Void     []string         `json:"void,omitempty"`
	Capacity float64          `json:"generator_capacity,omitempty"` // of the load generator, in requests per second
	Values   map[string]Value `json:"values"`                       // by name: arm, level, metric and offered load
}

// Value is one number of a night.
type Value struct {
	Metric string  `json:"metric"`
	Log    float64 `json:"log"`  // mean of its natural logarithm over rounds
	Work   string  `json:"work"` // digest of the work: numbers with another digest are not comparable
	// Arm, Level and Offered are the other parts of the number's name. Nights of older versions lack them.
	Arm     string        `json:"arm,omitempty"`
	Level   string        `json:"level,omitempty"`
	Offered bench.Offered `json:"offered,omitzero"`
}

// title returns the number's name for people; empty if the night lacks the parts of the name.
func (v Value) title() string {
	if v.Arm == "" {
		return ""
	}
	return figureID{
		cell:    bench.Cell{Arm: v.Arm, Level: v.Level},
		metric:  v.Metric,
		offered: v.Offered,
	}.title()
}

const nightSchema = 1

// longestNight is the longest line of a history in bytes.
const longestNight = 1 << 24

// AddNight appends a judged run to the history in the file, and creates a file that does not exist.
// It refuses a run that the history holds already.
func AddNight(file string, r Run) error {
	nights, err := ReadHistory(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	night, err := nightOf(r)
	if err != nil {
		return err
	}
	same := func(n Night) bool { return n.Journal == night.Journal && n.PlanHash == night.PlanHash }
	if slices.ContainsFunc(nights, same) {
		return fmt.Errorf("%s is in %s already", r.Dir, file)
	}
	if len(night.Values) == 0 {
		return fmt.Errorf("%s has no number that a history can keep", r.Dir)
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

// nightOf returns the line of a judged run. It leaves out numbers that decide nothing.
func nightOf(r Run) (Night, error) {
	sums, err := record.Sums(r.Dir)
	if err != nil {
		return Night{}, err
	}
	night := Night{
		Schema:   nightSchema,
		Time:     r.Environment.Time,
		PlanHash: r.PlanHash,
		Journal:  sums[record.JournalFile],
		Class:    ClassOf(r.Run).String(),
		Bench:    r.Environment.Bench,
		Capacity: r.generatorRate(),
		Values:   map[string]Value{},
	}
	if why := r.void(); why != "" {
		night.Void = []string{why}
	}
	for id, f := range figuresOf(r) {
		if f.lowerBound || !f.mostlySteady() || !f.mostlyAlive() {
			continue
		}
		night.Values[id.String()] = Value{
			Metric:  id.metric,
			Log:     stat.Mean(f.logs, nil),
			Work:    workOf(r.Run, f.scenario).digest(),
			Arm:     id.cell.Arm,
			Level:   id.cell.Level,
			Offered: id.offered,
		}
	}
	return night, nil
}

// ReadHistory reads a history, in the order of time.
func ReadHistory(file string) ([]Night, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var nights []Night
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, longestNight)
	for n := 1; lines.Scan(); n++ {
		var night Night
		if err := json.Unmarshal(lines.Bytes(), &night); err != nil {
			return nil, fmt.Errorf("%s:%d: this line is not one night as JSON: %w", file, n, err)
		}
		if night.Schema > nightSchema {
			return nil, fmt.Errorf("%s:%d: a newer bench wrote this line (schema %d; this bench reads up to %d)",
				file, n, night.Schema, nightSchema)
		}
		nights = append(nights, night)
	}
	slices.SortStableFunc(nights, func(a, b Night) int { return a.Time.Compare(b.Time) })
	return nights, lines.Err()
}
