package plan

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/metric"
)

// LoadGuide reads a guide with its claims, and checks every name in it against the catalogue and the
// scenarios.
func LoadGuide(file string, c *Catalogue, scenarios []bench.Scenario) (bench.Guide, error) {
	var g bench.Guide
	data, err := os.ReadFile(file)
	if err != nil {
		return g, err
	}
	return parseGuide(file, data, c, scenarios)
}

func parseGuide(file string, data []byte, c *Catalogue, scenarios []bench.Scenario) (bench.Guide, error) {
	var g bench.Guide
	d, err := decode(file, data, &g)
	if err != nil {
		return g, err
	}
	if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); g.Name != name {
		return g, d.Errorf("name", "is %q, but the file is named %q", g.Name, name)
	}
	if _, err := time.Parse(time.DateOnly, g.Published); err != nil {
		return g, d.Errorf("published", "%q is not a date; write YYYY-MM-DD", g.Published)
	}
	ids := map[string]bool{}
	for i, claim := range g.Claims {
		at := fmt.Sprintf("claims[%d]", i)
		switch {
		case claim.ID == "":
			return g, d.Errorf(at, "a claim needs an id")
		case ids[claim.ID]:
			return g, d.Errorf(at+".id", "%q is used twice", claim.ID)
		case len(claim.Quotes) == 0:
			return g, d.Errorf(at, "claim %q has no quote", claim.ID)
		case len(claim.Tests) == 0 && len(claim.Untested) == 0:
			return g, d.Errorf(at, "claim %q has no test; give the reason under untested", claim.ID)
		}
		ids[claim.ID] = true
		for j, test := range claim.Tests {
			at := fmt.Sprintf("%s.tests[%d]", at, j)
			if err := d.checkTest(at, test, c, scenarios); err != nil {
				return g, err
			}
		}
	}
	if len(g.Claims) == 0 {
		return g, d.Errorf("claims", "the guide has no claim")
	}
	return g, nil
}

// checkTest refuses a test that cannot be made.
func (d *document) checkTest(at string, t bench.Test, c *Catalogue, scenarios []bench.Scenario) error {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.Name)
	}
	if err := d.Known(at+".scenario", t.Scenario, names); err != nil {
		return err
	}
	s := scenarios[slices.Index(names, t.Scenario)]
	if err := d.checkMetric(at, t, s); err != nil {
		return err
	}
	if err := d.checkSides(at, t, c); err != nil {
		return err
	}
	for i, tier := range t.Tiers {
		if err := d.Known(fmt.Sprintf("%s.tiers[%d]", at, i), tier, c.tiers()); err != nil {
			return err
		}
	}
	if err := d.checkPlace(at, s, t.Variant, t.Level); err != nil {
		return err
	}
	if b := t.Base; b != nil {
		if err := d.checkPlace(at+".base", s, b.Variant, b.Level); err != nil {
			return err
		}
		if b.Target != "" {
			if err := d.Known(at+".base.target", b.Target, c.targets()); err != nil {
				return err
			}
		}
	}
	return d.checkPairs(at, t, c)
}

// checkMetric refuses a metric that the scenario does not yield, or that the test uses wrongly.
func (d *document) checkMetric(at string, t bench.Test, s bench.Scenario) error {
	if err := d.Known(at+".metric", t.Metric, metric.Names()); err != nil {
		return err
	}
	m := metric.Find(t.Metric)
	switch {
	case len(m.Measures) > 0 && !s.Measures(m.Measures...):
		return d.Errorf(at+".metric", "%s comes from %s, which scenario %s does not measure",
			t.Metric, strings.Join(m.Measures, " or "), s.Name)
	case m.NeedsBase() && t.Base == nil:
		return d.Errorf(at+".metric", "%s is relative: name its base", t.Metric)
	case m.Counted && (t.Bound() || t.Base != nil):
		return d.Errorf(at+".metric", "%s is counted: it takes only to and expect", t.Metric)
	}
	return nil
}

// checkSides refuses a test that is neither a ratio nor a bound.
func (d *document) checkSides(at string, t bench.Test, c *Catalogue) error {
	if err := d.Known(at+".of", t.Of, c.names()); err != nil {
		return err
	}
	isPositive := func(bound *float64) bool { return bound == nil || *bound > 0 }
	switch {
	case t.Bound() && (t.To != "" || t.Expect != "" || t.Margin != nil):
		return d.Errorf(at, "a test with at_most or at_least is a bound on %q alone: remove to, expect and margin", t.Of)
	case t.AtMost != nil && t.AtLeast != nil:
		return d.Errorf(at, "give at_most or at_least, not both")
	case !isPositive(t.AtMost) || !isPositive(t.AtLeast):
		return d.Errorf(at, "a bound must be positive")
	case t.Bound():
		return nil
	case t.To == "":
		return d.Errorf(at, "give to and expect, or a bound (at_most, at_least)")
	}
	if err := d.Known(at+".to", t.To, c.names()); err != nil {
		return err
	}
	return d.Known(at+".expect", t.Expect, bench.Expectations)
}

// checkPlace refuses a variant or a level that the scenario does not have.
func (d *document) checkPlace(at string, s bench.Scenario, v bench.Variant, level string) error {
	if len(v) > 0 && !slices.ContainsFunc(s.Variants, func(w bench.Variant) bool { return maps.Equal(v, w) }) {
		return d.Errorf(at+".variant", "scenario %s has no variant %s", s.Name, v)
	}
	if _, ok := s.Level(level); level != "" && !ok {
		return d.Errorf(at+".level", "scenario %s has no level %q", s.Name, level)
	}
	return nil
}

// checkPairs refuses a comparison of a server with itself and one without servers.
func (d *document) checkPairs(at string, t bench.Test, c *Catalogue) error {
	if t.To == t.Of && t.To != "" {
		return d.Errorf(at+".to", "compares %q with itself", t.Of)
	}
	pairs := Pairs(t, c.Targets)
	for _, p := range pairs {
		if p.Of == p.To {
			return d.Errorf(at+".to", "compares %q with itself", p.Of)
		}
	}
	if len(pairs) == 0 {
		return d.Errorf(at, "no tier has a server on each side")
	}
	return nil
}

// names returns what of and to may be: runtimes and servers.
func (c *Catalogue) names() []string {
	return c.each(func(t bench.Target) []string { return []string{t.Name, t.Runtime} })
}

func (c *Catalogue) tiers() []string {
	return c.each(func(t bench.Target) []string { return []string{t.Tier} })
}

func (c *Catalogue) targets() []string {
	return c.each(func(t bench.Target) []string { return []string{t.Name} })
}

// each returns f of all servers, sorted, without repetitions.
func (c *Catalogue) each(f func(bench.Target) []string) []string {
	var list []string
	for _, t := range c.Targets {
		list = append(list, f(t)...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (c *Catalogue) services() []string {
	var list []string
	for _, s := range c.Services {
		list = append(list, s.Name)
	}
	return list
}
