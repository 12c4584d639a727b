package metric

import (
	"testing"

	"github.com/claimbench/claimbench/internal/bench"
)

func TestTitleAt(t *testing.T) {
	for _, c := range []struct {
		metric string
		load   bench.Offered
		want   string
	}{
		{"throughput", bench.Offered{}, "throughput"},
		{"memory_bytes_at_rate", bench.Offered{}, "memory at a common rate"},
		{"memory_bytes_at_rate", bench.Offered{Rate: 500}, "memory at 500/s"},
		{"p50", bench.Offered{Share: .5}, "median response time at 50% of capacity"},
		{"unknown", bench.Offered{}, "unknown"},
	} {
		if got := Find(c.metric).TitleAt(c.load); got != c.want {
			t.Errorf("%s at %q is %q, want %q", c.metric, c.load, got, c.want)
		}
	}
}

// Programs find the series of earlier runs by these names.
func TestSeriesAt(t *testing.T) {
	for _, c := range []struct {
		metric string
		load   bench.Offered
		want   string
	}{
		{"throughput", bench.Offered{}, "throughput"},
		{"cpu_seconds_per_1k", bench.Offered{}, "cpu seconds per 1k"},
		{"cpu_seconds_per_1k_at_rate", bench.Offered{Rate: 500}, "cpu seconds per 1k at 500/s"},
		{"memory_bytes_at_rate", bench.Offered{}, "memory bytes"},
		{"memory_bytes_at_rate", bench.Offered{Rate: 500}, "memory bytes at 500/s"},
		{"delivery_p50", bench.Offered{Share: .5}, "delivery p50 at 50% of capacity"},
	} {
		if got := Find(c.metric).SeriesAt(c.load); got != c.want {
			t.Errorf("the series of %s at %q is %q, want %q", c.metric, c.load, got, c.want)
		}
	}
}

// Every metric has a title, and two metrics never have the same.
func TestTitlesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, m := range All() {
		if m.Title == "" || m.Definition == "" {
			t.Errorf("%s has no title or no definition", m.Name)
		}
		if other := seen[m.Title]; other != "" {
			t.Errorf("%s and %s are both called %q", m.Name, other, m.Title)
		}
		seen[m.Title] = m.Name
	}
}

// A table shows what a trial yields by itself.
func TestColumns(t *testing.T) {
	names := map[string]bool{}
	for _, m := range Columns() {
		names[m.Name] = true
	}
	for name, want := range map[string]bool{
		"throughput": true, "p99": true, "image_bytes": true,
		"speedup": false, "memory_per_connection": false, "settings": false,
	} {
		if names[name] != want {
			t.Errorf("%s among the columns: %v, want %v", name, names[name], want)
		}
	}
}
