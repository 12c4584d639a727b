package plan

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
)

// Defaults of a scenario.
const (
	defaultConnections = 64
	defaultTimeout     = 5 * time.Second
)

// LoadScenarios reads every YAML file of the folder. Each holds one scenario, named after the file.
func LoadScenarios(dir string, c *Catalogue) ([]bench.Scenario, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no scenario (*.yaml)", dir)
	}
	var scenarios []bench.Scenario
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s, err := parseScenario(file, data, c)
		if err != nil {
			return nil, err
		}
		scenarios = append(scenarios, s)
	}
	return scenarios, nil
}

// parseScenario decodes one scenario, fills in defaults, and refuses a scenario that cannot be run.
func parseScenario(file string, data []byte, c *Catalogue) (bench.Scenario, error) {
	var s bench.Scenario
	d, err := decode(file, data, &s)
	if err != nil {
		return s, err
	}
	setDefaults(&s)
	name := strings.TrimSuffix(filepath.Base(file), ".yaml")
	if s.Name != name {
		return s, d.Errorf("name", "is %q, but the file is named %q", s.Name, name)
	}
	for _, check := range []func(bench.Scenario) error{
		d.checkNames, d.checkWorkload, d.checkMeasures, d.checkNumbers, d.checkRepetitions,
	} {
		if err := check(s); err != nil {
			return s, err
		}
	}
	if err := d.checkReferences(s, c); err != nil {
		return s, err
	}
	if err := d.checkCalls("workload.expect.calls", s.Workload.Expect, s.Needs); err != nil {
		return s, err
	}
	return s, d.checkLevels(s, c)
}

// setDefaults fills in the fields that a scenario may leave out.
func setDefaults(s *bench.Scenario) {
	w := &s.Workload
	if w.Method == "" {
		w.Method = http.MethodGet
	}
	if w.Timeout.Duration == 0 {
		w.Timeout.Duration = defaultTimeout
	}
	if w.Arrivals == "" {
		w.Arrivals = bench.Poisson
	}
	if s.Connections == 0 {
		s.Connections = defaultConnections
	}
	if len(s.Variants) == 0 {
		s.Variants = []bench.Variant{{}}
	}
}

// mistake is something that may be wrong with a field.
type mistake struct {
	wrong   bool
	field   string
	problem string
}

// first returns an error for the first mistake in the list.
func (d *document) first(list []mistake) error {
	for _, m := range list {
		if m.wrong {
			return d.Errorf(m.field, "%s", m.problem)
		}
	}
	return nil
}

// checkNames refuses unknown drivers, measures and arrivals.
func (d *document) checkNames(s bench.Scenario) error {
	if err := d.Known("workload.driver", s.Workload.Driver, bench.Drivers); err != nil {
		return err
	}
	for i, m := range s.Measure {
		if err := d.Known(fmt.Sprintf("measure[%d]", i), m, bench.Measures); err != nil {
			return err
		}
	}
	return d.Known("workload.arrivals", string(s.Workload.Arrivals), bench.ArrivalsNames)
}

// checkWorkload refuses a workload that lacks something that its driver needs.
func (d *document) checkWorkload(s bench.Scenario) error {
	w := s.Workload
	isBroadcast := w.Driver == bench.DriverRoom || w.Driver == bench.DriverDashboard
	isStream := w.Driver == bench.DriverTokens
	hasStatus := w.Expect.Status >= 100 && w.Expect.Status <= 599
	return d.first([]mistake{
		{s.Why == "", "why", "say what the scenario stands for"},
		{!strings.HasPrefix(w.Path, "/"), "workload.path", fmt.Sprintf("%q must start with /", w.Path)},
		{!hasStatus, "workload.expect.status", "give the HTTP status of a good answer"},
		{isBroadcast && w.Members < 1, "workload.members", "say how many connections a message goes to"},
		{isStream && (w.Expect.Events < 1 || w.Expect.Every.Duration == 0), "workload.expect",
			"give events, the number in a stream, and every, the time from one to the next"},
	})
}

// checkMeasures refuses measures that the scenario cannot yield.
func (d *document) checkMeasures(s bench.Scenario) error {
	isHTTP := s.Workload.Driver == bench.DriverHTTP
	atRates := s.Measures(bench.MeasureLatency, bench.MeasureDelivery)
	hasCapacity := s.Measures(bench.MeasureCapacity)
	return d.first([]mistake{
		{len(s.Measure) == 0, "measure", "name at least one of " + strings.Join(bench.Measures, ", ")},
		{atRates && len(s.Rates) == 0, "rates",
			"latency and delivery are measured at common rates; give at least one"},
		{hasCapacity && s.SLO == nil, "slo", "capacity is the highest rate within an SLO; give the SLO"},
		{hasCapacity && len(s.Rates) == 0, "rates",
			"the search for a capacity starts at the first rate; give at least one"},
		{s.Measures(bench.MeasureDelivery) && isHTTP, "measure",
			"delivery measures messages and events; it needs driver ws, sse or tokens"},
		{!isHTTP && (s.Closed() || s.Measures(bench.MeasureLatency)), "measure",
			"driver " + s.Workload.Driver + " measures delivery and capacity only"},
		{s.SLO != nil && (s.SLO.P99.Duration == 0 || s.SLO.Errors == 0), "slo", "give both p99 and errors"},
	})
}

// mostConnections is the largest number of connections or members.
const mostConnections = 10_000

// checkNumbers refuses numbers out of range.
func (d *document) checkNumbers(s bench.Scenario) error {
	outside := func(n int) bool { return n < 0 || n > mostConnections }
	const problem = "must be from 1 to 10000"
	return d.first([]mistake{
		{outside(s.Connections), "connections", problem},
		{outside(s.Workload.Members), "workload.members", problem},
	})
}

// checkRepetitions refuses a rate or a variant that is listed twice.
func (d *document) checkRepetitions(s bench.Scenario) error {
	for i, rate := range s.Rates {
		if slices.Contains(s.Rates[:i], rate) {
			return d.Errorf(fmt.Sprintf("rates[%d]", i), "%s is listed twice", rate)
		}
	}
	for i, v := range s.Variants {
		if slices.ContainsFunc(s.Variants[:i], func(w bench.Variant) bool { return maps.Equal(v, w) }) {
			return d.Errorf(fmt.Sprintf("variants[%d]", i), "%s is listed twice", v)
		}
	}
	return nil
}

// checkReferences refuses names that the catalogue does not have.
func (d *document) checkReferences(s bench.Scenario, c *Catalogue) error {
	for _, list := range []struct {
		field       string
		have, known []string
	}{
		{"profiles", s.Profiles, profileNames()},
		{"tiers", s.Tiers, c.tiers()},
		{"targets", s.Targets, c.targets()},
		{"needs", s.Needs, c.services()},
	} {
		for i, name := range list.have {
			if err := d.Known(fmt.Sprintf("%s[%d]", list.field, i), name, list.known); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkCalls refuses counted calls of services that the scenario does not need.
func (d *document) checkCalls(at string, e bench.Expect, needs []string) error {
	for _, service := range slices.Sorted(maps.Keys(e.Calls)) {
		if !slices.Contains(needs, service) {
			return d.Errorf(at, "counts calls of %q, which the scenario does not need", service)
		}
	}
	return nil
}

// checkLevels refuses levels that cannot be run.
func (d *document) checkLevels(s bench.Scenario, c *Catalogue) error {
	for i, l := range s.Levels {
		at := fmt.Sprintf("levels[%d]", i)
		units, err := strconv.Atoi(l.Units)
		outside := func(n int) bool { return n < 0 || n > mostConnections }
		switch {
		case !levelName.MatchString(l.Name):
			return d.Errorf(at+".name", "%q is not a name; use lower-case letters, digits and dashes", l.Name)
		case slices.ContainsFunc(s.Levels[:i], func(o bench.Level) bool { return o.Name == l.Name }):
			return d.Errorf(at+".name", "%q is listed twice", l.Name)
		case l.Path != "" && !strings.HasPrefix(l.Path, "/"):
			return d.Errorf(at+".path", "%q must start with /", l.Path)
		case l.Expect != nil && (l.Expect.Status < 100 || l.Expect.Status > 599):
			return d.Errorf(at+".expect.status", "give the HTTP status of a good answer")
		case l.Units != "" && l.Units != "k" && (err != nil || units < 1):
			return d.Errorf(at+".units", "%q is neither a number from 1 nor k", l.Units)
		case outside(l.Connections) || outside(l.HeldConnections):
			return d.Errorf(at, "connections and open must be from 1 to 10000")
		case l.Beside != nil && !isComplete(*l.Beside):
			return d.Errorf(at+".beside", "give path, rate and expect.status")
		case (l.ControlOf != "") != (l.Work > 0) || l.ControlOf != "" && !hasLevel(s, l.ControlOf):
			return d.Errorf(at+".control_of", "give a level of this scenario and a positive work")
		case l.Beside != nil && s.Workload.Driver != bench.DriverHTTP:
			return d.Errorf(at+".beside", "is for driver http only")
		}
		for j, need := range l.Needs {
			if err := d.Known(fmt.Sprintf("%s.needs[%d]", at, j), need, c.services()); err != nil {
				return err
			}
		}
		if err := d.checkCalls(at+".expect.calls", s.At(l).Expect, s.AllNeeds(l)); err != nil {
			return err
		}
	}
	return nil
}

// isComplete reports whether everything that the requests need is given.
func isComplete(b bench.Beside) bool {
	return strings.HasPrefix(b.Path, "/") && b.Rate > 0 && b.Expect.Status != 0
}

func hasLevel(s bench.Scenario, name string) bool {
	_, ok := s.Level(name)
	return ok
}

var levelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
