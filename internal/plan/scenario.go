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

// What a scenario gets where it is silent.
const (
	defaultConnections = 64
	defaultTimeout     = 5 * time.Second
)

// LoadScenarios reads every YAML file of the folder. Each holds one scenario,
// named after the file. services are what scenarios may need.
func LoadScenarios(dir string, c *Catalogue) ([]bench.Scenario, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no scenario (*.yaml) in %s", dir)
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

// parseScenario decodes one scenario, fills in defaults and refuses what cannot be run.
func parseScenario(file string, data []byte, c *Catalogue) (bench.Scenario, error) {
	var s bench.Scenario
	d, err := decode(file, data, &s)
	if err != nil {
		return s, err
	}
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
	name := strings.TrimSuffix(filepath.Base(file), ".yaml")
	http := w.Driver == bench.DriverHTTP
	atRates := s.Measures(bench.MeasureLatency, bench.MeasureDelivery)
	checks := []struct {
		wrong   bool
		field   string
		problem string
	}{
		{s.Name != name, "name", fmt.Sprintf("is %q, but the file is named %q", s.Name, name)},
		{s.Why == "", "why", "say what the scenario stands for"},
		{len(s.Measure) == 0, "measure", "name at least one of " + strings.Join(bench.Measures, ", ")},
		{!strings.HasPrefix(w.Path, "/"), "workload.path", fmt.Sprintf("%q must start with /", w.Path)},
		{w.Expect.Status < 100 || w.Expect.Status > 599, "workload.expect.status", "give the HTTP status of a good answer"},
		{atRates && len(s.Rates) == 0, "rates", "latency and delivery are measured at common rates; give at least one"},
		{s.Measures(bench.MeasureCapacity) && s.SLO == nil, "slo", "capacity is the highest rate within an SLO; give one"},
		{s.Measures(bench.MeasureCapacity) && len(s.Rates) == 0, "rates", "the search for a capacity begins at the first rate; give at least one"},
		{s.Measures(bench.MeasureDelivery) && http, "measure", "delivery is of messages and events: driver ws, sse or tokens"},
		{!http && (s.Closed() || s.Measures(bench.MeasureLatency)), "measure", "driver " + w.Driver + " measures delivery and capacity only"},
		{(w.Driver == bench.DriverRoom || w.Driver == bench.DriverDashboard) && w.Members < 1, "workload.members", "say how many connections a message goes to"},
		{w.Driver == bench.DriverTokens && (w.Expect.Events < 1 || w.Expect.Every.Duration == 0), "workload.expect", "say how many events a stream has, and every how long one comes"},
		{s.Connections < 0 || s.Connections > 10000, "connections", "must be from 1 to 10000"},
		{w.Members < 0 || w.Members > 10000, "workload.members", "must be from 1 to 10000"},
	}
	if err := d.Known("workload.driver", w.Driver, bench.Drivers); err != nil {
		return s, err
	}
	for i, m := range s.Measure {
		if err := d.Known(fmt.Sprintf("measure[%d]", i), m, bench.Measures); err != nil {
			return s, err
		}
	}
	for _, c := range checks {
		if c.wrong {
			return s, d.Errorf(c.field, "%s", c.problem)
		}
	}
	if s.SLO != nil && (s.SLO.P99.Duration == 0 || s.SLO.Errors == 0) {
		return s, d.Errorf("slo", "give both p99 and errors")
	}
	for i, rate := range s.Rates {
		if slices.Contains(s.Rates[:i], rate) {
			return s, d.Errorf(fmt.Sprintf("rates[%d]", i), "%s is there twice", rate)
		}
	}
	for i, v := range s.Variants {
		if slices.ContainsFunc(s.Variants[:i], func(w bench.Variant) bool { return maps.Equal(v, w) }) {
			return s, d.Errorf(fmt.Sprintf("variants[%d]", i), "%s is there twice", v)
		}
	}
	if err := d.Known("workload.arrivals", string(w.Arrivals), bench.ArrivalsNames); err != nil {
		return s, err
	}
	for list, known := range map[string][]string{"profiles": profileNames(), "tiers": c.tiers(), "targets": c.targets(), "needs": c.services()} {
		have := map[string][]string{"profiles": s.Profiles, "tiers": s.Tiers, "targets": s.Targets, "needs": s.Needs}[list]
		for i, name := range have {
			if err := d.Known(fmt.Sprintf("%s[%d]", list, i), name, known); err != nil {
				return s, err
			}
		}
	}
	if err := d.checkCalls("workload.expect.calls", w.Expect, s.Needs); err != nil {
		return s, err
	}
	return s, d.checkLevels(s, c)
}

// checkCalls refuses counted calls of services that are not needed.
func (d *document) checkCalls(at string, e bench.Expect, needs []string) error {
	for service := range e.Calls {
		if !slices.Contains(needs, service) {
			return d.Errorf(at, "counts calls of %q, which the scenario does not need", service)
		}
	}
	return nil
}

func (d *document) checkLevels(s bench.Scenario, c *Catalogue) error {
	for i, l := range s.Levels {
		at := fmt.Sprintf("levels[%d]", i)
		units, err := strconv.Atoi(l.Units)
		switch {
		case !levelName.MatchString(l.Name):
			return d.Errorf(at+".name", "%q is no name; use lower-case letters, digits and dashes", l.Name)
		case slices.ContainsFunc(s.Levels[:i], func(o bench.Level) bool { return o.Name == l.Name }):
			return d.Errorf(at+".name", "%q is there twice", l.Name)
		case l.Path != "" && !strings.HasPrefix(l.Path, "/"):
			return d.Errorf(at+".path", "%q must start with /", l.Path)
		case l.Expect != nil && (l.Expect.Status < 100 || l.Expect.Status > 599):
			return d.Errorf(at+".expect.status", "give the HTTP status of a good answer")
		case l.Units != "" && l.Units != "k" && (err != nil || units < 1):
			return d.Errorf(at+".units", "%q is neither a number from 1 nor k", l.Units)
		case l.Connections < 0 || l.Connections > 10000 || l.HeldConnections < 0 || l.HeldConnections > 10000:
			return d.Errorf(at, "connections and open must be from 1 to 10000")
		case l.Beside != nil && (!strings.HasPrefix(l.Beside.Path, "/") || l.Beside.Rate == 0 || l.Beside.Expect.Status == 0):
			return d.Errorf(at+".beside", "give path, rate and expect.status")
		case (l.ControlOf != "") != (l.Work > 0) || l.ControlOf != "" && !hasLevel(s, l.ControlOf):
			return d.Errorf(at+".control_of", "give a level of this scenario, and work, which must be positive")
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

func hasLevel(s bench.Scenario, name string) bool {
	_, ok := s.Level(name)
	return ok
}

var levelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
