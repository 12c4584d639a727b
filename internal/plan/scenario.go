package plan

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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
func LoadScenarios(dir string, services []string) ([]bench.Scenario, error) {
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
		s, err := parseScenario(file, data, services)
		if err != nil {
			return nil, err
		}
		scenarios = append(scenarios, s)
	}
	return scenarios, nil
}

// parseScenario decodes one scenario, fills in defaults and refuses what cannot be run.
func parseScenario(file string, data []byte, services []string) (bench.Scenario, error) {
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
		{s.Measures(bench.MeasureLatency) && len(s.Rates) == 0, "rates", "latency is measured at common rates; give at least one"},
		{s.Connections < 0 || s.Connections > 10000, "connections", "must be from 1 to 10000"},
	}
	for _, c := range checks {
		if c.wrong {
			return s, d.errorf(c.field, "%s", c.problem)
		}
	}
	if s.SLO != nil && (s.SLO.P99.Duration == 0 || s.SLO.Errors == 0) {
		return s, d.errorf("slo", "give both p99 and errors")
	}
	for i, rate := range s.Rates {
		if slices.Contains(s.Rates[:i], rate) {
			return s, d.errorf(fmt.Sprintf("rates[%d]", i), "%s is there twice", rate)
		}
	}
	for i, v := range s.Variants {
		if slices.ContainsFunc(s.Variants[:i], func(w bench.Variant) bool { return maps.Equal(v, w) }) {
			return s, d.errorf(fmt.Sprintf("variants[%d]", i), "%s is there twice", v)
		}
	}
	if err := d.known("workload.driver", w.Driver, bench.Drivers); err != nil {
		return s, err
	}
	if err := d.known("workload.arrivals", string(w.Arrivals), bench.ArrivalsNames); err != nil {
		return s, err
	}
	for i, m := range s.Measure {
		if err := d.known(fmt.Sprintf("measure[%d]", i), m, bench.Measures); err != nil {
			return s, err
		}
	}
	for i, need := range s.Needs {
		if err := d.known(fmt.Sprintf("needs[%d]", i), need, services); err != nil {
			return s, err
		}
	}
	for service := range w.Expect.Calls {
		if !slices.Contains(s.Needs, service) {
			return s, d.errorf("workload.expect.calls", "counts calls of %q, which the scenario does not need", service)
		}
	}
	return s, nil
}

// known refuses a value that is none of the known names.
func (d *document) known(field, value string, names []string) error {
	if slices.Contains(names, value) {
		return nil
	}
	return d.errorf(field, "unknown %q%s", value, nearest(value, names))
}
