package report

import (
	"html/template"
	"strings"
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct{ low, high float64 }{
		{.018, .04}, {.0005, .5}, {.97, 1.03}, {1e-4, 1e4}, {.5, 2}, {.0211, .0219},
	} {
		ticks := logAxis{low: c.low, high: c.high, to: 1}.ticks()
		if len(ticks) < 3 || len(ticks) > 10 {
			t.Errorf("%g to %g: %v", c.low, c.high, ticks)
		}
		if ticks[0] < c.low*.999 || ticks[len(ticks)-1] > c.high*1.001 {
			t.Errorf("%g to %g: %v", c.low, c.high, ticks)
		}
	}
}

// Points are drawn inside the picture however far apart the figures are.
func TestPlotsStayInTheirFrame(t *testing.T) {
	d := document()
	d.Forest = append(d.Forest,
		Ratio{Label: "x", Ratio: 1e9, Low: pointer(1e-9), High: pointer(1e12), Margin: 1.1},
		Ratio{Label: "y", Ratio: 1, Low: pointer(1), High: pointer(1), Margin: 1},
		Ratio{Label: "open", Ratio: 1, Margin: 1},
	)
	s := d.Scenarios[0]
	curve := Curve{
		Target: "node-http",
		Of:     "workers",
		points: []bench.ScalingPoint{{N: 1, Throughput: 1e-9}, {N: 64, Throughput: 1e9}},
		law:    &bench.USL{Gamma: 1, Alpha: .1, Beta: .01},
	}
	flat := curve
	flat.points = curve.points[:1]
	for name, picture := range map[string]template.HTML{
		"forest":         d.ForestPlot(),
		"spectrum":       s.Spectra[0].Plot("s"),
		"empty spectrum": Spectrum{}.Plot("empty"),
		"dots":           s.DotPlot("d"),
		"no dots":        Scenario{}.DotPlot("empty"),
		"load":           s.Loads[0].Plot("l"),
		"empty load":     Load{}.Plot("empty"),
		"scaling":        Scenario{Scaling: []Curve{curve}}.ScalingPlot("c"),
		"flat scaling":   Scenario{Scaling: []Curve{flat}}.ScalingPlot("c"),
	} {
		if strings.Contains(string(picture), "NaN") || strings.Contains(string(picture), "Inf") {
			t.Errorf("%s: a picture has no place for its points: %s", name, picture)
		}
	}
}

// A long label widens the picture: it never runs into the axis.
func TestForestMakesSpaceForLabels(t *testing.T) {
	d := document()
	d.Forest[0].Label = strings.Repeat("x", 200)
	if picture := string(d.ForestPlot()); !strings.Contains(picture, `viewBox="0 0 1864 `) {
		t.Errorf("%.200s", picture)
	}
}
